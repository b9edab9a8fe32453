//! Generates the parser from `grammar/plr.lalrpop`.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name| std::env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"));
    let grammar = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../grammar").canonicalize()?;
    println!("cargo::rerun-if-changed={}", grammar.join("plr.lalrpop").display());
    lalrpop::Configuration::new()
        .set_in_dir(&grammar)
        .set_out_dir(variable("OUT_DIR")?)
        .emit_rerun_directives(true)
        .process()
}
