//! Files that a file uses (R1.11). Each is read once, and its text is put behind the others, so that a span says by itself in which
//! file it is.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plr_sema::check::bad_use::{BadUse, Obstacle};
use plr_syntax::ast::{File, Item, Member, Use};
use plr_syntax::diagnostic::Findings;

use crate::diagnostics::Source;

/// A file with all that it uses.
pub struct Program {
    /// The texts.
    pub source: Source,
    /// All of them, one behind the other.
    pub text: String,
    /// All that is defined, in the order in which it is seen.
    pub file: File,
    /// Mistakes of syntax, and files that cannot be used.
    pub findings: Findings,
}

/// Parses a file and all that it uses.
pub fn parse(source: Source) -> Program {
    let parsed = plr_syntax::parse(source.text());
    let own = source.path().map(key);
    let mut reader = Reader {
        text: source.text().to_owned(),
        parts: Vec::new(),
        open: own.into_iter().collect(),
        done: Vec::new(),
        findings: parsed.findings,
    };
    let directory = source.path().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    let items = reader.expand(parsed.file, &directory);
    let Reader { text, parts, findings, .. } = reader;
    Program { source: source.with(parts), text, file: File { items }, findings }
}

/// What tells a file from others.
fn key(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

struct Reader {
    text: String,
    parts: Vec<Source>,
    /// The files that are being read: each uses the next.
    open: Vec<PathBuf>,
    /// The files that have been read.
    done: Vec<PathBuf>,
    findings: Findings,
}

impl Reader {
    /// The items of a file in a directory, with those of the files that it uses in their places.
    fn expand(&mut self, file: File, directory: &Path) -> Vec<Item> {
        let mut items = Vec::new();
        for item in file.items {
            match item {
                Item::Use(written) => items.extend(self.used(&written, directory)),
                Item::Rule(_)
                | Item::Function(_)
                | Item::Cost(_)
                | Item::Filter(_)
                | Item::Network(_)
                | Item::Experiment(_)
                | Item::Error(_) => items.push(item),
            }
        }
        items
    }

    /// What a file gives to those that use it: nothing the second time.
    fn used(&mut self, written: &Use, directory: &Path) -> Vec<Item> {
        let path = directory.join(&written.path);
        let key = key(&path);
        if self.done.contains(&key) {
            return Vec::new();
        }
        let text = match self.read(&path, &key) {
            Ok(text) => text,
            Err(obstacle) => {
                self.findings.push(BadUse { at: written.span, path: written.path.clone(), obstacle });
                return Vec::new();
            }
        };
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(&text);
        self.parts.push(Source::new(path.display().to_string(), text).after(start));
        let parsed = plr_syntax::parse_from(&self.text, start);
        self.findings.append(parsed.findings);
        self.open.push(key.clone());
        let items = self.expand(parsed.file, path.parent().unwrap_or(directory));
        self.open.pop();
        self.done.push(key);
        items.into_iter().filter_map(given).collect()
    }

    fn read(&self, path: &Path, key: &PathBuf) -> Result<String, Obstacle> {
        if self.open.contains(key) {
            return Err(Obstacle::Cycle);
        }
        let bytes = fs::read(path).map_err(|error| {
            let missing = error.kind() == ErrorKind::NotFound;
            if missing { Obstacle::Missing } else { Obstacle::Unreadable(error.to_string()) }
        })?;
        String::from_utf8(bytes).map_err(|_| Obstacle::NotText)
    }
}

/// An item as another file sees it: experiments, and what rules claim, stay where they are.
fn given(item: Item) -> Option<Item> {
    match item {
        Item::Experiment(_) => None,
        Item::Rule(mut rule) => {
            rule.members.retain(|member| !matches!(member, Member::Check(_)));
            Some(Item::Rule(rule))
        }
        other @ (Item::Function(_)
        | Item::Cost(_)
        | Item::Filter(_)
        | Item::Network(_)
        | Item::Use(_)
        | Item::Error(_)) => Some(other),
    }
}
