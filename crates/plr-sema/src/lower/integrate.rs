//! Equations of one moment: new values, and rates stepped by the phase's integrator (R7.15).

use plr_ir::Value;
use plr_ir::scalar::BinaryOp;

use crate::hir::{Dynamics, Integrator, PhaseId};
use crate::network::LayerId;

use super::environment::{Cell, Environment, Unavailable};
use super::expression::Lowerer;

/// What an equation gives a state.
type Written = (Cell, Result<Value, Unavailable>);

impl Lowerer<'_> {
    /// The new values of states by equations that all read `read`; those that give a rate are integrated together.
    pub fn evaluate_together(
        &mut self,
        equations: &[(&Dynamics, LayerId)],
        phase: PhaseId,
        read: &Environment,
    ) -> Vec<Written> {
        let integrator = self.setting.rule.phases[phase.0].integrator;
        let integrated = |d: &Dynamics| d.rate.is_some() && integrator != Integrator::Euler;
        let (rates, plain): (Vec<_>, Vec<_>) = equations.iter().partition(|(d, _)| integrated(d));
        let mut written = Vec::new();
        for (dynamics, layer) in plain {
            self.draw_for_state(phase.0, dynamics.variable, layer);
            written.push((
                (dynamics.variable, layer),
                self.state_value(&dynamics.value, (dynamics.variable, layer), read),
            ));
        }
        if !rates.is_empty() {
            written.extend(self.integrate(&rates, phase, integrator, read));
        }
        written
    }

    fn integrate(
        &mut self,
        rates: &[(&Dynamics, LayerId)],
        phase: PhaseId,
        integrator: Integrator,
        read: &Environment,
    ) -> Vec<Written> {
        let dt =
            self.setting.rule.phases[phase.0].dt.as_ref().map_or(f64::NAN, |dt| self.setting.constant(dt));
        let drawn = self.drawn();
        let first = self.rates(rates, phase, read);
        // Every stage of a step sees the same random numbers (R11.4).
        let next = |lowerer: &mut Self, read: &Environment| {
            lowerer.draw_again_from(&drawn);
            lowerer.rates(rates, phase, read)
        };
        match integrator {
            Integrator::Euler => self.advanced(rates, read, &[(dt, &first)]),
            Integrator::Heun => {
                let end = self.after(rates, read, &[(dt, &first)]);
                let second = next(self, &end);
                self.advanced(rates, read, &[(dt / 2.0, &first), (dt / 2.0, &second)])
            }
            Integrator::RungeKutta => {
                let middle = self.after(rates, read, &[(dt / 2.0, &first)]);
                let second = next(self, &middle);
                let middle = self.after(rates, read, &[(dt / 2.0, &second)]);
                let third = next(self, &middle);
                let end = self.after(rates, read, &[(dt, &third)]);
                let fourth = next(self, &end);
                let slopes =
                    [(dt / 6.0, &first), (dt / 3.0, &second), (dt / 3.0, &third), (dt / 6.0, &fourth)];
                self.advanced(rates, read, &slopes)
            }
        }
    }

    /// The rates of all states.
    fn rates(&mut self, rates: &[(&Dynamics, LayerId)], phase: PhaseId, read: &Environment) -> Vec<Written> {
        let mut found = Vec::new();
        for &(dynamics, layer) in rates {
            self.draw_for_state(phase.0, dynamics.variable, layer);
            let rate = dynamics.rate.as_ref().unwrap_or(&dynamics.value);
            found
                .push(((dynamics.variable, layer), self.state_value(rate, (dynamics.variable, layer), read)));
        }
        found
    }

    /// The states moved along some slopes, each for a time.
    fn advanced(
        &mut self,
        rates: &[(&Dynamics, LayerId)],
        read: &Environment,
        slopes: &[(f64, &Vec<Written>)],
    ) -> Vec<Written> {
        let cells = rates.iter().enumerate();
        cells
            .map(|(i, &(dynamics, layer))| {
                let cell = (dynamics.variable, layer);
                let moved = read.read(cell, dynamics.span).and_then(|start| {
                    slopes.iter().try_fold(start, |value, (time, slope)| {
                        let slope = slope[i].1.clone()?;
                        let dims = self.b.type_of(slope).dims.clone();
                        let time = self.b.constant(*time, &dims);
                        let change = self.b.binary(BinaryOp::Mul, time, slope);
                        Ok(self.b.binary(BinaryOp::Add, value, change))
                    })
                });
                (cell, moved)
            })
            .collect()
    }

    fn after(
        &mut self,
        rates: &[(&Dynamics, LayerId)],
        read: &Environment,
        slopes: &[(f64, &Vec<Written>)],
    ) -> Environment {
        let mut after = read.clone();
        for (cell, value) in self.advanced(rates, read, slopes) {
            after.write(cell, value);
        }
        after
    }
}
