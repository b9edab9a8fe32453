//! The alphabet of the grammar: words, literals, punctuation.

use logos::{Lexer, Logos};

use crate::ast::Extents;

/// Why a piece of text is no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A character that nothing begins with.
    #[default]
    UnknownCharacter,
    /// Digits that are no number.
    BadNumber,
    /// A text that the line ends before its closing quote.
    UnterminatedText,
}

/// A token of the language.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
// R1.1
#[logos(skip r"[ \t\r\u{feff}]+", error = Mistake)]
pub(crate) enum Token {
    /// An identifier or a keyword (R1.6).
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*", |lex| Word::of(lex.slice()))]
    Word(Word),
    /// `0.1`, `1e-3`; and the beginnings that are none (R1.4).
    #[regex(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", number)]
    #[regex(r"\.[0-9]+", |lex| { skip_number(lex); Err(Mistake::BadNumber) })]
    Number(f64),
    /// `1x28x28`: channels, rows and columns.
    #[regex(r"[0-9]+x[0-9]+x[0-9]+", grid)]
    Grid(Extents),
    /// `"text"`
    #[token("\"", text)]
    Text,
    /// `// comment`; the parser never sees it (R1.2).
    #[token("//", |lex| skip_to_line_end(lex))]
    Comment,
    /// The end of a line; the parser sees a [`Token::Separator`] where it ends a statement.
    #[token("\n")]
    Newline,
    /// `;`; the parser sees it only inside parentheses.
    #[token(";")]
    Semicolon,
    /// Between two statements: `;` or the end of a line.
    Separator,
    /// Stands for text whose mistake is already reported.
    Bad,
    /// `'`
    #[token("'")]
    Prime,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `^`
    #[token("^")]
    Caret,
    /// `@`
    #[token("@")]
    At,
    /// `=`
    #[token("=")]
    Assign,
    /// `+=`
    #[token("+=")]
    AddAssign,
    /// `-=`
    #[token("-=")]
    SubtractAssign,
    /// `==`
    #[token("==")]
    Equal,
    /// `!=`
    #[token("!=")]
    NotEqual,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEqual,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEqual,
    /// `->`
    #[token("->")]
    Arrow,
    /// `(`
    #[token("(")]
    OpenParen,
    /// `)`
    #[token(")")]
    CloseParen,
    /// `[`
    #[token("[")]
    OpenBracket,
    /// `]`
    #[token("]")]
    CloseBracket,
    /// `{`
    #[token("{")]
    OpenBrace,
    /// `}`
    #[token("}")]
    CloseBrace,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
}

impl Token {
    /// The word, if it is one.
    pub(crate) fn word(self) -> Option<Word> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    /// What a dump calls it.
    pub(crate) fn kind(self) -> &'static str {
        match self.word() {
            Some(word) if word.is_reserved() => "keyword",
            Some(_) => "word",
            None if matches!(self, Self::Number(_)) => "number",
            None if matches!(self, Self::Grid(_)) => "grid",
            None if self == Self::Text => "text",
            None if self == Self::Separator => "separator",
            None if self == Self::Bad => "bad",
            None => "symbol",
        }
    }

    /// `(`, `[` or `{`
    pub(crate) fn opens(self) -> bool {
        matches!(self, Self::OpenParen | Self::OpenBracket | Self::OpenBrace)
    }

    /// `)`, `]` or `}`
    pub(crate) fn closes(self) -> bool {
        matches!(self, Self::CloseParen | Self::CloseBracket | Self::CloseBrace)
    }

    /// Whether a statement may end with it, so that the end of the line may end the statement.
    pub(crate) fn ends_statement(self) -> bool {
        match self.word() {
            Some(word) => !word.is_reserved(),
            None => self.closes() || matches!(self, Self::Number(_) | Self::Grid(_) | Self::Text | Self::Bad),
        }
    }

    /// Whether a statement may begin with it when `next` follows.
    pub(crate) fn starts_statement(self, next: Option<Self>) -> bool {
        match self.word() {
            Some(word) if word.trails() => next.is_some_and(Self::follows_target),
            Some(word) => !word.continues(),
            None => self == Self::Bad,
        }
    }

    /// Whether the word before it is on the left side of an equation, or a layer in a path.
    fn follows_target(self) -> bool {
        matches!(
            self,
            Self::Assign
                | Self::AddAssign
                | Self::SubtractAssign
                | Self::Dot
                | Self::Colon
                | Self::Arrow
                | Self::Comma
        )
    }
}

