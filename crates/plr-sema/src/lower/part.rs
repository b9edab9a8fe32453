//! What the units of a layer, or of a part of it, make of each other: reductions, ranks and running sums (R5.10, R5.13, R5.15,
//! R5.19).

use plr_ir::Value;
use plr_ir::program::ReduceKind;

use crate::group::Evaluator;
use crate::hir::{Expr, ExprKind, Part, Reduction};

use super::expression::{Context, Evaluated, Lowerer};
use super::term::{self, Axes, Term};

/// What is made of a value of several units.
#[derive(Clone, Copy)]
pub enum Among {
    /// One number.
    Reduced(Reduction),
    /// The number of those before each.
    Ranked,
    /// The sum of each and those before it.
    SummedSoFar,
}

impl Lowerer<'_> {
    /// A reduction, or a function of such, over a part of the layer; what it is given is evaluated as around it.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    pub fn over(&mut self, part: Part, reduced: &Expr, cx: Context<'_>) -> Evaluated {
        let within = Context { part, ..cx };
        match &reduced.kind {
            ExprKind::Layer(reduction, a) => {
                let a = self.evaluate(a, cx)?;
                Ok(self.among_part(Among::Reduced(*reduction), a, within))
            }
            ExprKind::Rank(a) => {
                let a = self.evaluate(a, cx)?;
                Ok(self.among_part(Among::Ranked, a, within))
            }
            ExprKind::RunningSum(a) => {
                let a = self.evaluate(a, cx)?;
                Ok(self.among_part(Among::SummedSoFar, a, within))
            }
            ExprKind::Call { function, primed, arguments, settings } => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.evaluate(a, cx)).collect();
                let given = settings.iter().map(|s| s.as_ref().map(|s| self.evaluate(s, cx)));
                let settings: Vec<_> = given.collect();
                self.call(*function, *primed, &arguments, &settings, None, reduced.span, within)
            }
            _ => unreachable!("resolution finds only these to be about a layer"),
        }
    }

    /// Over the units of the layer, or the part of it that the context says.
    pub fn among_part(&mut self, among: Among, x: Term, cx: Context<'_>) -> Term {
        let extents = cx.extents;
        let x = term::as_number(&mut self.b, &extents, x);
        let Some([channels, places]) = self.parts(cx) else {
            return match among {
                Among::Reduced(reduction) => {
                    self.reduction(reduction, x, Axes::UNIT, extents.units, &extents)
                }
                Among::Ranked => term::rank(&mut self.b, &extents, x),
                Among::SummedSoFar => term::running_sum(&mut self.b, &extents, x),
            };
        };
        let x = term::widen(&mut self.b, &extents, x, Axes::UNIT);
        let units = self.b.type_of(x.value).dims.clone();
        let mut dims = units[..units.len() - 1].to_vec();
        let axis = dims.len() + usize::from(cx.part == Part::Places);
        dims.extend([channels, places]);
        let spread = self.b.reshape(x.value, &dims);
        let found = match among {
            Among::Reduced(reduction) => self.reduced_and_spread(reduction, spread, axis),
            Among::SummedSoFar => self.b.running_sum(spread, axis),
            Among::Ranked if cx.part == Part::Places => self.b.rank(spread),
            Among::Ranked => {
                let turned = self.turned(spread);
                let ranked = self.b.rank(turned);
                self.turned(ranked)
            }
        };
        Term { value: self.b.reshape(found, &units), ..x }
    }

    /// The channels and the places of a channel, if a part of the layer is meant; without rows and columns each unit is a
    /// channel.
    fn parts(&self, cx: Context<'_>) -> Option<[usize; 2]> {
        let group = match (cx.sender, cx.reader) {
            (Some(group), _) | (None, Evaluator::Unit(group)) if cx.part != Part::Layer => group,
            _ => return None,
        };
        let space = self.setting.rule.space(&self.setting.network, group);
        Some(space.map_or([self.setting.units(group), 1], |space| [space.channels, space.positions()]))
    }

    /// A reduction along an axis, for each element along it.
    fn reduced_and_spread(&mut self, reduction: Reduction, x: Value, axis: usize) -> Value {
        let dims = self.b.type_of(x).dims.clone();
        let kind = match reduction {
            Reduction::Sum | Reduction::Mean => ReduceKind::Sum,
            Reduction::Max => ReduceKind::Max,
            Reduction::Min => ReduceKind::Min,
        };
        let mut folded = self.b.reduce(kind, x, &[axis]);
        if reduction == Reduction::Mean {
            let count = self.b.constant(dims[axis] as f64, &self.b.type_of(folded).dims.clone());
            folded = self.b.binary(plr_ir::scalar::BinaryOp::Div, folded, count);
        }
        let others: Vec<usize> = (0..dims.len()).filter(|&other| other != axis).collect();
        self.b.broadcast(folded, &others, &dims)
    }

    /// With the last two axes exchanged.
    fn turned(&mut self, x: Value) -> Value {
        let one = self.b.constant(1.0, &[]);
        let spec = if self.b.type_of(x).rank() == 3 { "bcp,->bpc" } else { "cp,->pc" };
        self.b.contract(spec, x, one)
    }
}
