//! An equation whose result nothing sees, because another one writes the same state in the same step, or a clamp holds it.
//!
//! Allowed: `hidden x = 1;  output x = 2`. Forbidden: `x = 1;  output x = 2`, which both write `x` of the output layer.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// An equation whose result nothing sees.
#[derive(Debug)]
pub struct LostEquation {
    /// The equation that is lost.
    pub at: Span,
    /// What it writes.
    pub name: String,
    /// The layers where it is lost.
    pub layers: Vec<String>,
    /// What wins there.
    pub winner: Winner,
    /// Where that stands.
    pub other: Span,
}

/// What there is instead of a lost equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// Another equation that reads the values before the step, as the lost one does: no order tells which counts. Both may be increments.
    AtOnce {
        /// Both are `+=`, `-=` or rates.
        increments: bool,
    },
    /// A later equation of the step, and nothing reads the state in between.
    Later,
    /// A clamp.
    Clamp,
}

impl Finding for LostEquation {
    fn code(&self) -> &'static str {
        "lost_equation"
    }

    fn severity(&self) -> Severity {
        match self.winner {
            Winner::AtOnce { .. } => Severity::Error,
            Winner::Later | Winner::Clamp => Severity::Warning,
        }
    }

    fn message(&self) -> String {
        let name = &self.name;
        match self.winner {
            Winner::AtOnce { .. } => format!("two equations write `{name}` at once"),
            Winner::Later => format!("`{name}` is written again before anything reads it"),
            Winner::Clamp => format!("this equation never moves `{name}`"),
        }
    }

    fn primary(&self) -> Label {
        let layers = quoted(&self.layers);
        Label::new(
            self.at,
            match self.winner {
                Winner::AtOnce { .. } => format!("one writes it in {layers}"),
                Winner::Later => format!("what this writes in {layers} is lost"),
                Winner::Clamp => format!("it is held in {layers}"),
            },
        )
    }

    fn secondary(&self) -> Vec<Label> {
        let words = match self.winner {
            Winner::AtOnce { .. } => "and one here",
            Winner::Later => "written again here",
            Winner::Clamp => "held from here on",
        };
        vec![Label::new(self.other, words)]
    }

    fn help(&self) -> Option<String> {
        Some(match self.winner {
            Winner::AtOnce { increments: true } => {
                "both read the value before the step, so they do not add up: write one equation with both terms"
                    .to_owned()
            }
            Winner::AtOnce { increments: false } => {
                "write one equation for each layer, with `input`, `hidden` or `output` before it, or say in which order they \
                 run with `in turn { … }`"
                    .to_owned()
            }
            Winner::Later if self.layers == ["input"] => {
                format!("write `clamp input {} = …`: no equation writes what is held", self.name)
            }
            Winner::Later => {
                "leave it out or, if the other is to read it, write both into `in turn { … }`".to_owned()
            }
            Winner::Clamp => format!("leave it out, or `release {}` first", self.name),
        })
    }
}

/// `` `h1` and `h2` ``
fn quoted(layers: &[String]) -> String {
    let quoted: Vec<String> = layers.iter().map(|layer| format!("`{layer}`")).collect();
    match &quoted[..] {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        other => other.concat(),
    }
}
