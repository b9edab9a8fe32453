//! What can be wrong with the text of a program. Each finding has its file here and its page in `grammar/errors`.

mod bad_number;
mod duplicate_clause;
mod nested_too_deeply;
mod source_too_large;
mod syntax_error;
mod unknown_character;
mod unterminated_text;

pub use bad_number::BadNumber;
pub use duplicate_clause::DuplicateClause;
pub use nested_too_deeply::NestedTooDeeply;
pub use source_too_large::SourceTooLarge;
pub use syntax_error::{Meant, SyntaxError};
pub use unknown_character::UnknownCharacter;
pub use unterminated_text::UnterminatedText;

/// The codes of all findings of this crate, in alphabetical order.
pub const CODES: [&str; 7] = [
    "bad_number",
    "duplicate_clause",
    "nested_too_deeply",
    "source_too_large",
    "syntax_error",
    "unknown_character",
    "unterminated_text",
];
