//! From the tokens of the text to those of the grammar: where statements end, and how deep brackets may nest.
//!
//! A new line ends a statement if it is not inside `( )` or `[ ]`, comes after a token that can end a statement, and
//! before one that can begin one. Separators never repeat, and never stand first or last in a block.

use crate::diagnostic::Findings;
use crate::finding::NestedTooDeeply;
use crate::lexer::Lexeme;
use crate::span::Span;
use crate::token::Token;

/// How deep brackets, and operators of an expression, may nest. Every walk over the tree may recurse (R1.8).
pub(crate) const MAX_DEPTH: u32 = 200;

/// The tokens as the grammar knows them.
pub(crate) fn lay_out(lexemes: &[Lexeme], findings: &mut Findings) -> Vec<Lexeme> {
    let bounded = bound_nesting(lexemes, findings);
    let mut layout = Layout { out: Vec::with_capacity(bounded.len()), open: Vec::new(), semicolon: None };
    for (i, lexeme) in bounded.iter().enumerate() {
        layout.place(*lexeme, bounded.get(i + 1).map(|next| next.token));
    }
    layout.out
}

/// Replaces brackets that nest too deeply, with all they hold, by [`Token::Bad`].
fn bound_nesting(lexemes: &[Lexeme], findings: &mut Findings) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::with_capacity(lexemes.len());
    let mut depth = 0;
    for lexeme in lexemes {
        let hidden = depth > MAX_DEPTH;
        if lexeme.token.opens() {
            depth += 1;
            if depth == MAX_DEPTH + 1 {
                findings.push(NestedTooDeeply { span: lexeme.span, limit: MAX_DEPTH });
                out.push(Lexeme { token: Token::Bad, ..*lexeme });
            }
        } else if lexeme.token.closes() {
            depth = depth.saturating_sub(1);
        }
        if hidden {
            if let Some(bad) = out.last_mut() {
                bad.span = bad.span.to(lexeme.span);
            }
        } else if depth <= MAX_DEPTH {
            out.push(*lexeme);
        }
    }
    out
}

/// The brackets that matter for where statements end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// `(` or `[`: no statement ends inside.
    Group,
    /// `{`
    Block,
}

struct Layout {
    out: Vec<Lexeme>,
    open: Vec<Bracket>,
    /// A `;` whose separator waits for the next statement.
    semicolon: Option<Span>,
}

impl Layout {
    /// Adds the next token, and a separator before it where a statement has ended.
    fn place(&mut self, lexeme: Lexeme, next: Option<Token>) {
        let token = lexeme.token;
        let heads = token.word().is_some_and(|word| word.heads_statement(next));
        if (lexeme.on_new_line && heads) || matches!(token, Token::OpenBrace | Token::CloseBrace) {
            self.leave_groups();
        }
        let grouped = self.open.last() == Some(&Bracket::Group);
        if token == Token::Semicolon && !grouped {
            self.semicolon.get_or_insert(lexeme.span);
            return;
        }
        self.separate(lexeme, grouped, next);
        if token.opens() {
            self.open.push(if token == Token::OpenBrace { Bracket::Block } else { Bracket::Group });
        } else if token.closes() && grouped == (token != Token::CloseBrace) {
            self.open.pop();
        }
        self.out.push(lexeme);
    }

    /// Emits a separator if one statement ends and another begins before `lexeme` (R1.3).
    fn separate(&mut self, lexeme: Lexeme, grouped: bool, next: Option<Token>) {
        let semicolon = self.semicolon.take();
        let Some(last) = self.out.last().copied() else { return };
        if last.token == Token::OpenBrace || lexeme.token == Token::CloseBrace {
            return;
        }
        let ended = lexeme.on_new_line
            && !grouped
            && last.token.ends_statement()
            && lexeme.token.starts_statement(next);
        let line_end = ended.then(|| Span::new(last.span.end, last.span.end));
        if let Some(span) = semicolon.or(line_end) {
            self.out.push(Lexeme { token: Token::Separator, span, on_new_line: false });
        }
    }

    /// No statement and no block stands inside parentheses: those still open were forgotten.
    fn leave_groups(&mut self) {
        while self.open.last() == Some(&Bracket::Group) {
            self.open.pop();
        }
    }
}
