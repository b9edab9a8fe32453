//! What the grammar's actions call: they make the tree, bound its height, and report what did not parse.

mod clause;
mod expression;

use std::cell::Cell;
use std::convert::Infallible;

use lalrpop_util::{ErrorRecovery, ParseError};

use crate::ast::{Call, ChainLayer, Expr, Modifier, Name, Role, Target, Units, Use, Variable, VariableKind};
use crate::diagnostic::Findings;
use crate::finding::{Meant, SyntaxError};
use crate::lexer::Lexeme;
use crate::marks::Marks;
use crate::span::Span;
use crate::token::{Token, Word};

pub(crate) use clause::{Derivative, PhaseOption, PhaseOptions, Trailing};
pub(crate) use expression::{Argument, Arguments, Level, Operand};

/// The state of the parser's actions.
pub(crate) struct Builder<'s> {
    source: &'s str,
    lexemes: &'s [Lexeme],
    /// How many syntax errors there are; whoever feeds the parser stops at a limit.
    errors: &'s Cell<usize>,
    findings: &'s mut Findings,
    marks: Marks,
    /// Whether a declaration or the end of the file has come where a block is open: what follows follows from that.
    unclosed: bool,
}

impl<'s> Builder<'s> {
    /// Nothing built yet.
    pub(crate) fn new(
        source: &'s str,
        lexemes: &'s [Lexeme],
        errors: &'s Cell<usize>,
        findings: &'s mut Findings,
    ) -> Self {
        Self { source, lexemes, errors, findings, marks: Marks::default(), unclosed: false }
    }

    /// What was learned about tokens.
    pub(crate) fn finish(self) -> Marks {
        self.marks
    }

    /// The text of a token.
    fn text(&self, start: u32, end: u32) -> String {
        self.source.get(start as usize..end as usize).unwrap_or_default().to_owned()
    }

    /// The word at `start..end`.
    pub(crate) fn name(&self, start: u32, end: u32) -> Name {
        Name { text: self.text(start, end), span: Span::new(start, end) }
    }

    /// What one declaration declares.
    pub(crate) fn variables(
        &self,
        kind: VariableKind,
        role: Option<(Role, Span)>,
        modifier: Option<(Modifier, Span)>,
        list: Vec<(Name, Option<Expr>)>,
    ) -> Vec<Variable> {
        list.into_iter().map(|(name, value)| Variable { kind, role, modifier, name, value }).collect()
    }

    /// The attribute `in [low, high]` or `delay 1`.
    pub(crate) fn attribute(&self, name: Name, arguments: Vec<Expr>, end: u32) -> Call {
        let span = Span::new(name.span.start, end);
        Call { name, primed: false, arguments, settings: Vec::new(), span }
    }

    /// A layer of a network.
    pub(crate) fn layer(
        &self,
        role: Option<(Role, Span)>,
        (units, activation): (Units, Option<Call>),
        span: Span,
    ) -> ChainLayer {
        ChainLayer { role, units, activation, span }
    }

    /// The words after `conv 16`, and the activation: the last of them unless it is one like `k5`.
    pub(crate) fn geometry(&self, mut words: Vec<Call>) -> (Vec<Name>, Option<Call>) {
        let is_geometry = |word: &Call| {
            let mut characters = word.name.text.chars();
            let letter = characters.next().is_some_and(|c| matches!(c, 'k' | 's' | 'p'));
            letter && characters.clone().next().is_some() && characters.all(|c| c.is_ascii_digit())
        };
        let activation = if words.last().is_some_and(|word| !is_geometry(word)) { words.pop() } else { None };
        (words.into_iter().map(|word| word.name).collect(), activation)
    }

    /// `use "FILE"`, of which the text stands at `start..end`.
    pub(crate) fn used(&self, start: u32, end: u32) -> Use {
        Use { path: self.text(start + 1, end - 1), span: Span::new(start, end) }
    }

