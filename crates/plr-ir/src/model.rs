//! A rule on a network, as those who run it see it: its parameters, the programs it consists of, what each equation
//! may read, and what it claims.
//!
//! # Names
//!
//! | name | is |
//! |---|---|
//! | `W/input->h1` | the instance of synapse parameter `W` on the edge from `input` to `h1` |
//! | `b/h1` | the instance of unit parameter `b` in layer `h1`; `P.b/h1` in a named population |
//! | `data`, `target` | the minibatch, `real[batch, features]` and `real[batch, outputs]`, or with steps, [`Shape`] |
//! | `state/free/s/h1` | state `s` of layer `h1` at the end of phase `free` |
//! | `every_step/free/s/h1` | what a state, a `let`, a trace or a signal was at the end of each step, `real[batch, steps, …]` |
//! | `prediction/free`, `loss/free` | what would be predicted then, `real[batch, steps, outputs]`, and its cost |
//! | `increment/W/input->h1`, `new/W/input->h1` | what one presentation adds to a parameter, and the parameter after it |
//! | `prediction`, `loss`, `cost` | per sample and output unit, per sample, and the mean over samples |
//! | `steps/free`, `residual/free` | how long a phase with a tolerance ran, and what it reached |

mod check;
mod first;
mod locality;

use crate::choices::Choices;
use crate::pass;
use crate::program::Program;
use crate::types::{Precision, count};

pub use check::{
    Check, Claim, Comparison, DRAWS, DataLaw, Holding, Measure, Metric, Reference, Sampling, UPDATES,
    Workshop,
};
pub use first::{Init, Parameter};
pub use locality::{Equation, Owner, Pattern, Reading};

/// Where in training a presentation is: the inputs of a program that are neither parameters nor samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Count {
    /// The number of the epoch, from 1.
    Epoch,
    /// The number of the minibatch in its epoch, from 1.
    Minibatch,
    /// How many minibatches the epoch has.
    Minibatches,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Epoch, Self::Minibatch, Self::Minibatches];

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|count| count.name() == name)
    }

    /// What rules and programs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Minibatch => "minibatch",
            Self::Minibatches => "minibatches",
        }
    }
}

/// A state of one layer, or a trace of the synapses between two, that goes on from one presentation to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its name, `s/h1`, `W.e/input->h1`: an input of the programs marked ‡ of [`Piece`], and an output of [`Piece::Update`].
    pub name: String,
    /// The dimensions of what each sample, or place in the minibatch, has: the units, or the synapses.
    pub dims: Vec<usize>,
    /// The value with which a sample, or a place in the minibatch, begins its first presentation.
    pub first: f64,
    /// To which presentation it goes on.
    pub keeping: Keeping,
}

impl Kept {
    /// How many numbers each sample, or place in the minibatch, has.
    pub fn width(&self) -> usize {
        count(&self.dims)
    }

    /// The dimensions of those of so many samples or places.
    pub fn rows(&self, rows: usize) -> Vec<usize> {
        std::iter::once(rows).chain(self.dims.iter().copied()).collect()
    }
}

/// To which presentation a state goes on from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// To the next one of the same sample.
    Sample,
    /// To the next one at the same place in a minibatch.
    Place,
}

