//! What cargo says about the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use libtest_mimic::Failed;
use plr_tests::root;
use serde_json::Value;

/// The dependencies of a crate that are built into it, or run to build it.
#[derive(Debug, Default)]
pub struct Crate {
    /// Crates of this workspace.
    pub inside: BTreeSet<String>,
    /// Crates from elsewhere.
    pub outside: BTreeSet<String>,
}

/// The crates in `crates`, by name.
///
/// # Errors
/// If cargo does not tell.
pub fn crates() -> Result<BTreeMap<String, Crate>, Failed> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut crates = BTreeMap::new();
    for package in packages {
        if !text(&package["manifest_path"]).contains("/crates/") {
            continue;
        }
        let mut found = Crate::default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["kind"] == "dev" {
                continue;
            }
            let inside = dependency["path"].is_string();
            let set = if inside { &mut found.inside } else { &mut found.outside };
            set.insert(text(&dependency["name"]));
        }
        crates.insert(text(&package["name"]), found);
    }
    Ok(crates)
}
