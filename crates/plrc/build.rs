//! Gathers the error pages of `grammar/errors` into one table, sorted by code, so that `plrc explain` needs no files.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let directory = Path::new(&here).join("../../grammar/errors").canonicalize()?;
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut pages = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    let mut table = String::from("&[\n");
    for path in &pages {
        println!("cargo::rerun-if-changed={}", path.display());
        let code = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a page's name is not UTF-8")?;
        writeln!(table, "    ({code:?}, include_str!({path:?})),")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pages.rs"), table)?;
    Ok(())
}