/// The programs a rule on a network consists of. All take the parameters and `data`; those marked † take `target` too, and
/// those marked ‡ also what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// ‡ One presentation: the learned parameters and kept states after it, under their own names, and `steps/…`,
    /// `residual/…`.
    Update,
    /// ‡ One presentation with everything inside: `state/…`, `increment/…`, `new/…`, `steps/…`, `residual/…`.
    Probe,
    /// ‡ As `Probe`, and at the end of every step `every_step/…`, `prediction/…` and `loss/…`.
    EveryStep {
        /// Whether `loss/…` is wanted.
        cost: bool,
    },
    /// The presentation up to what the prediction needs: `prediction`.
    Predict,
    /// † As `Predict`, and `loss`.
    Evaluate,
    /// ‡ The presentation up to the end of a phase, from the phase's position in the rule: `cost`.
    Cost(usize),
    /// ‡ As `Cost`, with the values that gradients do not flow through detached.
    CutCost(usize),
    /// ‡ The presentation up to the end of a phase that writes a state, by its position among all variables, with `nudge/x/h1`
    /// added wherever it does: `prediction`, to which `nudge` is added, and its `loss`.
    Nudged {
        /// The state.
        state: usize,
        /// The phase.
        phase: usize,
    },
    /// ‡ One step of a phase from given states: inputs `state/s/h1` for every state the phase moves, outputs the same
    /// names after the step, `cost` of the *given* states, and the largest change as `residual`.
    Step(usize),
    /// † One equation alone, from given states, stored states and parameters: `value`. See [`Equation`].
    Equation(usize),
    /// ‡ The presentation up to the end of a phase, and there the sum over units and layers of a unit's expression that a
    /// check observes, by the observation's number: `cost`, its mean over samples. What is held is detached.
    Objective {
        /// The observation's number.
        observation: usize,
        /// The phase.
        phase: usize,
        /// What is held.
        holding: Holding,
        /// Whether gradients do not flow where the rule or the expression cuts them.
        cut: bool,
    },
    /// ‡ The presentation without learning, and what a check observes at its end, by the observation's number:
    /// `first/W/input->h1` for every site and, where two values are compared, `second/…` of the same shape. Where it looks
    /// at increments, all of them are inputs, `increment/…`.
    Observe(usize),
}

/// A rule specialised to a network, hyper-parameters and cost: what a session runs and a check examines.
pub trait Model {
    /// The rule's name.
    fn name(&self) -> &str;
    /// Everything that is kept between presentations, in a fixed order.
    fn parameters(&self) -> &[Parameter];
    /// The states and traces that go on from one presentation to another, in a fixed order.
    fn kept(&self) -> &[Kept];
    /// What a sample is.
    fn shape(&self) -> Shape;
    /// The names of the phases in order.
    fn phases(&self) -> &[String];
    /// Every equation on every layer or edge.
    fn equations(&self) -> &[Equation];
    /// What synapses keep of each sample of a minibatch, and what is stored of each step of a phase: names with dimensions. All
    /// are there at once.
    fn traces(&self, batch: usize) -> Vec<(String, Vec<usize>)>;
    /// A program for minibatches of `batch` samples, optimised; `None` if the rule has no such piece
    /// (a rule without `predict` has no prediction, cost or loss).
    fn program(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program>;
    /// Why there is no program of a piece, in sentences for the user, if anything is known of it.
    fn missing(&self, _piece: Piece) -> Option<String> {
        None
    }
    /// As `program`, without [`Op::Map`](crate::Op::Map).
    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program>;
    /// Optimises a program made of [`Self::unfused`] ones, as [`Self::program`] does.
    fn optimise(&self, program: &mut Program) {
        pass::optimise(program, pass::Options::default());
    }
    /// How its programs are to be compiled.
    fn choices(&self) -> Choices {
        Choices::default()
    }
}

/// What the samples of a rule on a network are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The number of features of the input.
    pub features: usize,
    /// The number of units of the output layer.
    pub outputs: usize,
    /// For a rule that has a phase over time.
    pub sequence: Option<Sequence>,
}

/// How a sample is presented over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// For how many steps, at least 1.
    pub steps: u32,
    /// Whether each step has features of its own.
    pub data: bool,
    /// Whether each step has a target of its own.
    pub target: bool,
}

impl Shape {
    /// The dimensions of `data`: `[batch, features]`, or `[batch, steps, features]`.
    pub fn data(&self, batch: usize) -> Vec<usize> {
        let steps = self.sequence.filter(|s| s.data).map(|s| s.steps as usize);
        [Some(batch), steps, Some(self.features)].into_iter().flatten().collect()
    }

    /// The dimensions of `target`: `[batch, outputs]`, or `[batch, steps, outputs]`.
    pub fn target(&self, batch: usize) -> Vec<usize> {
        let steps = self.sequence.filter(|s| s.target).map(|s| s.steps as usize);
        [Some(batch), steps, Some(self.outputs)].into_iter().flatten().collect()
    }
}
