//! Pooling windows, sample by sample.

use plr_ir::geometry::{Grid, Pooling};
use plr_ir::program::PoolKind;
use plr_ir::scalar::{self, BinaryOp, Real};

/// What is done with windows, for each channel of a number of samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    /// What becomes of a window; of the adjoint none.
    pub(crate) kind: Option<PoolKind>,
    /// The windows.
    pub(crate) geometry: Pooling,
    /// The windows as a layer.
    pub(crate) high: Grid,
    /// Channels of all samples.
    pub(crate) planes: usize,
}

impl Windows {
    /// Elements of a plane of the input and of the result.
    pub(crate) fn planes(&self) -> [usize; 2] {
        let (low, high) = (self.geometry.low.positions(), self.high.positions());
        if self.kind.is_some() { [low, high] } else { [high, low] }
    }

    /// Roughly the number of machine instructions for a plane.
    pub(crate) fn work(&self) -> usize {
        self.high.positions() * self.geometry.window * self.geometry.window * 2
    }

    /// Computes one plane.
    pub(crate) fn run<T: Real>(&self, input: &[T], out: &mut [T]) {
        match self.kind {
            Some(PoolKind::Mean) => {
                let size = self.size();
                self.pool(input, out, |_| T::default(), |sum, x| sum + x, |sum| sum / size);
            }
            Some(PoolKind::Max) => {
                let larger = |a, b| scalar::binary(&mut T::Host::default(), BinaryOp::Max, a, b);
                self.pool(input, out, |first| first, larger, |largest| largest);
            }
            None => self.unpool(input, out),
        }
    }

    /// Folds each window, element by element, row by row, from what `begin` makes of its first element.
    fn pool<T: Real>(
        &self,
        input: &[T],
        out: &mut [T],
        begin: impl Fn(T) -> T,
        combine: impl Fn(T, T) -> T,
        finish: impl Fn(T) -> T,
    ) {
        let Pooling { low, window, stride } = self.geometry;
        for (v, row) in out.chunks_exact_mut(self.high.width).enumerate() {
            let lines = &input[v * stride * low.width..][..window * low.width];
            for (u, to) in row.iter_mut().enumerate() {
                let mut folded = begin(lines[u * stride]);
                for line in lines.chunks_exact(low.width) {
                    for &x in &line[u * stride..][..window] {
                        folded = combine(folded, x);
                    }
                }
                *to = finish(folded);
            }
        }
    }

    fn unpool<T: Real>(&self, input: &[T], out: &mut [T]) {
        let Pooling { low, window, stride } = self.geometry;
        out.fill(T::default());
        for (v, row) in input.chunks_exact(self.high.width).enumerate() {
            let lines = &mut out[v * stride * low.width..][..window * low.width];
            for (u, &x) in row.iter().enumerate() {
                for line in lines.chunks_exact_mut(low.width) {
                    line[u * stride..][..window].iter_mut().for_each(|to| *to = *to + x);
                }
            }
        }
        out.iter_mut().for_each(|to| *to = *to / self.size());
    }

    fn size<T: Real>(&self) -> T {
        T::from_f64((self.geometry.window * self.geometry.window) as f64)
    }
}
