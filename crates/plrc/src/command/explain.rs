//! `plrc explain`: the page about a finding.

use clap::Args;

use crate::failure::Failure;
use crate::shell::Shell;

/// The pages by code, sorted.
pub const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Explain a finding.
#[derive(Args, Debug)]
pub struct Explain {
    /// The code, as in `plr::non_local_read`, or without `plr::`.
    code: String,
}

impl Explain {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let code = self.code.strip_prefix("plr::").unwrap_or(&self.code);
        match PAGES.iter().find(|(known, _)| *known == code) {
            Some((_, page)) => shell.print(page),
            None => Err(Failure::Choice {
                what: "page",
                asked: Some(code.to_owned()),
                place: "the compiler".to_owned(),
                known: PAGES.iter().map(|(known, _)| (*known).to_owned()).collect(),
            }),
        }
    }
}
