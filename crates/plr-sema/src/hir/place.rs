//! Where a value is read: at which unit, and with which others it is taken together.

use plr_ir::geometry::Grid;
use plr_syntax::span::Span;

use super::Expr;

/// Where a variable is read, relative to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The reader's own unit (in a unit's equation).
    Own,
    /// The presynaptic unit (in a synapse's equation).
    Pre,
    /// The postsynaptic unit (in a synapse's equation).
    Post,
    /// The unit at the other end of the synapses being summed (inside `W @ …`).
    Sender,
    /// The input layer (in a signal or a prediction).
    Input,
    /// The output layer (in a signal or a prediction).
    Output,
    /// Each hidden layer in turn (in a reduction of a signal or a prediction).
    Hidden,
}

/// Where a unit is in its layer (R5.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coordinate {
    /// Its place among all units, from 0.
    Index,
    /// Its channel.
    Channel,
    /// Its row.
    Row,
    /// Its column.
    Column,
}

impl Coordinate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Index, Self::Channel, Self::Row, Self::Column];

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coordinate| coordinate.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Channel => "channel",
            Self::Row => "row",
            Self::Column => "column",
        }
    }

    /// Of a unit of a layer with these channels, rows and columns; without them each unit is a channel.
    pub fn of(self, unit: usize, space: Option<Grid>) -> usize {
        let (height, width) = space.map_or((1, 1), |space| (space.height, space.width));
        match self {
            Self::Index => unit,
            Self::Channel => unit / (height * width),
            Self::Row => unit / width % height,
            Self::Column => unit % width,
        }
    }
}

/// The units of a layer with which one is reduced and ranked (R5.19, R5.21), as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The channels of its place.
    Channels,
    /// The places of its channel.
    Places,
    /// So many channels of its place, of which it is one; a constant.
    Groups(Box<Expr>),
}

impl Part {
    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "channels" => Some(Self::Channels),
            "places" => Some(Self::Places),
            _ => None,
        }
    }
}

/// The units of a layer with which one is reduced and ranked, in a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Share {
    /// All of them.
    #[default]
    Layer,
    /// The channels of its place.
    Channels,
    /// The places of its channel.
    Places,
    /// So many channels of its place.
    Groups {
        /// How many; whether there are groups of that size is another question.
        size: f64,
        /// Where it is written.
        at: Span,
    },
}

/// Reductions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}
