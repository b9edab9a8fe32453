//! Operations over layers with space.

use plr_ir::Type;
use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::{ConvolveForm, PoolKind, Value};

use super::{ConvolveTask, Lowering, Task};
use crate::convolve::{Convolve, Lanes};
use crate::window::Windows;

impl Lowering<'_> {
    /// Lowers one of the sums of a convolution.
    pub(super) fn convolve(
        &mut self,
        form: ConvolveForm,
        geometry: &Convolution,
        factors: [Value; 2],
        result: Value,
    ) {
        let [lhs, rhs] = factors.map(|factor| self.stored(factor));
        let samples = self.type_of(lhs).dims[0];
        let convolve = Convolve { form, geometry: *geometry, high: layer(geometry.high()), samples };
        self.define(result);
        if let Some(lanes) = self.lanes() {
            let sum = Box::new(Lanes::new(&convolve, lanes));
            return self.push(Task::Lanes { sum, lhs, rhs, result });
        }
        let room = self.fresh(Type::real([convolve.parts() * convolve.room()]));
        self.push(Task::Convolve(ConvolveTask { convolve, lhs, rhs, room, result }));
    }

    /// Lowers pooling; without a kind its adjoint.
    pub(super) fn windows(
        &mut self,
        kind: Option<PoolKind>,
        geometry: &Pooling,
        inputs: Vec<Value>,
        result: Value,
    ) {
        let inputs: Vec<Value> = inputs.into_iter().map(|input| self.stored(input)).collect();
        let samples = if self.lanes().is_some() { 1 } else { self.type_of(result).dims[0] };
        let planes = samples * geometry.low.channels;
        let lanes = self.lanes().unwrap_or(1);
        let windows = Windows { kind, geometry: *geometry, high: layer(geometry.high()), planes, lanes };
        self.define(result);
        self.push(Task::Windows { windows, inputs, result });
    }
}

/// Verified programs have no geometry of which nothing comes.
fn layer(grid: Option<Grid>) -> Grid {
    let Some(grid) = grid else { unreachable!("verified programs have layers with positions") };
    grid
}
