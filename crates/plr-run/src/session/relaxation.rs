//! Counting relaxations that were cut off before they reached their tolerance: reported, never silent (R7.13).

use plr_ir::program::Until;
use plr_ir::{Op, Program, Tensor, Value};

use crate::backend::number;

/// How often the relaxation of a phase ran out of steps before its tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct CutOff {
    /// The phase.
    pub phase: String,
    /// Presentations in which it was cut off.
    pub presentations: u64,
    /// The largest residual it was left with; NaN if one was.
    pub residual: f64,
}

impl CutOff {
    /// Adds what was counted elsewhere for the same phase.
    pub(super) fn merge(&mut self, other: &Self) {
        self.presentations += other.presentations;
        if other.residual.is_nan() || other.residual > self.residual {
            self.residual = other.residual;
        }
    }
}

/// A phase with a tolerance, as its program reports it.
#[derive(Clone, Debug)]
pub(super) struct Relaxation {
    /// The place of `residual/phase` among the outputs.
    output: usize,
    /// The tolerance as the program compares with it, in its precision.
    tolerance: f64,
    counted: CutOff,
}

/// The phases of a program that report a residual and end with a loop that has a tolerance.
pub(super) fn relaxations(program: &Program) -> Vec<Relaxation> {
    let report = |(output, name): (usize, &String)| {
        let phase = name.strip_prefix("residual/")?.to_owned();
        let tolerance = until(program, program.body.results[output])?.rounded(program.precision);
        Some(Relaxation { output, tolerance, counted: CutOff { phase, presentations: 0, residual: 0.0 } })
    };
    program.outputs.iter().enumerate().filter_map(report).collect()
}

/// When the loop ends whose last residual is `value`.
fn until(program: &Program, value: Value) -> Option<Until> {
    let maker = program.body.operations.iter().find(|operation| operation.results.last() == Some(&value))?;
    let Op::Repeat(repeat) = &maker.op else { return None };
    repeat.until
}

impl Relaxation {
    /// Looks at the outputs of one presentation.
    pub(super) fn observe(&mut self, outputs: &[Tensor]) {
        let residual = number(&outputs[self.output]);
        // Not `>=`: a residual that is NaN has not reached its tolerance either.
        if residual < self.tolerance {
            return;
        }
        let phase = self.counted.phase.clone();
        self.counted.merge(&CutOff { phase, presentations: 1, residual });
    }

    /// What was counted since the last call; `None` if nothing was cut off.
    pub(super) fn take(&mut self) -> Option<CutOff> {
        let cleared = CutOff { phase: self.counted.phase.clone(), presentations: 0, residual: 0.0 };
        let counted = std::mem::replace(&mut self.counted, cleared);
        (counted.presentations > 0).then_some(counted)
    }
}
