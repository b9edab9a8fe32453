//! A text that the end of the line cuts off before its closing quote.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// A text without its closing quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnterminatedText {
    /// From the opening quote to the end of the line.
    pub span: Span,
}

impl Finding for UnterminatedText {
    fn code(&self) -> &'static str {
        "unterminated_text"
    }

    fn message(&self) -> String {
        "a text without its closing quote".to_owned()
    }

    fn primary(&self) -> Label {
        Label::new(self.span, "this text does not end on its line")
    }

    fn help(&self) -> Option<String> {
        Some("close it with `\"`".to_owned())
    }
}
