//! Canonical formatting.
//!
//! The formatter works on tokens, not on the tree: it prints the author's tokens and comments in their order, without
//! parentheses that change nothing, and chooses only what stands between them. So it cannot lose or change anything.
//!
//! Blocks indent by two spaces. A block stays on one line if its author wrote it so and it fits; in any other, each
//! statement has its own line. Where the author broke a statement, it continues four spaces further in. Single blank
//! lines are kept.

mod elements;
mod spacing;

use crate::diagnostic::Findings;
use crate::parse::analyse;
use crate::token::Token;
use elements::{Element, Piece, elements};
use spacing::spaced;

/// The widest line that a block is kept on.
const WIDTH: usize = 100;

/// The canonical text of a program. Formatting it again changes nothing, and its tree is the same up to spans.
///
/// # Errors
/// The findings of the parser, if the text has mistakes.
pub fn format(source: &str) -> Result<String, Findings> {
    let analysis = analyse(source);
    if analysis.parsed.findings.any_error() {
        return Err(analysis.parsed.findings);
    }
    let elements = elements(source, &analysis);
    let mut writer =
        Writer { elements: &elements, out: String::new(), blocks: Vec::new(), after_comment: false };
    for i in 0..elements.len() {
        writer.write(i);
    }
    if !writer.out.is_empty() {
        writer.out.push('\n');
    }
    Ok(writer.out)
}

/// How a block is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// On one line.
    Inline,
    /// One statement on a line.
    Lines,
}

struct Writer<'a> {
    elements: &'a [Element<'a>],
    out: String,
    /// The open blocks.
    blocks: Vec<Shape>,
    /// Whether the line must end here.
    after_comment: bool,
}

impl Writer<'_> {
    /// Writes one element with what stands before it.
    fn write(&mut self, i: usize) {
        let element = &self.elements[i];
        let previous = i.checked_sub(1).map(|before| &self.elements[before]);
        match element.piece {
            Piece::Comment => self.comment(element, previous),
            Piece::Token(token) => self.token(i, token, previous),
        }
        self.after_comment = element.piece == Piece::Comment;
    }

    /// A comment stays on its line, or has its own.
    fn comment(&mut self, comment: &Element<'_>, previous: Option<&Element<'_>>) {
        match previous {
            None => {}
            Some(_) if comment.lines_before == 0 => self.out.push_str("  "),
            Some(previous) => {
                self.break_line(comment, previous, if comment.starts_statement { 0 } else { 2 })
            }
        }
        self.out.push_str(comment.text);
    }

    fn token(&mut self, i: usize, token: Token, previous: Option<&Element<'_>>) {
        let element = &self.elements[i];
        match previous {
            None => {}
            Some(previous) if token == Token::CloseBrace => self.close(previous),
            Some(previous) if element.starts_statement => match self.blocks.last() {
                Some(Shape::Inline) if previous.piece == Piece::Token(Token::OpenBrace) => self.out.push(' '),
                Some(Shape::Inline) => self.out.push_str(";  "),
                Some(Shape::Lines) | None => self.break_line(element, previous, 0),
            },
            Some(previous) => self.within_statement(element, token, previous),
        }
        if token == Token::OpenBrace {
            let shape = self.shape(i);
            self.blocks.push(shape);
        }
        self.out.push_str(element.text);
    }

    /// What stands before a token in the middle of a statement.
    fn within_statement(&mut self, element: &Element<'_>, token: Token, previous: &Element<'_>) {
        let broken = element.lines_before > 0 && token != Token::OpenBrace;
        if broken || self.after_comment {
            let level = if token.closes() || token == Token::OpenBrace { 0 } else { 2 };
            self.new_line(level);
        } else if spaced(previous, element) {
            self.out.push(' ');
        }
    }

    /// What stands before the end of a block.
    fn close(&mut self, previous: &Element<'_>) {
        let shape = self.blocks.pop();
        if previous.piece == Piece::Token(Token::OpenBrace) {
            return;
        }
        match shape {
            Some(Shape::Inline) => self.out.push(' '),
            Some(Shape::Lines) | None => self.new_line(0),
        }
    }

    /// A new line `extra` levels further in, after a blank one if the author left some and this is not the first
    /// line of a block.
    fn break_line(&mut self, element: &Element<'_>, previous: &Element<'_>, extra: usize) {
        if element.lines_before > 1 && previous.piece != Piece::Token(Token::OpenBrace) {
            self.out.push('\n');
        }
        self.new_line(extra);
    }

    fn new_line(&mut self, extra: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.blocks.len() + extra));
    }

    /// How the block that opens at `open` is laid out.
    fn shape(&self, open: usize) -> Shape {
        let line_start = self.out.rfind('\n').map_or(0, |at| at + 1);
        let mut width = self.out[line_start..].chars().count() + 1;
        if self.blocks.last() == Some(&Shape::Inline) {
            return Shape::Inline;
        }
        let mut depth = 0_usize;
        for i in open + 1..self.elements.len() {
            let (previous, element) = (&self.elements[i - 1], &self.elements[i]);
            let Piece::Token(token) = element.piece else { return Shape::Lines };
            if element.lines_before > 0 {
                return Shape::Lines;
            }
            width += element.text.chars().count() + inline_gap(previous, element);
            if width > WIDTH {
                return Shape::Lines;
            }
            if token == Token::CloseBrace && depth == 0 {
                return Shape::Inline;
            }
            depth += usize::from(token == Token::OpenBrace);
            depth -= usize::from(token == Token::CloseBrace);
        }
        Shape::Lines
    }
}

/// The width of what stands between two tokens in a block on one line.
fn inline_gap(previous: &Element<'_>, element: &Element<'_>) -> usize {
    let opened = previous.piece == Piece::Token(Token::OpenBrace);
    let closing = element.piece == Piece::Token(Token::CloseBrace);
    match (opened, closing) {
        (true, true) => 0,
        (true, false) | (false, true) => 1,
        (false, false) if element.starts_statement => 3,
        (false, false) => usize::from(spaced(previous, element)),
    }
}
