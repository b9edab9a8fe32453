//! Layers with two axes of space, and what joins them: convolutions and pooling windows.
//!
//! A tensor over such a layer is `[batch, units]`: its units are counted channel by channel, row by row.

use std::fmt::{self, Display, Formatter};

/// Channels, height and width of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Feature maps.
    pub channels: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

impl Grid {
    /// A layer without space: each unit is a channel.
    pub fn flat(units: usize) -> Self {
        Self { channels: units, height: 1, width: 1 }
    }

    /// So many times the channels.
    pub fn times(self, times: usize) -> Self {
        Self { channels: self.channels.saturating_mul(times), ..self }
    }

    /// Positions of a channel.
    pub fn positions(self) -> usize {
        self.height.saturating_mul(self.width)
    }

    /// All units.
    pub fn units(self) -> usize {
        self.channels.saturating_mul(self.positions())
    }
}

impl Display for Grid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

/// A square kernel that moves over a padded layer, or a kernel at each of its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// The layer the kernel moves over.
    pub low: Grid,
    /// The channels of the other layer.
    pub channels: usize,
    /// Rows, and columns, of the kernel.
    pub kernel: usize,
    /// How far it moves at a time.
    pub stride: usize,
    /// How far it reaches beyond the edges, where there are no units.
    pub padding: usize,
    /// Whether each place has weights of its own.
    pub local: bool,
}

/// How often a window of some size fits, moved by `stride` at a time.
fn fits(extent: usize, window: usize, stride: usize) -> Option<usize> {
    Some(extent.checked_sub(window)?.checked_div(stride)? + 1)
}

impl Convolution {
    /// The other layer: one position for each place of the kernel; `None` if there is no place, or if some place sees
    /// nothing but padding.
    pub fn high(&self) -> Option<Grid> {
        let reach = |extent: usize| extent.checked_add(self.padding.checked_mul(2)?);
        let place = |extent: usize| fits(reach(extent)?, self.kernel, self.stride);
        let (height, width) = (place(self.low.height)?, place(self.low.width)?);
        (self.padding < self.kernel).then_some(Grid { channels: self.channels, height, width })
    }

    /// The dimensions of the kernel: high channels, or units if each has its own weights, low channels, rows, columns.
    pub fn kernel_dims(&self) -> [usize; 4] {
        let units = || self.high().map_or(0, Grid::units);
        let rows = if self.local { units() } else { self.channels };
        [rows, self.low.channels, self.kernel, self.kernel]
    }

    /// The place along one axis of the low layer that the tap at `offset` sees from the kernel's place `at`.
    #[inline]
    pub fn seen(&self, at: usize, offset: usize, extent: usize) -> Option<usize> {
        (at * self.stride + offset).checked_sub(self.padding).filter(|&place| place < extent)
    }

    /// The pairs of units that the weights join.
    pub fn pairs(&self) -> usize {
        let Some(high) = self.high() else { return 0 };
        let along = |places: usize, extent: usize| {
            let taps = |at| (0..self.kernel).filter(move |&offset| self.seen(at, offset, extent).is_some());
            (0..places).map(|at| taps(at).count()).sum::<usize>()
        };
        let places = along(high.height, self.low.height) * along(high.width, self.low.width);
        places * self.low.channels * self.channels
    }
}

impl Display for Convolution {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { low, channels, kernel, stride, padding, local } = self;
        let Grid { channels: c, height, width } = low;
        write!(
            f,
            "layer ({c},{height},{width}) channels {channels} kernel {kernel} stride {stride} padding {padding}"
        )?;
        if *local { f.write_str(" local") } else { Ok(()) }
    }
}

/// Square windows over each channel of a layer, all of them inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pooling {
    /// The layer.
    pub low: Grid,
    /// Rows, and columns, of a window.
    pub window: usize,
    /// How far it moves at a time.
    pub stride: usize,
}

impl Pooling {
    /// The windows as a layer; `None` if there are none.
    pub fn high(&self) -> Option<Grid> {
        let place = |extent: usize| fits(extent, self.window, self.stride);
        let (height, width) = (place(self.low.height)?, place(self.low.width)?);
        (self.window > 0).then_some(Grid { channels: self.low.channels, height, width })
    }
}

impl Display for Pooling {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { low: Grid { channels, height, width }, window, stride } = self;
        write!(f, "layer ({channels},{height},{width}) window {window} stride {stride}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's places by walking over the padded layer.
    #[test]
    fn a_layer_has_as_many_positions_as_the_kernel_has_places() {
        for (extent, kernel, stride, padding) in [(28, 5, 1, 0), (7, 3, 2, 1), (6, 3, 1, 2), (5, 5, 3, 0)] {
            let low = Grid { channels: 2, height: extent, width: extent };
            let convolution = Convolution { low, channels: 3, kernel, stride, padding, local: false };
            let places = (0..).step_by(stride).take_while(|at| at + kernel <= extent + 2 * padding).count();
            let high = convolution.high().expect("there is a place");
            assert_eq!(high, Grid { channels: 3, height: places, width: places });
            let seen = |at| (0..kernel).filter_map(move |tap| convolution.seen(at, tap, extent)).count();
            let along: usize = (0..places).map(seen).sum();
            assert_eq!(convolution.pairs(), along * along * 6);
            assert_eq!(convolution.kernel_dims(), [3, 2, kernel, kernel]);
            let local = Convolution { local: true, ..convolution };
            assert_eq!((local.high(), local.pairs()), (Some(high), convolution.pairs()));
            assert_eq!(local.kernel_dims(), [3 * places * places, 2, kernel, kernel]);
        }
    }

    #[test]
    fn what_does_not_fit_has_no_layer() {
        let low = Grid { channels: 1, height: 4, width: 9 };
        let kernel =
            |kernel, stride, padding| Convolution { low, channels: 1, kernel, stride, padding, local: false };
        assert_eq!(kernel(5, 1, 0).high(), None);
        assert_eq!(kernel(3, 0, 0).high(), None);
        assert_eq!(kernel(2, 1, 2).high(), None);
        assert_eq!(Pooling { low, window: 5, stride: 1 }.high(), None);
        assert_eq!(Pooling { low, window: 0, stride: 1 }.high(), None);
        let high = Pooling { low, window: 2, stride: 2 }.high();
        assert_eq!(high, Some(Grid { channels: 1, height: 2, width: 4 }));
    }
}
