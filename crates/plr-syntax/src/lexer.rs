//! Source text into tokens and comments.

use logos::Logos;

use crate::diagnostic::Findings;
use crate::finding::{BadNumber, UnknownCharacter, UnterminatedText};
use crate::span::Span;
use crate::token::{Mistake, Token};

/// A comment, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the slashes to the last visible character of the line.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A token where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lexeme {
    /// What it is.
    pub(crate) token: Token,
    /// Its text.
    pub(crate) span: Span,
    /// Whether a line ended between the token before it and this one.
    pub(crate) on_new_line: bool,
}

/// The tokens and comments of a source, without the ends of lines.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// The tokens; [`Token::Bad`] where the text is none.
    pub(crate) lexemes: Vec<Lexeme>,
    /// The comments.
    pub(crate) comments: Vec<Comment>,
}

/// Splits what stands in `source` from an offset on into tokens; `source` is shorter than 4 GiB.
pub(crate) fn lex(source: &str, from: usize, findings: &mut Findings) -> Lexed {
    let mut reader =
        Reader { source, lexed: Lexed::default(), unknown: Vec::new(), on_new_line: false, findings };
    for (token, range) in Token::lexer(&source[from..]).spanned() {
        reader.read(token, Span::new((from + range.start) as u32, (from + range.end) as u32));
    }
    reader.finish()
}

/// What was read so far.
struct Reader<'a> {
    source: &'a str,
    lexed: Lexed,
    /// Stretches of unknown characters; neighbours are one mistake.
    unknown: Vec<Span>,
    on_new_line: bool,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    /// Sorts one token into where it belongs.
    fn read(&mut self, token: Result<Token, Mistake>, span: Span) {
        match token {
            Ok(Token::Newline) => self.on_new_line = true,
            Ok(Token::Comment) => {
                let text = self.source[span.range()].trim_end().to_owned();
                let end = span.start + text.len() as u32;
                self.lexed.comments.push(Comment { text, span: Span::new(span.start, end) });
            }
            Ok(Token::Prime) if !self.ends_in_word(span.start) => self.unknown(span),
            Ok(token) => self.push(token, span),
            Err(Mistake::UnknownCharacter) => self.unknown(span),
            Err(Mistake::BadNumber) => {
                self.push(Token::Bad, span);
                self.findings.push(BadNumber { text: self.source[span.range()].to_owned(), span });
            }
            Err(Mistake::UnterminatedText) => {
                self.push(Token::Bad, span);
                self.findings.push(UnterminatedText { span });
            }
        }
    }

    fn push(&mut self, token: Token, span: Span) {
        self.lexed.lexemes.push(Lexeme { token, span, on_new_line: self.on_new_line });
        self.on_new_line = false;
    }

    /// Whether a word ends right before `offset`, so that a prime there belongs to it.
    fn ends_in_word(&self, offset: u32) -> bool {
        self.lexed
            .lexemes
            .last()
            .is_some_and(|last| matches!(last.token, Token::Word(_)) && last.span.end == offset)
    }

    /// Notes characters that nothing begins with.
    fn unknown(&mut self, span: Span) {
        match (self.unknown.last_mut(), self.lexed.lexemes.last_mut()) {
            (Some(known), Some(bad)) if known.end == span.start && bad.span == *known => {
                known.end = span.end;
                bad.span.end = span.end;
            }
            (Some(_) | None, Some(_) | None) => {
                self.unknown.push(span);
                self.push(Token::Bad, span);
            }
        }
    }

    fn finish(self) -> Lexed {
        for span in self.unknown {
            self.findings.push(UnknownCharacter { text: self.source[span.range()].to_owned(), span });
        }
        self.lexed
    }
}
