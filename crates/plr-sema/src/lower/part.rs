//! What the units of a layer, or of a part of it, make of each other: reductions, ranks and running sums (R5.10, R5.13, R5.15,
//! R5.19, R5.21).

use plr_ir::Value;
use plr_ir::program::ReduceKind;

use crate::group::{Evaluator, groups_of};
use crate::hir::{Expr, ExprKind, Part, Place, Reduction, Share};

use super::environment::Unavailable;
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

/// A layer's units along several axes instead of one.
struct Parts {
    /// How many along each.
    dims: Vec<usize>,
    /// The one along which there are the units of a part.
    axis: usize,
}

impl Lowerer<'_> {
    /// A reduction, or a function of such, over a part of the layer; what it is given is evaluated as around it.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    pub fn over(&mut self, share: Share, reduced: &Expr, cx: Context<'_>) -> Evaluated {
        let within = Context { share, ..cx };
        if let (Share::Synapses(_), Axes::SHARED) = (share, cx.own) {
            return Err(Unavailable::Inseparable { at: reduced.span });
        }
        match &reduced.kind {
            ExprKind::Layer(reduction, a) => {
                let a = self.evaluate(a, cx)?;
                self.among_part(Among::Reduced(*reduction), a, within)
            }
            ExprKind::Rank(a) => {
                let a = self.evaluate(a, cx)?;
                self.among_part(Among::Ranked, a, within)
            }
            ExprKind::RunningSum(a) => {
                let a = self.evaluate(a, cx)?;
                self.among_part(Among::SummedSoFar, a, within)
            }
            ExprKind::Call { function, primed, arguments, settings, .. } => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.evaluate(a, cx)).collect();
                let given = settings.iter().map(|s| s.as_ref().map(|s| self.evaluate(s, cx)));
                let settings: Vec<_> = given.collect();
                self.call(*function, *primed, &arguments, &settings, None, reduced.span, within)
            }
            _ => unreachable!("resolution finds only these to be about a layer"),
        }
    }

    /// Likewise, over a part as it is written.
    pub fn over_part(&mut self, part: &Part, reduced: &Expr, cx: Context<'_>) -> Evaluated {
        self.over(self.setting.rule.share(part, &self.setting.library), reduced, cx)
    }

    /// Over the units of the layer, or the part of it that the context says.
    fn among_part(&mut self, among: Among, x: Term, cx: Context<'_>) -> Evaluated {
        let extents = cx.extents;
        let x = term::as_number(&mut self.b, &extents, x);
        if let Share::Synapses(end) = cx.share {
            return Ok(self.among_synapses(among, x, end, cx));
        }
        let Some(Parts { dims: parts, axis }) = self.parts(cx)? else {
            return Ok(match among {
                Among::Reduced(reduction) => {
                    self.reduction(reduction, x, Axes::UNIT, extents.units, &extents)
                }
                Among::Ranked => term::rank(&mut self.b, &extents, x),
                Among::SummedSoFar => term::running_sum(&mut self.b, &extents, x, Axes::UNIT),
            });
        };
        let x = term::widen(&mut self.b, &extents, x, Axes::UNIT);
        let units = self.b.type_of(x.value).dims.clone();
        let mut dims = units[..units.len() - 1].to_vec();
        let axis = dims.len() + axis;
        dims.extend(parts);
        let spread = self.b.reshape(x.value, &dims);
        let found = match among {
            Among::Reduced(reduction) => {
                let folded = self.folded(reduction, spread, axis);
                self.spread(folded, axis, &dims)
            }
            Among::SummedSoFar => self.b.running_sum(spread, axis),
            Among::Ranked if axis == dims.len() - 1 => self.b.rank(spread),
            Among::Ranked => {
                let turned = self.turned(spread);
                let ranked = self.b.rank(turned);
                self.turned(ranked)
            }
        };
        Ok(Term { value: self.b.reshape(found, &units), ..x })
    }

    /// Over the synapses that have one end in common (R5.24). In a one-to-one projection each is the only one.
    fn among_synapses(&mut self, among: Among, x: Term, end: Place, cx: Context<'_>) -> Term {
        let extents = cx.extents;
        if cx.own == Axes::UNIT {
            return if let Among::Ranked = among { term::number(&mut self.b, 0.0) } else { x };
        }
        let (axis, count) =
            if end == Place::Post { (Axes::PRE, extents.pre) } else { (Axes::UNIT, extents.units) };
        match among {
            Among::Reduced(reduction) => self.reduction(reduction, x, axis, count, &extents),
            Among::SummedSoFar => term::running_sum(&mut self.b, &extents, x, axis),
            Among::Ranked => {
                let x = term::widen(&mut self.b, &extents, x, axis);
                let last = axis == Axes::PRE || !x.axes.contains(Axes::PRE);
                let value = if last {
                    self.b.rank(x.value)
                } else {
                    let turned = self.turned(x.value);
                    let ranked = self.b.rank(turned);
                    self.turned(ranked)
                };
                Term { value, ..x }
            }
        }
    }

    /// The units by channel and place, and the channels by group, if a part of the layer is meant; without rows and columns
    /// each unit is a channel.
    fn parts(&self, cx: Context<'_>) -> Result<Option<Parts>, Unavailable> {
        let group = match (cx.sender, cx.reader) {
            (Some(group), _) | (None, Evaluator::Unit(group)) => group,
            (None, Evaluator::Synapse(..) | Evaluator::Nobody) => return Ok(None),
        };
        let [channels, places] = self.setting.rule.channels_and_places(&self.setting.network, group);
        Ok(match cx.share {
            Share::Layer | Share::Synapses(_) => None,
            Share::Channels => Some(Parts { dims: vec![channels, places], axis: 0 }),
            Share::Places => Some(Parts { dims: vec![channels, places], axis: 1 }),
            Share::Groups { size, at } => {
                let several = places > 1;
                let none = Unavailable::NotGrouped { layer: group.layer, channels: several, size, at };
                let size = groups_of(size, channels).ok_or(none)?;
                let mut dims = vec![channels / size, size];
                dims.extend(several.then_some(places));
                Some(Parts { dims, axis: 1 })
            }
        })
    }

    /// A reduction along an axis.
    pub fn folded(&mut self, reduction: Reduction, x: Value, axis: usize) -> Value {
        let count = self.b.type_of(x).dims[axis];
        let kind = match reduction {
            Reduction::Sum | Reduction::Mean => ReduceKind::Sum,
            Reduction::Max => ReduceKind::Max,
            Reduction::Min => ReduceKind::Min,
        };
        let mut folded = self.b.reduce(kind, x, &[axis]);
        if reduction == Reduction::Mean {
            let count = self.b.constant(count as f64, &self.b.type_of(folded).dims.clone());
            folded = self.b.binary(plr_ir::scalar::BinaryOp::Div, folded, count);
        }
        folded
    }

    /// The same for each element along another axis.
    pub fn spread(&mut self, x: Value, axis: usize, dims: &[usize]) -> Value {
        let others: Vec<usize> = (0..dims.len()).filter(|&other| other != axis).collect();
        self.b.broadcast(x, &others, dims)
    }

    /// With the last two axes exchanged.
    fn turned(&mut self, x: Value) -> Value {
        let one = self.b.constant(1.0, &[]);
        let spec = match self.b.type_of(x).rank() {
            2 => "cp,->pc",
            3 => "bcp,->bpc",
            _ => "bgcp,->bgpc",
        };
        self.b.contract(spec, x, one)
    }
}
