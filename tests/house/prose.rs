//! What may stand in the sources, and what may not.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use plr_syntax::ast::Item;
use plr_tests::{files, relative, root, stem};

/// Names of learning rules in the literature, as one word in lower case; those of `examples` are added.
const LITERATURE: [&str; 12] = [
    "backprop",
    "backpropagation",
    "equilibriumpropagation",
    "predictivecoding",
    "feedbackalignment",
    "hebbian",
    "contrastivehebbian",
    "oja",
    "bcm",
    "stdp",
    "eprop",
    "forwardforward",
];

/// The Rust files below a directory, with their text.
fn sources(directory: &str) -> Result<Vec<(PathBuf, String)>, Failed> {
    let read = |path: PathBuf| fs::read_to_string(&path).map(|text| (path, text));
    let sources = files(directory, "rs")?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() { Err(format!("there are no sources in {directory}").into()) } else { Ok(sources) }
}

/// The files that are built into a crate; benchmarks, tests and build scripts are not.
fn is_built_in(path: &Path) -> bool {
    relative(path).split('/').nth(2) == Some("src")
}

/// The lines of a file with their numbers, without comments and without its unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.map(|(at, line)| (at, line.split("//").next().unwrap_or_default()))
}

/// Fails at the first of some places, if there is one.
fn none(places: impl IntoIterator<Item = String>) -> Result<(), Failed> {
    let places: Vec<String> = places.into_iter().collect();
    if places.is_empty() { Ok(()) } else { Err(places.join("\n").into()) }
}

/// Neither the interpreter nor the kernels mention the other, tests included.
pub fn siblings() -> Result<(), Failed> {
    for (one, other) in [("plr-interp", "plr_jit"), ("plr-jit", "plr_interp")] {
        let sources = sources(&format!("crates/{one}"))?;
        none(sources.iter().filter(|(_, text)| text.contains(other)).map(|(path, _)| relative(path)))?;
    }
    Ok(())
}

/// `unsafe` as a word of the code.
fn is_unsafe(line: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
}

/// Unsafe code is in one crate, and each block of it has its reason in the comment above.
pub fn unsafe_code() -> Result<(), Failed> {
    let mut places = Vec::new();
    let mut blocks = 0;
    for (path, text) in sources("crates")? {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in code(&text).filter(|(_, line)| is_unsafe(line)) {
            let above = lines[..number - 1].iter().rev().take(8);
            let reason = above.clone().any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            let is_block = line.contains("unsafe {") || line.contains("unsafe impl");
            blocks += usize::from(is_block);
            if !relative(&path).starts_with("crates/plr-jit/") || (is_block && !reason) {
                places.push(format!("{}:{number}: {line}", relative(&path)));
            }
        }
    }
    if blocks == 0 {
        return Err("no unsafe code was found, not even where it is".into());
    }
    none(places)
}

/// Every manifest takes the workspace's lints; the one that writes them out denies nothing less, except unsafe code.
pub fn lints() -> Result<(), Failed> {
    let workspace = fs::read_to_string(root().join("Cargo.toml"))?;
    if !workspace.contains("unsafe_code = \"deny\"") {
        return Err("the workspace does not deny unsafe code".into());
    }
    for path in files("crates", "toml")?.into_iter().chain([root().join("tests/Cargo.toml")]) {
        let text = fs::read_to_string(&path)?;
        let name = relative(&path);
        if name == "crates/plr-jit/Cargo.toml" {
            let listed = workspace.lines().skip_while(|line| *line != "[workspace.lints.rust]");
            let missing = listed.filter(|line| line.contains(" = ") && !line.starts_with("unsafe_code"));
            none(missing.filter(|line| !text.contains(line)).map(|line| format!("{name} has no {line}")))?;
        } else if !text.contains("[lints]\nworkspace = true") {
            return Err(format!("{name} does not take the workspace's lints").into());
        }
    }
    Ok(())
}

/// The rules of the gallery and of the literature, each as one word in lower case.
fn names() -> Result<Vec<String>, Failed> {
    let mut names: Vec<String> = LITERATURE.map(str::to_owned).to_vec();
    for path in files("examples", "plr")? {
        for item in plr_syntax::parse(&fs::read_to_string(path)?).file.items {
            if let Item::Rule(rule) = item {
                names.push(rule.name.text.to_lowercase());
            }
        }
    }
    Ok(names)
}

/// Rules are text: the compiler has none.
pub fn rule_names() -> Result<(), Failed> {
    let names = names()?;
    let mut places = Vec::new();
    for (path, text) in sources("crates")?.into_iter().filter(|(path, _)| is_built_in(path)) {
        for (number, line) in code(&text) {
            for word in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
                let word = word.replace('_', "").to_lowercase();
                // A short name is easily part of another word.
                let found =
                    names.iter().find(|name| word == **name || (name.len() > 5 && word.contains(*name)));
                places.extend(found.map(|name| format!("{}:{number}: {name}", relative(&path))));
            }
        }
    }
    none(places)
}

/// Every file begins with what it is for.
pub fn heads() -> Result<(), Failed> {
    let all = sources("crates")?.into_iter().chain(sources("tests")?);
    none(all.filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| relative(&path)))
}

/// A file or module is named for what it has.
pub fn file_names() -> Result<(), Failed> {
    let vague = ["common", "util", "utils", "helper", "helpers", "misc", "manager", "types2", "v2"];
    let all = sources("crates")?.into_iter().chain(sources("tests")?).map(|(path, _)| path);
    let is_vague = |path: &PathBuf| {
        vague.contains(&stem(path)) || relative(path).split('/').any(|part| vague.contains(&part))
    };
    none(all.filter(is_vague).map(|path| relative(&path)))
}

/// A test that cannot fail is none.
pub fn no_excuses() -> Result<(), Failed> {
    let excuses = [["#[", "ignore"].concat(), ["#[", "should_panic"].concat()];
    let all = sources("crates")?.into_iter().chain(sources("tests")?);
    let excused = |text: &str| excuses.iter().any(|excuse| text.contains(excuse));
    none(all.filter(|(_, text)| excused(text)).map(|(path, _)| relative(&path)))
}
