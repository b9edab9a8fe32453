//! Layers with rows and columns (R15.7), and what lies between two layers: kernels (R15.8) and pooling windows (R15.9).

use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::PoolKind;
use plr_syntax::ast::{ChainLayer, Expr, Extents, Name, Units};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_network::Flaw;
use crate::network::Join;

use super::Library;
use super::network::{count, flaw, number_of_units};

/// What a layer is written to consist of.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// So many units.
    Count(usize),
    /// Units in rows and columns.
    Grid(Grid),
    /// Channels that see the layer below through a kernel.
    Kernel(Window),
}

impl Shape {
    /// Whether its units have weights of their own through their kernel.
    pub fn is_local(self) -> bool {
        matches!(self, Self::Kernel(Window { local: true, .. }))
    }

    /// How many units that is, once the rows and columns are known.
    pub fn units(self, space: Option<Grid>) -> usize {
        match self {
            Self::Count(units) => units,
            Self::Grid(_) | Self::Kernel(_) => space.map_or(0, Grid::units),
        }
    }
}

/// A window that moves over a layer: a kernel or a pooling window.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The channels that a kernel makes.
    channels: usize,
    /// Rows and columns.
    size: usize,
    /// How far it moves at a time.
    stride: usize,
    /// How far it reaches over the edges.
    padding: usize,
    /// Whether each of its places has weights of its own.
    local: bool,
    /// Where it is written.
    at: Span,
}

/// The shape of a layer, as far as it follows from its own text.
pub fn shape(layer: &ChainLayer, library: &Library, findings: &mut Findings) -> Option<Shape> {
    match &layer.units {
        Units::Count(units) => count(units, library, findings).map(Shape::Count),
        Units::Grid(extents, at) => grid(*extents, *at, findings).map(Shape::Grid),
        Units::Convolution(channels, words) | Units::Local(channels, words) => {
            let local = matches!(layer.units, Units::Local(..));
            let channels = count(channels, library, findings)?;
            let [size, stride, padding] = geometry(words, [None, Some(1), Some(0)], layer.span, findings)?;
            Some(Shape::Kernel(Window { channels, size, stride, padding, local, at: layer.span }))
        }
        Units::AveragePool(..) | Units::MaxPool(..) => flaw(layer.span, Flaw::Pool, findings),
    }
}

/// Whether it is no layer but a pooling window.
pub fn is_pool(layer: &ChainLayer) -> bool {
    matches!(layer.units, Units::AveragePool(..) | Units::MaxPool(..))
}

/// A pooling window as written: as far apart as it is large if it does not say.
pub fn pool(layer: &ChainLayer, library: &Library, findings: &mut Findings) -> Option<(PoolKind, Window)> {
    let (kind, size, words): (_, &Expr, _) = match &layer.units {
        Units::AveragePool(size, words) => (PoolKind::Mean, size, words),
        Units::MaxPool(size, words) => (PoolKind::Max, size, words),
        Units::Count(_) | Units::Grid(..) | Units::Convolution(..) | Units::Local(..) => return None,
    };
    if layer.role.is_some() || layer.activation.is_some() {
        return flaw(layer.span, Flaw::Pool, findings);
    }
    let size = count(size, library, findings)?;
    let at = layer.span;
    let [size, stride, padding] = geometry(words, [Some(size), Some(size), Some(0)], at, findings)?;
    let plain = padding == 0 && !words.iter().any(|word| word.text.starts_with('k'));
    let window = Window { channels: 1, size, stride, padding, local: false, at };
    if plain { Some((kind, window)) } else { flaw(at, Flaw::Pool, findings) }
}

