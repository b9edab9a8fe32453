//! What a unit makes of its synapses together (R5.23), and a synapse of all those that have one of its ends (R5.24).

use plr_ir::program::ReduceKind;
use plr_ir::scalar::BinaryOp;
use plr_syntax::ast::{self, ExprKind as Tree};
use plr_syntax::span::Span;

use crate::check::shape_mismatch::Shapes;
use crate::hir::{Expr, ExprKind, Part, Place, Reduction, Rule, Synapse, SynapseId};

use super::expression::{hearer, mismatch, resolve, sender};
use super::function::{exactly, function_named, reduction, user_call};
use super::present::if_present;
use super::scope::{Reader, Scope};
use super::transmission::{made, untransposed};

/// `max(W + pre.x, over = W)` of a unit, `rank(W, over = post)` of a synapse; `None` if the call does not say so.
pub fn together(
    call: &ast::Call,
    setting: usize,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<Option<ExprKind>> {
    let over = &call.settings[setting].value;
    if let (Reader::Synapse(own), Tree::Name(word)) = (reader, &over.kind) {
        let end = match word.as_str() {
            "pre" => Some(Place::Pre),
            "post" => Some(Place::Post),
            _ => None,
        };
        if let Some(end) = end {
            return Some(of_an_end(call, setting, (own, end), scope));
        }
    }
    let synapse = named(over, scope.rule?)?;
    Some(of_a_unit(call, setting, synapse, reader, scope))
}

/// The synapse that `over` names, and whether those are meant that leave a unit.
fn named(over: &ast::Expr, rule: &Rule) -> Option<(SynapseId, bool)> {
    let (written, turned) = untransposed(over);
    let Tree::Name(name) = &written.kind else { return None };
    let weight = |s: &Synapse| s.name == *name && s.beside.is_none();
    Some((SynapseId(rule.synapses.iter().position(weight)?), turned))
}

/// Whether a call takes together what synapses make.
pub fn hears(call: &ast::Call, rule: &Rule) -> bool {
    call.settings.iter().any(|s| s.name.text == "over" && named(&s.value, rule).is_some())
}

/// A reduction over the synapses of a unit.
fn of_a_unit(
    call: &ast::Call,
    setting: usize,
    (synapse, turned): (SynapseId, bool),
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let population = hearer(call.span, reader, scope)?;
    let reduction = reduction(&call.name.text).filter(|_| !call.primed);
    let (Some(reduction), [argument], 1) = (reduction, &call.arguments[..], call.settings.len()) else {
        return mismatch(call.span, Shapes::OverSynapses, scope);
    };
    let (value, transposed) = made(argument, turned, synapse, scope)?;
    let transposed = transposed.unwrap_or(turned);
    sender((synapse, transposed), population, call.settings[setting].value.span, scope)?;
    let heard = Heard { rule: scope.rule?, synapse, transposed, span: call.span };
    Some(heard.reduced(reduction, value))
}

/// All synapses of a unit that end there or, transposed, leave it.
struct Heard<'r> {
    rule: &'r Rule,
    synapse: SynapseId,
    transposed: bool,
    span: Span,
}

impl Heard<'_> {
    fn reduced(&self, reduction: Reduction, value: Expr) -> ExprKind {
        match reduction {
            Reduction::Sum => self.arriving(ReduceKind::Sum, 0.0, value),
            Reduction::Max => self.arriving(ReduceKind::Max, f64::NEG_INFINITY, value),
            Reduction::Min => self.arriving(ReduceKind::Min, f64::INFINITY, value),
            Reduction::Mean => {
                let sum = self.arriving(ReduceKind::Sum, 0.0, value);
                let count = self.arriving(ReduceKind::Sum, 0.0, self.expr(ExprKind::Number(1.0)));
                ExprKind::Binary(BinaryOp::Div, Box::new(self.expr(sum)), Box::new(self.expr(count)))
            }
        }
    }

    /// What the synapses make that there are: one that a mask leaves out (R4.11) makes nothing.
    fn arriving(&self, together: ReduceKind, nothing: f64, value: Expr) -> ExprKind {
        let value = match self.rule.synapses[self.synapse.0].mask {
            None => value,
            Some(mask) => Expr { span: self.span, ..if_present(value, mask, nothing) },
        };
        ExprKind::Arrive {
            synapse: self.synapse,
            transposed: self.transposed,
            together,
            weight: Box::new(value),
            sent: Box::new(self.expr(ExprKind::Number(1.0))),
        }
    }

    fn expr(&self, kind: ExprKind) -> Expr {
        Expr { kind, span: self.span }
    }
}

/// A reduction, a rank, a running sum, or a function of these, over the synapses that have one end in common.
fn of_an_end(
    call: &ast::Call,
    setting: usize,
    (own, end): (SynapseId, Place),
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let reader = Reader::Synapse(own);
    let mut whole = call.clone();
    let setting = whole.settings.remove(setting);
    let arguments: Vec<Option<Expr>> = whole.arguments.iter().map(|a| resolve(a, reader, scope)).collect();
    let arguments = arguments.into_iter().collect::<Option<Vec<Expr>>>()?;
    let one = |arguments, scope: &mut Scope<'_>| {
        exactly(&whole, arguments, scope).map(|[a]: [Expr; 1]| Box::new(a))
    };
    let function = function_named(&call.name.text, scope);
    let kind = match (function, call.name.text.as_str()) {
        (Some(id), _) if scope.library.functions[id.0].layer_wide => {
            user_call(&whole, id, arguments, reader, scope)?
        }
        (None, "rank") => ExprKind::Rank(one(arguments, scope)?),
        (None, "running_sum") => ExprKind::RunningSum(one(arguments, scope)?),
        (None, name) if let Some(reduction) = reduction(name) => {
            ExprKind::Layer(reduction, one(arguments, scope)?)
        }
        _ => {
            scope.unknown("setting", "over", setting.name.span, Vec::new());
            return None;
        }
    };
    let weight = scope.rule?.weight_of(own);
    Some(ExprKind::Over(Part::Synapses(weight, end), Box::new(Expr { kind, span: call.span })))
}