/// Defines [`Word`] with the spelling of each keyword.
macro_rules! words {
    (reserved { $($reserved:ident $reserved_text:literal,)* } soft { $($soft:ident $soft_text:literal,)* }) => {
        /// An identifier or a keyword.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word {
            /// No keyword.
            Name,
            $(#[doc = concat!("`", $reserved_text, "`, never a name")] $reserved,)*
            $(#[doc = concat!("`", $soft_text, "`, a name where no keyword is asked for")] $soft,)*
        }

        impl Word {
            /// The word that is spelled so.
            fn of(text: &str) -> Self {
                match text {
                    $($reserved_text => Self::$reserved,)*
                    $($soft_text => Self::$soft,)*
                    _ => Self::Name,
                }
            }

            /// Whether it can never be a name.
            pub(crate) fn is_reserved(self) -> bool {
                matches!(self, $(Self::$reserved)|*)
            }

            /// Whether `text` is a keyword that may be a name.
            pub(crate) fn is_soft(text: &str) -> bool {
                matches!(text, $($soft_text)|*)
            }
        }
    };
}

words! {
    reserved {
        Rule "rule", Fn "fn", Experiment "experiment", Neuron "neuron", State "state", Let "let", Param "param",
        Synapse "synapse", Expect "expect", Sweep "sweep", Allow "allow", With "with",
        Return "return",
        If "if", Then "then", Else "else", And "and", Or "or", Not "not",
    }
    soft {
        Signal "signal", Phase "phase", Learn "learn", Predict "predict", Check "check", Clamp "clamp",
        Release "release",
        Input "input", Hidden "hidden", Output "output",
        Network "network", Cost "cost", Data "data", Validation "validation", Batch "batch", Epochs "epochs",
        Updates "updates", Seed "seed", Precision "precision",
        Over "over", When "when", After "after", At "at", Within "within", Until "until", Deg "deg",
        Averaged "averaged", Draws "draws", Preconditioned "preconditioned", Own "own", Through "through",
        Given "given", States "states",
        Layer "layer", Steps "steps", From "from", Sum "sum", Set "set", Init "init", Up "up", Down "down",
        In "in", Turn "turn", Derivative "derivative", Gradient "gradient", Equilibrium "equilibrium",
        Unrolled "unrolled", By "by", Filter "filter", Optimiser "optimiser", Dt "dt", Integrator "integrator",
        EvenOdd "even_odd", Random "random", Sized "sized", Fixed "fixed", Persistent "persistent", Carried "carried", For "for", Each "each", Class "class", Use "use", Time "time", Trace "trace", Surrogate "surrogate", Cuts "cuts", Reversed "reversed",
        FiniteDifferences "finite_differences", Of "of", Law "law", Conv "conv", Local "local", AvgPool "avgpool",
        MaxPool "maxpool",
    }
}

impl Word {
    /// Whether it joins a line to the one before.
    fn continues(self) -> bool {
        matches!(
            self,
            Self::With | Self::Allow | Self::If | Self::Then | Self::Else | Self::And | Self::Or | Self::Not
        )
    }

    /// Whether it begins a declaration: where it is not expected, a block before it is open.
    pub(crate) fn declares(self) -> bool {
        matches!(
            self,
            Self::Rule
                | Self::Fn
                | Self::Experiment
                | Self::Neuron
                | Self::Synapse
                | Self::Signal
                | Self::Phase
                | Self::Learn
                | Self::Predict
                | Self::Check
        )
    }

    /// Whether it begins a clause that trails a statement, unless it is a name.
    fn trails(self) -> bool {
        matches!(
            self,
            Self::Over
                | Self::When
                | Self::After
                | Self::At
                | Self::Within
                | Self::Until
                | Self::Deg
                | Self::Averaged
                | Self::Given
        )
    }

    /// Whether nothing but a statement can begin with it when `next` follows, even where a parenthesis was forgotten.
    pub(crate) fn heads_statement(self, next: Option<Token>) -> bool {
        let named = matches!(next, Some(Token::Word(_) | Token::OpenBrace));
        let heads = matches!(
            self,
            Self::Signal
                | Self::Phase
                | Self::Learn
                | Self::Predict
                | Self::Check
                | Self::Clamp
                | Self::Release
        );
        (heads && named) || (self.is_reserved() && !self.continues())
    }
}

/// Reads a number; one that runs into letters or another point is a mistake.
fn number(lex: &mut Lexer<'_, Token>) -> Result<f64, Mistake> {
    if lex.remainder().starts_with(in_number) {
        skip_number(lex);
        return Err(Mistake::BadNumber);
    }
    lex.slice().parse().ok().filter(|value: &f64| value.is_finite()).ok_or(Mistake::BadNumber)
}

/// Reads the extents of a grid, each of which fits in 32 bits.
fn grid(lex: &mut Lexer<'_, Token>) -> Result<Extents, Mistake> {
    if lex.remainder().starts_with(in_number) {
        skip_number(lex);
        return Err(Mistake::BadNumber);
    }
    let mut extents = lex.slice().split('x').map(|digits| digits.parse().ok());
    match [extents.next(), extents.next(), extents.next()].map(Option::flatten) {
        [Some(channels), Some(rows), Some(columns)] => Ok([channels, rows, columns]),
        [_, _, _] => Err(Mistake::BadNumber),
    }
}

/// Takes in what somebody may have meant as the rest of a number.
fn skip_number(lex: &mut Lexer<'_, Token>) {
    let rest = lex.remainder();
    lex.bump(rest.find(|c| !in_number(c)).unwrap_or(rest.len()));
}

/// Whether `c` right after a number is taken as its continuation.
fn in_number(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Reads to the closing quote on the same line. There are no escapes, so that paths can be written as they are (R1.5).
fn text(lex: &mut Lexer<'_, Token>) -> Result<(), Mistake> {
    let rest = lex.remainder();
    let end = rest.find(['"', '\n']).unwrap_or(rest.len());
    if rest[end..].starts_with('"') {
        lex.bump(end + 1);
        Ok(())
    } else {
        lex.bump(end);
        Err(Mistake::UnterminatedText)
    }
}

/// Takes in the rest of the line, without its end.
fn skip_to_line_end(lex: &mut Lexer<'_, Token>) {
    let rest = lex.remainder();
    lex.bump(rest.find('\n').unwrap_or(rest.len()));
}
