//! A token where the grammar asks for another.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// A token where the grammar asks for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The token, or the end of the file.
    pub span: Span,
    /// Its text; a line end as `"\n"`; `None` at the end of the file.
    pub found: Option<String>,
    /// What could stand there, in the user's words, most telling first.
    pub expected: Vec<String>,
    /// Whether it begins a declaration in a line of its own.
    pub unclosed: bool,
    /// What the words before it may have been meant for.
    pub meant: Option<Meant>,
}

/// What words may have been meant for that the grammar takes for something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// `learn` among the equations of a sweep.
    LearnInSweep,
    /// The rate of a state of a named population, with the `d` before the population.
    Rate {
        /// The population.
        population: String,
        /// The state.
        state: String,
    },
    /// A clause of an experiment, taken for a hyper-parameter on a site.
    Clause {
        /// Its first word.
        word: String,
    },
}

impl SyntaxError {
    /// More are never listed.
    pub const MAX_EXPECTED: usize = 5;

    /// From the grammar's own list of what it expected.
    pub(crate) fn new(span: Span, found: Option<String>, terminals: &[String]) -> Self {
        Self { span, found, expected: in_words(terminals), unclosed: false, meant: None }
    }

    /// `a name, ',' or '{'`
    fn expectation(&self) -> Option<String> {
        let shown = &self.expected[..self.expected.len().min(Self::MAX_EXPECTED)];
        let (last, others) = shown.split_last()?;
        if self.expected.len() > shown.len() {
            return Some(format!("{}, or other things", shown.join(", ")));
        }
        Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
    }
}

impl Finding for SyntaxError {
    fn code(&self) -> &'static str {
        "syntax_error"
    }

    fn message(&self) -> String {
        match self.found.as_deref() {
            None => "unexpected end of the file".to_owned(),
            Some("\n") => "unexpected end of the line".to_owned(),
            Some(found) if found.chars().count() > 30 => {
                format!("unexpected `{}…`", found.chars().take(29).collect::<String>())
            }
            Some(found) => format!("unexpected `{found}`"),
        }
    }

    fn primary(&self) -> Label {
        let text =
            self.expectation().map_or_else(|| "not expected here".to_owned(), |e| format!("expected {e}"));
        Label::new(self.span, text)
    }

    fn help(&self) -> Option<String> {
        match &self.meant {
            Some(Meant::LearnInSweep) => {
                Some("a sweep has equations alone: write `learn` below it".to_owned())
            }
            Some(Meant::Rate { population, state }) => Some(format!("write `{population}.d{state}/dt`")),
            Some(Meant::Clause { word }) => Some(format!(
                "no clause is called `{word}`, and a hyper-parameter of one layer is set with its name, `{word} h1 = 0.1`; \
                 for all layers it stands behind the rule, `rule R({word} = 0.1)`"
            )),
            None if self.unclosed => Some("is a `}` missing before it?".to_owned()),
            None => self.elsewhere().map(str::to_owned),
        }
    }
}

impl SyntaxError {
    /// How something is said here that other languages say so.
    fn elsewhere(&self) -> Option<&'static str> {
        let expects = |what: &str| self.expected.iter().any(|expected| expected == what);
        match self.found.as_deref()? {
            "if" if expects("an operator") => {
                Some("a choice begins with its condition: `if c then a else b`")
            }
            "*" if expects("a number, a name or `(`") => Some("a power is `a ^ 2`"),
            ")" | "," if self.expected == ["`=`"] => {
                Some("a hyper-parameter has a default, and a setting a value: `lr = 0.1`")
            }
            _other => None,
        }
    }
}

/// Terminals that always come together, and what they are called.
struct Group {
    /// The group is meant if all of these are expected.
    signature: &'static [&'static str],
    /// Its name.
    name: &'static str,
    /// What the name stands for besides the signature.
    members: &'static [&'static str],
}

/// From the most telling to the least.
const GROUPS: [Group; 10] = [
    Group {
        signature: &["rule", "fn", "experiment"],
        name: "an item (`rule`, `fn`, `cost`, `network` or `experiment`)",
        members: &["cost", "network"],
    },
    Group {
        signature: &["neuron", "synapse"],
        name: "a member of the rule (`neuron`, `synapse`, `signal`, `phase`, `learn`, `predict` or `check`)",
        members: &["signal", "phase", "learn", "predict", "check"],
    },
    Group {
        signature: &["clamp", "sweep"],
        name: "an equation, `clamp`, `release`, `sweep` or `in turn`",
        members: &["release", "in", "name", "input", "hidden", "output"],
    },
    Group {
        signature: &["rule", "data", "name"],
        name: "a clause (`rule`, `network`, `cost`, `data`, `batch`, `epochs`, … or a hyper-parameter)",
        members: &["network", "cost", "validation", "batch", "epochs", "updates", "seed", "precision"],
    },
    Group {
        signature: &["expect", "set", "init"],
        name: "`expect` or a setting (`network`, `cost`, `data`, `batch`, `seed`, `precision`, `steps`, `set` or `init`)",
        members: &["network", "cost", "data", "batch", "seed", "precision", "steps"],
    },
    Group {
        signature: &["state", "let", "param"],
        name: "`state`, `let` or `param`",
        members: &["input", "hidden", "output"],
    },
    Group {
        signature: &["number", "text", "if"],
        name: "an expression",
        members: &["name", "(", "-", "not"],
    },
    Group { signature: &["=", "+=", "-="], name: "an assignment (`=`, `+=`, `-=`)", members: &[] },
    Group { signature: &["number", "text", "name"], name: "a number, a name or `(`", members: &["(", "-"] },
    Group {
        signature: &["@", "^"],
        name: "an operator",
        members: &["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "(", "[", ".", "'"],
    },
];

/// The list of terminals as the user knows them: grouped, closing brackets first, operators last.
fn in_words(terminals: &[String]) -> Vec<String> {
    let mut left: Vec<&str> = terminals.iter().map(|terminal| terminal.trim_matches('"')).collect();
    let mut words = Vec::new();
    let mut operator = None;
    for group in &GROUPS {
        if group.signature.iter().all(|terminal| left.contains(terminal)) {
            left.retain(|t| !group.signature.contains(t) && !group.members.contains(t));
            if group.name == "an operator" {
                operator = Some(group.name.to_owned());
            } else {
                words.push(group.name.to_owned());
            }
            drop_soft_words(&mut left, group);
        }
    }
    if left.contains(&"name") {
        words.push("a name".to_owned());
        left.retain(|terminal| *terminal != "name" && !crate::token::Word::is_soft(terminal));
    }
    left.sort_by_key(|terminal| (!matches!(*terminal, ")" | "]" | "}"), *terminal));
    words.extend(left.into_iter().filter(|terminal| *terminal != "bad").map(in_word));
    words.extend(operator);
    words
}

/// Where a name can stand, every soft keyword can: they say nothing.
fn drop_soft_words(left: &mut Vec<&str>, group: &Group) {
    if group.signature.contains(&"name") || group.members.contains(&"name") {
        left.retain(|terminal| !crate::token::Word::is_soft(terminal));
    }
}

/// One terminal as the user knows it.
fn in_word(terminal: &str) -> String {
    match terminal {
        "newline" => "the end of the statement".to_owned(),
        "number" => "a number".to_owned(),
        "text" => "a text in quotes".to_owned(),
        keyword => format!("`{keyword}`"),
    }
}
