//! Nudges: how a prediction depends on a state, whose equations get one more summand each, an input of the program.

use std::collections::HashMap;

use plr_ir::scalar::BinaryOp;
use plr_ir::{Type, Value};

use crate::equation;
use crate::hir::{PhaseId, VariableId};
use crate::network::LayerId;

use super::environment::{Cell, Unavailable};
use super::expression::Lowerer;

/// What is added to a state wherever a phase writes it.
#[derive(Clone, Debug)]
pub struct Nudges {
    variable: VariableId,
    phase: PhaseId,
    by_layer: HashMap<LayerId, Value>,
}

impl Lowerer<'_> {
    /// From here on the phase writes the state with an input `nudge/x/h1` added, `real[batch, units]`.
    pub fn nudge(&mut self, variable: VariableId, phase: PhaseId) {
        let setting = self.setting;
        let mut by_layer = HashMap::new();
        for layer in equation::layers(variable, None, &setting.rule, &setting.network) {
            let name = format!("nudge/{}", setting.state_name(variable, layer));
            let dims = [self.batch, setting.units_of(variable, layer)];
            by_layer.insert(layer, self.b.input(name, Type::real(dims)));
        }
        self.nudges = Some(Nudges { variable, phase, by_layer });
    }

    /// What a phase writes.
    pub fn nudged(
        &mut self,
        (variable, layer): Cell,
        phase: PhaseId,
        value: Result<Value, Unavailable>,
    ) -> Result<Value, Unavailable> {
        let here = self.nudges.as_ref().filter(|n| n.variable == variable && n.phase == phase);
        match here.and_then(|nudges| nudges.by_layer.get(&layer)) {
            Some(&nudge) => Ok(self.b.binary(BinaryOp::Add, value?, nudge)),
            None => value,
        }
    }
}