/// The numbers after `k`, `s` and `p`, each at most once.
fn geometry(
    words: &[Name],
    defaults: [Option<usize>; 3],
    at: Span,
    findings: &mut Findings,
) -> Option<[usize; 3]> {
    let mut given = [None; 3];
    for word in words {
        let place = ['k', 's', 'p'].iter().position(|&letter| word.text.starts_with(letter));
        let number = word.text.get(1..).and_then(|digits| digits.parse::<usize>().ok());
        let least = usize::from(!word.text.starts_with('p'));
        match (place, number.filter(|n| (least..=MOST_CELLS).contains(n))) {
            (Some(place), Some(number)) if given[place].is_none() => given[place] = Some(number),
            (_, _) => return flaw(word.span, Flaw::Geometry(word.text.clone()), findings),
        }
    }
    let [size, stride, padding] = [0, 1, 2].map(|i| given[i].or(defaults[i]));
    match (size, stride, padding) {
        (Some(size), Some(stride), Some(padding)) => Some([size, stride, padding]),
        (_, _, _) => flaw(at, Flaw::NoKernel, findings),
    }
}

/// The most rows, columns, or cells of padding.
const MOST_CELLS: usize = 1_000_000;

fn grid([channels, rows, columns]: Extents, at: Span, findings: &mut Findings) -> Option<Grid> {
    let [channels, height, width] = [channels, rows, columns].map(|extent| extent as usize);
    let grid = Grid { channels, height, width };
    if number_of_units(grid.units() as f64).is_some() { Some(grid) } else { flaw(at, Flaw::Units, findings) }
}

/// How a layer sees the one below, which has the rows and columns `below`, and the rows and columns that it has itself.
pub fn seen(
    shape: Shape,
    below: Option<Grid>,
    pool: Option<(PoolKind, Window)>,
    findings: &mut Findings,
) -> Option<(Join, Option<Grid>)> {
    let (pool, below) = match pool {
        None => (None, below),
        Some((kind, window)) => {
            let low = with_space(below, window, findings)?;
            let pooling = Pooling { low, window: window.size, stride: window.stride };
            let high = fits(pooling.high(), window, low, findings)?;
            (Some((kind, pooling)), Some(high))
        }
    };
    let window = match shape {
        Shape::Count(_) => return Some((Join { pool, kernel: None }, None)),
        Shape::Grid(grid) => return Some((Join { pool, kernel: None }, Some(grid))),
        Shape::Kernel(window) => window,
    };
    let low = with_space(below, window, findings)?;
    let Window { channels, size, stride, padding, local, .. } = window;
    let kernel = Convolution { low, channels, kernel: size, stride, padding, local };
    let high = fits(kernel.high(), window, low, findings)?;
    if number_of_units(high.units() as f64).is_none() {
        return flaw(window.at, Flaw::Units, findings);
    }
    Some((Join { pool, kernel: Some(kernel) }, Some(high)))
}

fn with_space(below: Option<Grid>, window: Window, findings: &mut Findings) -> Option<Grid> {
    below.or_else(|| flaw(window.at, Flaw::NoSpace, findings))
}

fn fits(high: Option<Grid>, window: Window, low: Grid, findings: &mut Findings) -> Option<Grid> {
    let Window { size, padding, at, .. } = window;
    high.or_else(|| flaw(at, Flaw::DoesNotFit { size, padding, low: low.to_string() }, findings))
}

/// A layer as it is written.
pub fn text(shape: Shape) -> String {
    match shape {
        Shape::Count(units) => units.to_string(),
        Shape::Grid(grid) => grid.to_string(),
        Shape::Kernel(Window { channels, size, stride, padding, local, .. }) => {
            let word = if local { "local" } else { "conv" };
            let stride = if stride == 1 { String::new() } else { format!(" s{stride}") };
            let padding = if padding == 0 { String::new() } else { format!(" p{padding}") };
            format!("{word} {channels} k{size}{stride}{padding}")
        }
    }
}

/// A pooling window as it is written.
pub fn pool_text((kind, window): (PoolKind, Window)) -> String {
    let word = match kind {
        PoolKind::Mean => "avgpool",
        PoolKind::Max => "maxpool",
    };
    let stride = if window.stride == window.size { String::new() } else { format!(" s{}", window.stride) };
    format!("{word} {}{stride}", window.size)
}
