//! The parser: tokens to programs. Operations are in `parse_operation`.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::lex::{Place, Token, USUAL_NAN, lex};
use crate::analysis::renumber;
use crate::program::{Block, Operation, Program, Value};
use crate::types::{Elem, Precision, Type};

/// How deeply blocks may nest.
const DEEPEST: usize = 64;

/// Why a text is no program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// A character that begins no token.
    UnexpectedCharacter(char),
    /// A name without a closing quote on its line.
    UnclosedName,
    /// A backslash in a name that is not followed by `"`, `\` or `u{…}`.
    MalformedEscape,
    /// Something else stands where this was expected.
    Expected {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// Not a number, or not one of the size that fits here.
    MalformedNumber(String),
    /// No operation has this name.
    UnknownOperation(String),
    /// A value that is used but nowhere defined.
    UndefinedValue(String),
    /// An instruction of a map whose number is not its position, which is given.
    MisnumberedInstruction(usize),
    /// Blocks nest too deeply.
    TooDeep,
}

impl Display for ParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.kind)
    }
}

impl Display for ParseErrorKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedCharacter(c) => write!(f, "unexpected character {c:?}"),
            Self::UnclosedName => f.write_str("name without a closing quote"),
            Self::MalformedEscape => f.write_str("unknown escape sequence"),
            Self::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::MalformedNumber(text) => write!(f, "`{text}` is not a number that fits here"),
            Self::UnknownOperation(name) => write!(f, "unknown operation `{name}`"),
            Self::UndefinedValue(name) => write!(f, "value `%{name}` is not defined"),
            Self::MisnumberedInstruction(position) => write!(f, "this instruction must be `${position}`"),
            Self::TooDeep => write!(f, "blocks nest more than {DEEPEST} deep"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads a program from its text form. Its values are numbered in the order in which the text defines them.
pub fn parse(text: &str) -> Result<Program, ParseError> {
    let mut parser = Parser::new(lex(text)?);
    let mut program = parser.program()?;
    parser.check_definitions()?;
    program.values = parser.values;
    renumber(&mut program);
    Ok(program)
}

/// A place among the tokens, and the values seen up to there.
pub(super) struct Parser<'a> {
    tokens: Vec<(Token<'a>, Place)>,
    at: usize,
    /// How many blocks are open.
    depth: usize,
    /// The values by name.
    names: HashMap<&'a str, Value>,
    /// Their types, once they are defined.
    values: Vec<Type>,
    /// Name and first mention of each value, and whether it has been defined.
    mentions: Vec<(&'a str, Place, bool)>,
}

impl<'a> Parser<'a> {
    fn new(tokens: Vec<(Token<'a>, Place)>) -> Self {
        Self { tokens, at: 0, depth: 0, names: HashMap::new(), values: Vec::new(), mentions: Vec::new() }
    }

    fn program(&mut self) -> Result<Program, ParseError> {
        self.word("program")?;
        let name = self.name()?;
        let precision: Precision = self.parsed("`f32` or `f64`")?;
        let mut inputs = Vec::new();
        let mut parameters = Vec::new();
        self.mark('(')?;
        while !self.skip_mark(')') {
            let (value, place) = self.value()?;
            inputs.push(self.name()?);
            self.mark(':')?;
            parameters.push(self.definition(value, place)?);
            self.separator(')')?;
        }
        self.mark('{')?;
        let operations = self.operations()?;
        let mut body = Block { parameters, operations, results: Vec::new() };
        let mut outputs = Vec::new();
        while self.skip_word("output") {
            outputs.push(self.name()?);
            self.mark('=')?;
            body.results.push(self.operand()?);
        }
        self.mark('}')?;
        if *self.peek() != Token::End {
            return Err(self.expected("the end of the text"));
        }
        Ok(Program { name, precision, values: Vec::new(), inputs, outputs, body })
    }

    /// The operations up to `yield`, `output` or a closing brace.
    fn operations(&mut self) -> Result<Vec<Operation>, ParseError> {
        let mut operations = Vec::new();
        while !matches!(self.peek(), Token::Word("yield" | "output") | Token::Mark('}') | Token::End) {
            operations.push(self.operation()?);
        }
        Ok(operations)
    }

    /// The rest of a loop's body after its opening brace.
    pub fn repeat_body(&mut self, parameters: Vec<Value>) -> Result<Block, ParseError> {
        if self.depth == DEEPEST {
            return Err(self.error(ParseErrorKind::TooDeep));
        }
        self.depth += 1;
        let operations = self.operations()?;
        self.word("yield")?;
        let mut results = Vec::new();
        while !self.skip_mark('}') {
            results.push(self.operand()?);
            self.separator('}')?;
        }
        self.depth -= 1;
        Ok(Block { parameters, operations, results })
    }

    /// A value and where it stands; it may be used before it is defined.
    pub fn value(&mut self) -> Result<(Value, Place), ParseError> {
        let place = self.place();
        let Token::Value(name) = *self.peek() else { return Err(self.expected("a value")) };
        self.at += 1;
        let next = Value(self.values.len() as u32);
        let value = *self.names.entry(name).or_insert(next);
        if value == next {
            self.values.push(Type::real([]));
            self.mentions.push((name, place, false));
        }
        Ok((value, place))
    }

    /// A value that is used here.
    pub fn operand(&mut self) -> Result<Value, ParseError> {
        self.value().map(|(value, _)| value)
    }

    /// The type of a value that is defined here, after the colon.
    pub fn definition(&mut self, value: Value, place: Place) -> Result<Value, ParseError> {
        self.values[value.index()] = self.ty()?;
        let (name, _, _) = self.mentions[value.index()];
        self.mentions[value.index()] = (name, place, true);
        Ok(value)
    }

    /// Every value that was mentioned has been defined.
    fn check_definitions(&self) -> Result<(), ParseError> {
        match self.mentions.iter().find(|(_, _, defined)| !defined) {
            Some(&(name, Place { line, column }, _)) => {
                Err(ParseError { line, column, kind: ParseErrorKind::UndefinedValue(name.to_owned()) })
            }
            None => Ok(()),
        }
    }

    fn ty(&mut self) -> Result<Type, ParseError> {
        let elem = self.choice("a type", &[Elem::Real, Elem::Bool, Elem::Index])?;
        let dims = if self.skip_mark('[') { self.integers(']')? } else { Vec::new() };
        Ok(Type { elem, dims })
    }

    /// Integers with commas between them, and the closing mark.
    pub fn integers(&mut self, close: char) -> Result<Vec<usize>, ParseError> {
        let mut integers = Vec::new();
        while !self.skip_mark(close) {
            integers.push(self.integer()?);
            self.separator(close)?;
        }
        Ok(integers)
    }

    /// An integer that fits the type.
    pub fn integer<T: FromStr>(&mut self) -> Result<T, ParseError> {
        let Token::Number(text) = *self.peek() else { return Err(self.expected("an integer")) };
        self.convert(text)
    }

    /// A real number.
    pub fn real(&mut self) -> Result<f64, ParseError> {
        if let Token::Number(text) = *self.peek() {
            self.convert(text)
        } else if self.skip_word("inf") {
            Ok(f64::INFINITY)
        } else if self.skip_word("nan") {
            self.nan_bits().map(f64::from_bits)
        } else {
            Err(self.expected("a real number"))
        }
    }

    /// The bits in parentheses after `nan`, if there are any.
    fn nan_bits(&mut self) -> Result<u64, ParseError> {
        if !self.skip_mark('(') {
            return Ok(USUAL_NAN);
        }
        let Token::Number(text) = *self.peek() else { return Err(self.expected("the bits of a NaN")) };
        let bits = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match bits.filter(|&bits| f64::from_bits(bits).is_nan()) {
            Some(bits) => {
                self.at += 1;
                self.mark(')')?;
                Ok(bits)
            }
            None => Err(self.expected("the bits of a NaN")),
        }
    }

    /// The text of the token ahead as a number; the token is taken.
    pub fn convert<T: FromStr>(&mut self, text: &str) -> Result<T, ParseError> {
        match text.parse() {
            Ok(number) => {
                self.at += 1;
                Ok(number)
            }
            Err(_) => Err(self.error(ParseErrorKind::MalformedNumber(text.to_owned()))),
        }
    }

    /// A word that the type's `FromStr` knows.
    pub fn parsed<T: FromStr>(&mut self, expected: &'static str) -> Result<T, ParseError> {
        let Token::Word(word) = *self.peek() else { return Err(self.expected(expected)) };
        let Ok(value) = word.parse() else { return Err(self.expected(expected)) };
        self.at += 1;
        Ok(value)
    }

    /// One of several things, under the name it is displayed with.
    pub fn choice<T: Copy + Display>(
        &mut self,
        expected: &'static str,
        choices: &[T],
    ) -> Result<T, ParseError> {
        let Token::Word(word) = *self.peek() else { return Err(self.expected(expected)) };
        let Some(&choice) = choices.iter().find(|choice| choice.to_string() == word) else {
            return Err(self.expected(expected));
        };
        self.at += 1;
        Ok(choice)
    }

    fn name(&mut self) -> Result<String, ParseError> {
        let Token::Name(name) = self.peek() else { return Err(self.expected("a quoted name")) };
        let name = name.clone();
        self.at += 1;
        Ok(name)
    }

    /// A comma, unless the list ends here.
    pub fn separator(&mut self, close: char) -> Result<(), ParseError> {
        let done = self.skip_mark(',') || *self.peek() == Token::Mark(close);
        if done { Ok(()) } else { Err(self.expected("`,` or the end of the list")) }
    }

    /// This mark.
    pub fn mark(&mut self, mark: char) -> Result<(), ParseError> {
        let expected = match mark {
            '(' => "`(`",
            ')' => "`)`",
            '{' => "`{`",
            '}' => "`}` or an operation",
            ':' => "`:`",
            '=' => "`=`",
            '<' => "`<`",
            _ => "`,`",
        };
        if self.skip_mark(mark) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// This word.
    pub fn word(&mut self, word: &'static str) -> Result<(), ParseError> {
        if self.skip_word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    /// Takes this mark if it is ahead.
    pub fn skip_mark(&mut self, mark: char) -> bool {
        self.skip(&Token::Mark(mark))
    }

    /// Takes this word if it is ahead.
    pub fn skip_word(&mut self, word: &str) -> bool {
        self.skip(&Token::Word(word))
    }

    /// Takes this token if it is ahead.
    pub fn skip(&mut self, token: &Token<'_>) -> bool {
        let ahead = self.peek() == token;
        self.at += usize::from(ahead);
        ahead
    }

    /// The token ahead.
    pub fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at.min(self.tokens.len() - 1)].0
    }

    fn place(&self) -> Place {
        self.tokens[self.at.min(self.tokens.len() - 1)].1
    }

    /// Takes the token ahead.
    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// The error that something else was expected here.
    pub fn expected(&self, expected: &'static str) -> ParseError {
        self.error(ParseErrorKind::Expected { expected, found: self.peek().to_string() })
    }

    /// An error here.
    pub fn error(&self, kind: ParseErrorKind) -> ParseError {
        let Place { line, column } = self.place();
        ParseError { line, column, kind }
    }
}
