//! Characters that nothing in the language begins with.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// Characters that nothing begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCharacter {
    /// The characters.
    pub text: String,
    /// Where they stand.
    pub span: Span,
}

/// What is written for characters of printed mathematics, or of other languages.
const SPELLINGS: [(&str, &str); 17] = [
    ("×", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("−", "-"),
    ("–", "-"),
    ("→", "->"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("′", "'"),
    ("²", "^2"),
    ("³", "^3"),
    ("“", "\""),
    ("”", "\""),
    ("#", "//"),
    ("&&", "and"),
    ("||", "or"),
];

impl Finding for UnknownCharacter {
    fn code(&self) -> &'static str {
        "unknown_character"
    }

    fn message(&self) -> String {
        let shown: String = self.text.chars().take(12).flat_map(char::escape_debug).collect();
        match self.text.chars().count() {
            1 => format!("unknown character `{shown}`"),
            2..=12 => format!("unknown characters `{shown}`"),
            _longer => format!("unknown characters `{shown}…`"),
        }
    }

    fn primary(&self) -> Label {
        let text = if self.text == "'" {
            "a prime stands right after a function's name"
        } else {
            "nothing begins with this"
        };
        Label::new(self.span, text)
    }

    fn help(&self) -> Option<String> {
        let (_, spelling) = SPELLINGS.iter().find(|(wrong, _)| *wrong == self.text)?;
        Some(format!("write `{spelling}`"))
    }
}
