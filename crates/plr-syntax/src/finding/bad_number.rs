//! Digits that are no number: `1.`, `.5`, `2x`, `1e999`.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// Digits that are no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadNumber {
    /// The digits with all that sticks to them.
    pub text: String,
    /// Where they stand.
    pub span: Span,
}

impl Finding for BadNumber {
    fn code(&self) -> &'static str {
        "bad_number"
    }

    fn message(&self) -> String {
        format!("`{}` is not a number", self.text)
    }

    fn primary(&self) -> Label {
        let too_large = self.text.parse::<f64>().is_ok_and(f64::is_infinite);
        Label::new(self.span, if too_large { "larger than any number" } else { "a number is expected here" })
    }

    fn help(&self) -> Option<String> {
        let text = &self.text;
        if text.starts_with('.') && text.parse::<f64>().is_ok() {
            return Some(format!("write `0{text}`"));
        }
        if let Some(digits) = text.strip_suffix('.').filter(|digits| digits.parse::<f64>().is_ok()) {
            return Some(format!("write `{digits}`"));
        }
        let hexadecimal = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if let Some(number) = hexadecimal {
            return Some(format!("numbers are decimal: write `{number}`"));
        }
        let sides: Vec<&str> = text.split('x').collect();
        let is_count = |side: &&str| !side.is_empty() && side.bytes().all(|byte| byte.is_ascii_digit());
        if let [rows, columns] = sides[..]
            && sides.iter().all(is_count)
        {
            return Some(format!("rows and columns have channels: write `1x{rows}x{columns}`"));
        }
        let word = text.find(|c: char| c.is_alphabetic() || c == '_')?;
        let (digits, word) = text.split_at(word);
        let apart =
            digits.parse::<f64>().is_ok_and(f64::is_finite) && !word.contains(|c: char| !c.is_alphabetic());
        (apart && word != "e" && word != "E")
            .then(|| format!("leave a space: `{digits} {word}`, or multiply: `{digits} * {word}`"))
    }
}
