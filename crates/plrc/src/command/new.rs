//! `plrc new`: a commented starting file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::shell::Shell;

/// The file a new rule starts from; its rule is called [`PLACEHOLDER`].
const TEMPLATE: &str = include_str!("new/template.plr");
const PLACEHOLDER: &str = "NewRule";

/// Start a new rule.
#[derive(Args, Debug)]
pub struct New {
    /// Its name: letters, digits and underscores. The file is NAME.plr.
    #[arg(value_parser = name)]
    name: String,
}

fn name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix(".plr").unwrap_or(text);
    let good = |c: char| c.is_alphanumeric() || c == '_';
    if name.starts_with(char::is_alphabetic) && name.chars().all(good) {
        Ok(name.to_owned())
    } else {
        Err("a name begins with a letter and has letters, digits and underscores only".to_owned())
    }
}

impl New {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let path = PathBuf::from(format!("{}.plr", self.name));
        let text = TEMPLATE.replace(PLACEHOLDER, &rule_name(&self.name));
        create(&path, &text)?;
        shell.line(format_args!("{0} is there; try `plrc run {0}`", path.display()))
    }
}

/// Writes a file that must not be there yet.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let path = path.to_owned();
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::Exists { path }),
        Err(error) => Err(Failure::Write { path, error }),
    }
}

/// `my_rule` as the name of a rule, `MyRule`.
fn rule_name(name: &str) -> String {
    let capital = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::{PLACEHOLDER, TEMPLATE, rule_name};

    #[test]
    fn rules_are_named_in_capitals() {
        assert_eq!(rule_name("my_rule"), "MyRule");
        assert_eq!(rule_name("été2"), "Été2");
    }

    #[test]
    fn the_template_has_its_placeholder_and_is_formatted() {
        assert!(TEMPLATE.contains(PLACEHOLDER));
        assert_eq!(plr_syntax::format(TEMPLATE).ok().as_deref(), Some(TEMPLATE));
    }
}
