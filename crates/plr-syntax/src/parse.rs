//! From text to tree: the one entry point, which accepts any text.

use std::cell::Cell;

use crate::ast::File;
use crate::builder::Builder;
use crate::diagnostic::Findings;
use crate::finding::SourceTooLarge;
use crate::grammar::FileParser;
use crate::layout::lay_out;
use crate::lexer::{Comment, Lexeme, lex};
use crate::marks::Marks;

/// Syntax errors after which the rest of a file is not looked at. More than [`Findings::CAP`] are never shown.
const MAX_ERRORS: usize = 100;

/// A parsed file: as much of the tree as could be made out, and what is wrong with the rest.
#[derive(Debug)]
pub struct Parsed {
    /// The tree, with `Error` nodes where the text has none.
    pub file: File,
    /// The mistakes of the text.
    pub findings: Findings,
    /// The comments in the order of the text.
    pub comments: Vec<Comment>,
}

/// A parsed file with what only the formatter asks for.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) parsed: Parsed,
    pub(crate) lexemes: Vec<Lexeme>,
    pub(crate) marks: Marks,
}

/// Parses any text. It never panics, and the height of the tree is bounded.
pub fn parse(source: &str) -> Parsed {
    analyse(source).parsed
}

/// Parses what stands in a text from an offset on, which is the beginning of a character; spans count from the beginning of
/// the whole text.
pub fn parse_from(source: &str, from: usize) -> Parsed {
    analyse_from(source, from).parsed
}

/// Parses and keeps the tokens.
pub(crate) fn analyse(source: &str) -> Analysis {
    analyse_from(source, 0)
}

fn analyse_from(source: &str, from: usize) -> Analysis {
    let mut findings = Findings::new();
    // R1.1
    if u32::try_from(source.len()).is_err() {
        findings.push(SourceTooLarge { bytes: source.len() });
        let parsed = Parsed { file: File::default(), findings, comments: Vec::new() };
        return Analysis { parsed, lexemes: Vec::new(), marks: Marks::default() };
    }
    let lexed = lex(source, from, &mut findings);
    let lexemes = lay_out(&lexed.lexemes, &mut findings);
    let errors = Cell::new(0);
    let mut builder = Builder::new(source, &lexemes, &errors, &mut findings);
    let tokens = lexemes
        .iter()
        .take_while(|_| errors.get() < MAX_ERRORS)
        .map(|lexeme| Ok((lexeme.span.start, lexeme.token, lexeme.span.end)));
    let file = match FileParser::new().parse(&mut builder, tokens) {
        Ok(file) => file,
        Err(error) => {
            builder.report(error);
            File::default()
        }
    };
    let marks = builder.finish();
    Analysis { parsed: Parsed { file, findings, comments: lexed.comments }, lexemes, marks }
}
