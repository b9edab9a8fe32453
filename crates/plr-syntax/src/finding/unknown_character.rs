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
const SPELLINGS: [(&str, &str); 23] = [
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
    ("&", "and"),
    ("|", "or"),
    ("!", "not"),
    ("%", "mod(x, n)"),
    ("?", "if c then a else b"),
    ("’", "'"),
];

/// Spaces that look like others, or like nothing.
const INVISIBLE: [char; 7] =
    ['\u{a0}', '\u{2007}', '\u{202f}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];

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
        if self.text.chars().all(|character| INVISIBLE.contains(&character)) {
            return Some("put an ordinary space in its place: it cannot be seen".to_owned());
        }
        let (_, spelling) = SPELLINGS.iter().find(|(wrong, _)| *wrong == self.text)?;
        Some(format!("write `{spelling}`"))
    }
}
