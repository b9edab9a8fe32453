//! The lexer: text to tokens with their places.

use std::fmt::{self, Display, Formatter};

use super::parse::{ParseError, ParseErrorKind};

/// The bits of the NaN that is written `nan`.
pub(super) const USUAL_NAN: u64 = 0x7ff8_0000_0000_0000;

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub line: u32,
    pub column: u32,
}

/// The smallest units of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// `%12` or `%drive`, without the `%`.
    Value(&'a str),
    /// `$3`, without the `$`.
    Local(&'a str),
    /// `@7`, without the `@`.
    Location(&'a str),
    /// Letters, digits and `_`, a letter or `_` first.
    Word(&'a str),
    /// What begins with a digit or a minus.
    Number(&'a str),
    /// A quoted name, unescaped.
    Name(String),
    /// `->`
    Arrow,
    /// One of `( ) { } [ ] , : = <`.
    Mark(char),
    /// The end of the text.
    End,
}

impl Display for Token<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Token::Value(name) => write!(f, "`%{name}`"),
            Token::Local(number) => write!(f, "`${number}`"),
            Token::Location(number) => write!(f, "`@{number}`"),
            Token::Word(text) | Token::Number(text) => write!(f, "`{text}`"),
            Token::Name(name) => write!(f, "{name:?}"),
            Token::Arrow => f.write_str("`->`"),
            Token::Mark(mark) => write!(f, "`{mark}`"),
            Token::End => f.write_str("the end of the text"),
        }
    }
}

/// The tokens of a text, the last of them [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<(Token<'_>, Place)>, ParseError> {
    let mut tokens = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let mut lexer = Lexer { rest: content, place: Place { line, column: 1 } };
        while let Some(token) = lexer.next()? {
            tokens.push(token);
        }
    }
    let line = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
    let column = u32::try_from(text.lines().last().map_or(0, |l| l.chars().count())).unwrap_or(u32::MAX);
    tokens.push((Token::End, Place { line, column: column.saturating_add(1) }));
    Ok(tokens)
}

/// What is left of a line.
struct Lexer<'a> {
    rest: &'a str,
    place: Place,
}

impl<'a> Lexer<'a> {
    /// The next token of the line.
    fn next(&mut self) -> Result<Option<(Token<'a>, Place)>, ParseError> {
        self.take(|c| c.is_whitespace());
        let place = self.place;
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        if self.rest.starts_with("//") {
            return Ok(None);
        }
        let token = match first {
            '%' => Token::Value(self.sigil()),
            '$' => Token::Local(self.sigil()),
            '@' => Token::Location(self.sigil()),
            '"' => self.name()?,
            '-' if self.rest.starts_with("->") => {
                self.advance(2);
                Token::Arrow
            }
            '-' | '0'..='9' => Token::Number(self.number()),
            '(' | ')' | '{' | '}' | '[' | ']' | ',' | ':' | '=' | '<' => {
                self.advance(1);
                Token::Mark(first)
            }
            c if is_word(c) => Token::Word(self.take(is_word)),
            c => return Err(self.error(place, ParseErrorKind::UnexpectedCharacter(c))),
        };
        Ok(Some((token, place)))
    }

    /// The word after a sigil of one byte.
    fn sigil(&mut self) -> &'a str {
        self.advance(1);
        self.take(is_word)
    }

    /// Digits, letters and points; a sign only at the beginning or after an `e`.
    fn number(&mut self) -> &'a str {
        let mut before = 'e';
        self.take(|c| {
            let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
            before = c;
            sign || c == '.' || is_word(c)
        })
    }

    fn name(&mut self) -> Result<Token<'a>, ParseError> {
        let begin = self.place;
        self.advance(1);
        let mut name = String::new();
        loop {
            name.push_str(self.take(|c| c != '"' && c != '\\'));
            let place = self.place;
            if self.rest.starts_with('"') {
                self.advance(1);
                return Ok(Token::Name(name));
            } else if self.rest.is_empty() {
                return Err(self.error(begin, ParseErrorKind::UnclosedName));
            }
            match self.escaped() {
                Some(c) => name.push(c),
                None => return Err(self.error(place, ParseErrorKind::MalformedEscape)),
            }
        }
    }

    /// The character meant by the escape sequence ahead.
    fn escaped(&mut self) -> Option<char> {
        self.advance(1);
        let c = self.rest.chars().next()?;
        if matches!(c, '"' | '\\') {
            self.advance(1);
            return Some(c);
        }
        let (code, _) = self.rest.strip_prefix("u{")?.split_once('}')?;
        let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
        self.advance("u{}".len() + code.len());
        Some(c)
    }

    /// Takes characters as long as they are wanted.
    fn take(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    /// Takes so many bytes.
    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        let characters = u32::try_from(taken.chars().count()).unwrap_or(u32::MAX);
        self.place.column = self.place.column.saturating_add(characters);
        taken
    }

    fn error(&self, place: Place, kind: ParseErrorKind) -> ParseError {
        ParseError { line: place.line, column: place.column, kind }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
