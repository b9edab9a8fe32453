//! The tokens and comments that are printed, in their order.

use crate::lexer::{Comment, Lexeme};
use crate::parse::Analysis;
use crate::span::Span;
use crate::token::Token;

/// What an element is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Piece {
    /// A token that is no separator.
    Token(Token),
    /// A comment.
    Comment,
}

/// One thing to print.
pub(super) struct Element<'a> {
    /// What it is.
    pub(super) piece: Piece,
    /// Its text.
    pub(super) text: &'a str,
    /// How many lines end between the element before it and this one.
    pub(super) lines_before: usize,
    /// Whether a statement begins here; for a comment, whether it stands between statements.
    pub(super) starts_statement: bool,
    /// Whether it stands without a space before it.
    pub(super) glued_before: bool,
    /// Whether it stands without a space after it.
    pub(super) glued_after: bool,
}

/// The elements of a source that parsed.
pub(super) fn elements<'a>(source: &'a str, analysis: &'a Analysis) -> Vec<Element<'a>> {
    let mut merger = Merger { source, analysis, elements: Vec::new(), end: 0, begins: true };
    let mut comments = analysis.parsed.comments.iter().peekable();
    for lexeme in &analysis.lexemes {
        while let Some(comment) = comments.next_if(|comment| comment.span.start < lexeme.span.start) {
            merger.comment(comment);
        }
        merger.lexeme(lexeme);
    }
    for comment in comments {
        merger.comment(comment);
    }
    place_comments(&mut merger.elements);
    merger.elements
}

struct Merger<'a> {
    source: &'a str,
    analysis: &'a Analysis,
    elements: Vec<Element<'a>>,
    /// Where the text before the next element begins.
    end: u32,
    /// Whether the next token begins a statement.
    begins: bool,
}

impl<'a> Merger<'a> {
    fn comment(&mut self, comment: &'a Comment) {
        let lines_before = self.lines_before(comment.span);
        self.elements.push(Element {
            piece: Piece::Comment,
            text: &comment.text,
            lines_before,
            starts_statement: true,
            glued_before: false,
            glued_after: false,
        });
    }

    fn lexeme(&mut self, lexeme: &Lexeme) {
        if lexeme.token == Token::Separator {
            self.begins = true;
            return;
        }
        let lines_before = self.lines_before(lexeme.span);
        let marks = &self.analysis.marks;
        if marks.redundant.contains(&lexeme.span.start) {
            return;
        }
        self.elements.push(Element {
            piece: Piece::Token(lexeme.token),
            text: &self.source[lexeme.span.range()],
            lines_before,
            starts_statement: self.begins && lexeme.token != Token::CloseBrace,
            glued_before: marks.glued_before.contains(&lexeme.span.start),
            glued_after: marks.glued_after.contains(&lexeme.span.start),
        });
        self.begins = lexeme.token == Token::OpenBrace;
    }

    /// Counts the ends of lines since the element before.
    fn lines_before(&mut self, span: Span) -> usize {
        let gap = &self.source[self.end as usize..span.start as usize];
        self.end = span.end;
        gap.matches('\n').count()
    }
}

/// Finds the comments that stand inside a statement: those that a token in its middle follows.
fn place_comments(elements: &mut [Element<'_>]) {
    let mut between = true;
    for element in elements.iter_mut().rev() {
        match element.piece {
            Piece::Token(token) => between = element.starts_statement || token == Token::CloseBrace,
            Piece::Comment => element.starts_statement = between,
        }
    }
}
