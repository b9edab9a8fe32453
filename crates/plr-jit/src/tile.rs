//! Tiles: samples that do not talk to each other go through many operations together, a few samples at a time.
//!
//! ```text
//! drive = contract bj,ij->bi data W           tiles of 32 samples, on any thread:
//! s = repeat 30 (s = 0) {                         data' = 32 rows of data, transposed
//!   c = contract bi,ij->bj s V                    drive = contract ij,jb->ib W data'
//!   n = map tanh(c + drive)               =>      s = repeat 30 (s = 0) { … contract ij,ib->jb V s … }
//!   yield n                                       32 rows of s = s', transposed
//! }
//! new = contract bi,bj->ij s data             new = contract bi,bj->ij s data
//! ```
//!
//! 1. `axes` finds the *sample axis*: a class of axes that are always first, and that many operations keep. Nobody says which it
//!    is; it follows from how operations connect axes.
//! 2. `regions` collects the operations that treat every index of that axis by itself. Those that sum over it (what a
//!    learning rule does to its weights), or draw random numbers, which are numbered across samples, are not among them;
//!    but for the sums for a kernel, of which every tile has its own, added up in order when all are through. Nor are
//!    products of many weights with what is there before any tile, like the drive above where `W` is large.
//! 3. `lanes` rewrites a region as a program of its own for as many samples as a tile has, with the samples last: they lie in
//!    the lanes of vectors, so that products need no copies of weight matrices in another order. Samples that would leave too many
//!    lanes empty stay first.
//! 4. `turned` makes one exception: large matrices that loops would read across their rows again and again.
//!
//! The body of a loop is cut into tiles as a program is, if these have loops inside: so are presentations that are made
//! together.
//!
//! What an online rule computes has no samples, but the rows of its weights may be cut apart in the same way: then a row is read,
//! multiplied and updated while it is in the nearest cache, where it is in memory; or, by samples of several presentations, while
//! it is in the next one. Sums that run from row to row run from tile to tile too: then tiles are in an `order`.
//!
//! A tile goes through all steps of all loops on one thread without waiting for another, and its states stay in that
//! core's cache. Samples that are missing in a tile are zeros that nobody reads. Every result is computed by the same operations
//! as without tiles, so neither their size nor who computes them can be seen in it.

mod axes;
mod lanes;
mod order;
mod part;
mod regions;
mod step;
mod turned;

use plr_ir::program::{Operation, Program, Value};

pub(crate) use lanes::Region;
pub(crate) use regions::{Known, sections, sections_of_body};
pub(crate) use step::{Import, TileStep, Workspace};

/// A stretch of a program's body.
#[derive(Debug)]
pub(crate) enum Section {
    /// Operations, one after the other.
    Plain(Vec<Operation>),
    /// Operations to be run tile by tile.
    Tiled(Box<Region>),
}

/// The fewest samples for which tiles are made: fewer do not fill a vector.
const LEAST_SAMPLES: usize = 8;
/// Bytes of one feature of a tile of many samples: two of the widest vectors.
const BYTES_OF_MANY: usize = 128;
/// Bytes of one feature of a tile where there would be only one of those.
const BYTES_OF_FEW: usize = 64;

/// How a tile is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// How many samples it has room for.
    pub(crate) lanes: usize,
    /// Whether samples come first, each with its features beside each other, and not last.
    pub(crate) rows: bool,
}

/// The layout for so many samples. It depends on nothing but their number: results do not, either.
///
/// Samples are last where they fill vectors; where a quarter of the lanes or more would be empty, or one tile would have them all, features
/// are.
fn layout(samples: usize, bytes_of_real: usize) -> Layout {
    let Layout { lanes, .. } = layout_in_lanes(samples, bytes_of_real);
    let tiles = samples.div_ceil(lanes);
    if tiles > 1 && 4 * samples.div_ceil(tiles) > 3 * lanes {
        return Layout { lanes, rows: false };
    }
    layout_in_rows(samples, bytes_of_real)
}

/// The layout in which samples are first.
fn layout_in_rows(samples: usize, bytes_of_real: usize) -> Layout {
    let tiles = samples.div_ceil(layout_in_lanes(samples, bytes_of_real).lanes);
    // Two, so that two can work on them.
    Layout { lanes: samples.div_ceil(tiles.max(2)), rows: true }
}

/// The layout in which samples are last, however many of a tile's are missing.
fn layout_in_lanes(samples: usize, bytes_of_real: usize) -> Layout {
    let many = BYTES_OF_MANY / bytes_of_real;
    Layout { lanes: if samples >= 2 * many { many } else { BYTES_OF_FEW / bytes_of_real }, rows: false }
}

/// The layout for so many samples of layers with space, which are last in any case. Where a quarter of the lanes or more would be empty,
/// and vectors go on from place to place, there are no more lanes than samples.
fn layout_in_space(samples: usize, bytes_of_real: usize, goes_on: bool) -> Layout {
    let full = layout_in_lanes(samples, bytes_of_real);
    let lanes = samples.div_ceil(samples.div_ceil(full.lanes)).max(LEAST_SAMPLES);
    if goes_on && 4 * lanes <= 3 * full.lanes { Layout { lanes, rows: false } } else { full }
}

/// Bytes of the rows of weights of a tile, which should stay in the nearest cache.
const BYTES_OF_ROWS: usize = 32 << 10;

/// The layout for so many rows of weights of so many bytes: if possible without a remainder.
fn layout_of_weights(rows: usize, bytes: usize) -> Layout {
    let most = (BYTES_OF_ROWS / bytes.max(1)).clamp(1, rows);
    let whole = (most.div_ceil(2)..=most).rev().find(|lanes| rows.is_multiple_of(*lanes));
    Layout { lanes: whole.unwrap_or(rows.div_ceil(rows.div_ceil(most))), rows: true }
}

/// Bytes of the rows of a matrix of a tile that are multiplied by other matrices, which should stay in a core's cache.
const BYTES_OF_MULTIPLIED_ROWS: usize = 256 << 10;

/// The layout for so many rows of so many bytes that are multiplied by other matrices: two tiles, so that two can work on them, or
/// more.
fn layout_of_multiplied(rows: usize, bytes: usize) -> Layout {
    let most = (BYTES_OF_MULTIPLIED_ROWS / bytes.max(1)).clamp(1, rows.div_ceil(2));
    Layout { lanes: rows.div_ceil(rows.div_ceil(most)), rows: true }
}

/// Whether a value is in a list, for lists that are short.
fn position(list: &[Value], value: Value) -> Option<usize> {
    list.iter().position(|&known| known == value)
}

/// The stretches of a program that has no sample axis.
fn plain(program: &Program) -> Vec<Section> {
    vec![Section::Plain(program.body.operations.clone())]
}