    /// The `x` of `dx/dt`.
    pub(crate) fn differentiated(&mut self, target: Target) -> Target {
        let Target { population, name } = target;
        let Some(text) = name.text.strip_prefix('d').filter(|text| !text.is_empty()) else {
            let error = SyntaxError::new(name.span, Some(name.text.clone()), &["\"dx/dt\"".to_owned()]);
            let of = population.as_ref().and_then(|population| population.text.strip_prefix('d'));
            let meant = of.filter(|population| !population.is_empty()).map(|population| Meant::Rate {
                population: population.to_owned(),
                state: name.text.clone(),
            });
            self.findings.push(SyntaxError { meant, ..error });
            return Target { population, name };
        };
        let span = Span::new(name.span.start + 1, name.span.end);
        Target { population, name: Name { text: text.to_owned(), span } }
    }

    /// Notes that the token at `offset` stands without a space before it.
    pub(crate) fn glue_before(&mut self, offset: u32) {
        self.marks.glued_before.insert(offset);
    }

    /// Notes that the token at `offset` stands without spaces around it.
    pub(crate) fn glue_around(&mut self, offset: u32) {
        self.marks.glued_before.insert(offset);
        self.marks.glued_after.insert(offset);
    }
}

/// Errors.
impl Builder<'_> {
    /// Reports what was skipped, and says where it stood.
    pub(crate) fn lost(
        &mut self,
        error: ErrorRecovery<u32, Token, Infallible>,
        start: u32,
        end: u32,
    ) -> Span {
        self.report(error.error);
        Span::new(start, end)
    }

    /// Reports a syntax error, unless it is already said what is wrong there or right before.
    pub(crate) fn report(&mut self, error: ParseError<u32, Token, Infallible>) {
        let (span, found, expected) = match error {
            ParseError::UnrecognizedToken { token: (start, token, end), expected } => {
                (Span::new(start, end), Some(token), expected)
            }
            ParseError::UnrecognizedEof { location, expected } => {
                (Span::new(location, location), None, expected)
            }
            ParseError::ExtraToken { token: (start, token, end) } => {
                (Span::new(start, end), Some(token), Vec::new())
            }
            ParseError::InvalidToken { location } => (Span::new(location, location), None, Vec::new()),
            ParseError::User { error } => match error {},
        };
        self.errors.set(self.errors.get() + 1);
        if found == Some(Token::Bad) || self.follows_bad(span.start) {
            return;
        }
        let declares = found.is_none_or(|token| matches!(token, Token::Word(word) if word.declares()));
        if declares && std::mem::replace(&mut self.unclosed, true) {
            return;
        }
        let line_end = found == Some(Token::Separator) && span.start == span.end;
        let found = found.map(|_| if line_end { "\n".to_owned() } else { self.text(span.start, span.end) });
        let unclosed = declares && self.begins_line(span.start);
        let error = SyntaxError::new(span, found, &expected);
        let meant = self.meant(&error);
        self.findings.push(SyntaxError { unclosed, meant, ..error });
    }

    /// What the words before a mistake may have been meant for.
    fn meant(&self, error: &SyntaxError) -> Option<Meant> {
        let end = self.lexemes.partition_point(|lexeme| lexeme.span.start < error.span.start);
        let back = |steps: usize| end.checked_sub(steps).map(|at| self.lexemes[at]);
        if back(1)?.token == Token::Word(Word::Learn) && error.found.as_deref() == Some("{") {
            let assignment = error.expected.first().is_some_and(|first| first.contains("assignment"));
            return assignment.then_some(Meant::LearnInSweep);
        }
        // A name, taken for that of a hyper-parameter; then a site, `=` or `->`.
        let steps = match error.expected.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["a name"] => 1,
            ["`->`", "`=`"] => 2,
            _ => return None,
        };
        let (word, before) = (back(steps)?, back(steps + 1)?);
        let begins = word.on_new_line
            || matches!(before.token, Token::Separator | Token::Semicolon | Token::OpenBrace);
        let named = word.token == Token::Word(Word::Name) && begins;
        named.then(|| Meant::Clause { word: self.text(word.span.start, word.span.end) })
    }

    /// Whether only spaces stand before the offset in its line.
    fn begins_line(&self, offset: u32) -> bool {
        let before = self.source.get(..offset as usize).unwrap_or_default();
        before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty())
    }

    /// Whether the last token that begins before `offset` stands for a mistake.
    fn follows_bad(&self, offset: u32) -> bool {
        let after = self.lexemes.partition_point(|lexeme| lexeme.span.start < offset);
        after.checked_sub(1).is_some_and(|last| self.lexemes[last].token == Token::Bad)
    }
}
