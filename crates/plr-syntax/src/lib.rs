//! Turns text into a tree with spans, and a tree back into text.

pub mod ast;
mod builder;
pub mod diagnostic;
mod dump;
pub mod finding;
mod format;
mod grammar;
mod layout;
mod lexer;
mod marks;
mod parse;
pub mod span;
mod token;

pub use dump::{dump, tokens};
pub use format::format;
pub use lexer::Comment;
pub use parse::{Parsed, parse, parse_from};
