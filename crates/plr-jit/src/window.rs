//! Pooling windows, sample by sample or of samples in lanes.

/// Makes a method of [`Windows`] that is another one, compiled for the widest vectors that the machine has: the same operations in
/// the same order, none of them fused, and so the same bits.
macro_rules! widest {
    ($(#[$attribute:meta])* $name:ident as $plain:ident($($argument:ident: $type:ty),*)) => {
        $(#[$attribute])*
        pub(crate) fn $name<T: Real>(&self, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f")]
                fn wide<T: Real>(windows: &Windows, $($argument: $type),*) {
                    windows.$plain($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                fn narrow<T: Real>(windows: &Windows, $($argument: $type),*) {
                    windows.$plain($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx512f") {
                    // SAFETY: the machine has the feature.
                    return unsafe { wide(self, $($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { narrow(self, $($argument),*) };
                }
            }
            self.$plain($($argument),*);
        }
    };
}

mod lanes;
mod largest;

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
    /// Channels of all samples; of samples that lie in lanes, of one.
    pub(crate) planes: usize,
    /// Samples that lie beside each other; 1 if they do not.
    pub(crate) lanes: usize,
}

impl Windows {
    /// Elements of a plane of the input and of the result.
    pub(crate) fn planes(&self) -> [usize; 2] {
        let (low, high) = (self.geometry.low.positions() * self.lanes, self.high.positions() * self.lanes);
        if self.kind.is_some() { [low, high] } else { [high, low] }
    }

    /// Roughly the number of machine instructions for a plane.
    pub(crate) fn work(&self) -> usize {
        self.high.positions() * self.geometry.window * self.geometry.window * 2 * self.lanes
    }

    widest! {
        /// Computes one plane.
        run as plane(input: &[T], out: &mut [T])
    }

    #[inline(always)]
    fn plane<T: Real>(&self, input: &[T], out: &mut [T]) {
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

    /// Folds each window, element by element, row by row, from what `begin` makes of its first element: one element of all
    /// windows of a row after the other.
    #[inline(always)]
    fn pool<T: Real>(
        &self,
        input: &[T],
        out: &mut [T],
        begin: impl Fn(T) -> T,
        combine: impl Fn(T, T) -> T,
        finish: impl Fn(T) -> T,
    ) {
        if self.lanes > 1 {
            return self.pool_lanes(input, out, begin, combine, finish);
        }
        let Pooling { low, window, stride } = self.geometry;
        for (v, row) in out.chunks_exact_mut(self.high.width).enumerate() {
            let lines = &input[v * stride * low.width..][..window * low.width];
            row.iter_mut().zip(lines.iter().step_by(stride)).for_each(|(to, &x)| *to = begin(x));
            for line in lines.chunks_exact(low.width) {
                for offset in 0..window {
                    let elements = line[offset..].iter().step_by(stride);
                    row.iter_mut().zip(elements).for_each(|(to, &x)| *to = combine(*to, x));
                }
            }
            row.iter_mut().for_each(|to| *to = finish(*to));
        }
    }

    #[inline(always)]
    fn unpool<T: Real>(&self, input: &[T], out: &mut [T]) {
        if self.lanes > 1 {
            return self.unpool_lanes(input, out);
        }
        let (Pooling { low, window, stride }, size) = (self.geometry, self.size());
        out.fill(T::default());
        for (v, row) in input.chunks_exact(self.high.width).enumerate() {
            let lines = &mut out[v * stride * low.width..][..window * low.width];
            for line in lines.chunks_exact_mut(low.width) {
                // Of the windows that share a unit the last begins nearest to it.
                for offset in (0..window).rev() {
                    let units = line[offset..].iter_mut().step_by(stride);
                    units.zip(row).for_each(|(to, &x)| *to = *to + x);
                }
            }
        }
        out.iter_mut().for_each(|to| *to = *to / size);
    }

    fn size<T: Real>(&self) -> T {
        T::from_f64((self.geometry.window * self.geometry.window) as f64)
    }
}
