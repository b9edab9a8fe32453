//! The values of all states at one moment of a presentation.

use std::collections::HashMap;

use plr_ir::Value;
use plr_syntax::diagnostic::{Finding, Findings};
use plr_syntax::span::Span;

use crate::check::definition_cycle::DefinitionCycle;
use crate::check::missing_derivative::MissingDerivative;
use crate::check::not_convolvable::{NotConvolvable, Obstacle};
use crate::check::read_before_write::{ReadBeforeWrite, Written};
use crate::check::shape_mismatch::{ShapeMismatch, Shapes};
use crate::check::unknown_to_unit::{Unknown, UnknownToUnit};
use crate::equation;
use crate::group::Absent;
use crate::hir::{PopulationId, SignalId, SynapseId, VariableId};
use crate::network::LayerId;

use super::setting::Setting;

/// A definition where it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defined {
    /// Of a `let`, in a layer.
    Let(VariableId, LayerId),
    /// Of a signal.
    Signal(SignalId),
}

/// Why an expression has no value at a layer. It is a mistake only if something observable needs the value: the
/// equations of a rule hold in every layer, and in some of them nobody listens.
#[derive(Clone, Debug, PartialEq)]
pub enum Unavailable {
    /// A state that nothing has written.
    Unwritten {
        /// The state.
        variable: VariableId,
        /// Where.
        layer: LayerId,
        /// The first read.
        at: Span,
    },
    /// Information that only the units of a role are told.
    NotTold {
        /// Which information.
        what: &'static str,
        /// Who is told.
        who: &'static str,
        /// Who asked.
        layer: LayerId,
        /// The population that has not the units of its layer, if it is that.
        resized: Option<PopulationId>,
        /// Where.
        at: Span,
    },
    /// The time, where no phase runs.
    Timeless {
        /// Where it is read.
        at: Span,
    },
    /// A definition that needs itself.
    Cycle {
        /// The definition.
        defined: Defined,
        /// Where it is read.
        at: Span,
    },
    /// No definition for the layer's role.
    Undefined {
        /// The definition.
        variable: VariableId,
        /// Where.
        layer: LayerId,
        /// Where it is read.
        at: Span,
    },
    /// A derivative that is not declared.
    NoDerivative {
        /// The function.
        function: String,
        /// The layer whose activation it is.
        layer: Option<LayerId>,
        /// Where it is read.
        at: Span,
    },
    /// A parameter on which nothing observable depends; the program does not have it.
    NotBuilt,
    /// The weight of a synapse that does not join the two neurons, not in that direction or not in this form.
    NoWeight {
        /// Of which synapse.
        synapse: SynapseId,
        /// Why there is none.
        absent: Absent,
        /// Where it is read.
        at: Span,
    },
    /// Something that joins two of presynaptic unit, postsynaptic unit, sample and weight, but is no product of them, at a weight
    /// that several pairs of units share; or a unit and its channel's parameter.
    Inseparable {
        /// Where.
        at: Span,
    },
    /// What comes down along an edge that pools by the largest, while different things are sent up.
    NotReversible {
        /// Where.
        at: Span,
    },
    /// Something that is not sent up along an edge that pools by the largest, so that nobody has won a window with it.
    PartOfWindow {
        /// Where.
        at: Span,
    },
    /// A reduction over groups of a size that does not divide the units.
    NotGrouped {
        /// In which layer.
        layer: LayerId,
        /// Whether they are channels of several places.
        channels: bool,
        /// Of which size.
        size: f64,
        /// Where.
        at: Span,
    },
    /// A per-unit value where one per sample is needed.
    NotGlobal {
        /// Where.
        at: Span,
    },
}

impl Unavailable {
    /// Reports it.
    pub fn report(&self, setting: &Setting, findings: &mut Findings) {
        let name = |v: VariableId| setting.rule.variables[v.0].name.clone();
        let declared = |v: VariableId| setting.rule.variables[v.0].span;
        let layer_name = |l: LayerId| setting.network.layers[l].name.clone();
        match self.clone() {
            Self::Unwritten { variable, layer, at } | Self::Undefined { variable, layer, at } => {
                push(
                    findings,
                    ReadBeforeWrite {
                        at,
                        declared: declared(variable),
                        name: name(variable),
                        layer: layer_name(layer),
                        written: written_in_the_step(setting, (variable, layer), at),
                    },
                );
            }
            Self::NotTold { what, resized: Some(population), at, .. } => {
                let population = setting.rule.populations[population.0].name.clone().unwrap_or_default();
                push(findings, UnknownToUnit { at, unknown: Unknown::Resized { what, population } });
            }
            Self::NotTold { what, who, layer, resized: None, at } => {
                // The programs of a prediction have no target, not even at the output.
                let predicting = layer == setting.network.output() && what == "target";
                let unknown = match predicting {
                    true => Unknown::BeforePrediction { what },
                    false => Unknown::Told { what, who, layer: layer_name(layer) },
                };
                push(findings, UnknownToUnit { at, unknown })
            }
            Self::Timeless { at } => push(findings, UnknownToUnit { at, unknown: Unknown::Time }),
            Self::Cycle { defined: Defined::Let(variable, _), at } => {
                push(findings, DefinitionCycle { at, declared: declared(variable), name: name(variable) });
            }
            Self::Cycle { defined: Defined::Signal(signal), at } => {
                let signal = &setting.rule.signals[signal.0];
                push(findings, DefinitionCycle { at, declared: signal.span, name: signal.name.clone() });
            }
            Self::NoDerivative { function, layer, at } => {
                let cost = setting.cost_after(&function).filter(|_| layer == Some(setting.network.output()));
                push(findings, MissingDerivative { at, function, layer: layer.map(layer_name), cost });
            }
            Self::NotBuilt => unreachable!("whatever something observable reads is built"),
            Self::NoWeight { synapse, absent, at } => {
                let shapes = absent.shapes(setting.rule.synapse_name(synapse));
                push(findings, ShapeMismatch { at, shapes });
            }
            Self::Inseparable { at } => {
                push(findings, NotConvolvable { at, obstacle: Obstacle::Inseparable })
            }
            Self::NotReversible { at } => {
                push(findings, NotConvolvable { at, obstacle: Obstacle::LargestOfWindow });
            }
            Self::PartOfWindow { at } => {
                push(findings, NotConvolvable { at, obstacle: Obstacle::PartOfWindow });
            }
            Self::NotGrouped { layer, channels, size, at } => {
                let what = if channels { "channels" } else { "units" };
                let shapes = Shapes::NotGrouped { layer: layer_name(layer), what, size };
                push(findings, ShapeMismatch { at, shapes })
            }
            Self::NotGlobal { at } => push(findings, ShapeMismatch { at, shapes: Shapes::NotGlobal }),
        }
    }
}

/// Where a state is written that a plain equation of the same step reads.
fn written_in_the_step(setting: &Setting, cell: Cell, at: Span) -> Option<Written> {
    let Setting { rule, network, .. } = setting;
    if equation::is_below_writer(rule, cell.0, at) {
        return Some(Written::Above);
    }
    equation::is_beside_writer(rule, network, cell, at).then_some(Written::Beside)
}

fn push(findings: &mut Findings, finding: impl Finding + 'static) {
    findings.push(finding);
}

/// The value of each state in each layer, or why it has none.
#[derive(Clone, Debug)]
pub struct Environment {
    layers: usize,
    cells: Vec<Option<Result<Value, Unavailable>>>,
    /// Every trace at every instance of its synapse.
    traces: HashMap<TraceCell, Result<Value, Unavailable>>,
}

/// A trace of the synapses from the first layer to the second.
pub type TraceCell = (SynapseId, LayerId, LayerId);

/// A state in a layer.
pub type Cell = (VariableId, LayerId);

/// A state or a trace somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// A state.
    State(Cell),
    /// A trace.
    Trace(TraceCell),
}

impl Environment {
    /// Nothing is written.
    pub fn new(variables: usize, layers: usize) -> Self {
        Self { layers, cells: vec![None; variables * layers], traces: HashMap::new() }
    }

    fn index(&self, (variable, layer): Cell) -> usize {
        variable.0 * self.layers + layer
    }

    /// Writes a state; an unavailable value makes the state unavailable.
    pub fn write(&mut self, cell: Cell, value: Result<Value, Unavailable>) {
        let index = self.index(cell);
        self.cells[index] = Some(value);
    }

    /// The state's value; `at` is the reading expression.
    pub fn read(&self, cell: Cell, at: Span) -> Result<Value, Unavailable> {
        let unwritten = || Err(Unavailable::Unwritten { variable: cell.0, layer: cell.1, at });
        self.cells[self.index(cell)].clone().unwrap_or_else(unwritten)
    }

    /// The state's value, if it has one.
    pub fn get(&self, cell: Cell) -> Option<Value> {
        self.cells[self.index(cell)].as_ref().and_then(|c| c.as_ref().ok().copied())
    }

    /// What is known about the state: nothing, a value, or why it has none.
    pub fn entry(&self, cell: Cell) -> Option<Result<Value, Unavailable>> {
        self.cells[self.index(cell)].clone()
    }

    /// Writes a trace.
    pub fn write_trace(&mut self, cell: TraceCell, value: Result<Value, Unavailable>) {
        self.traces.insert(cell, value);
    }

    /// A trace's value. Every trace of an instance that there is has one from the beginning.
    pub fn trace(&self, cell: TraceCell) -> Result<Value, Unavailable> {
        self.traces.get(&cell).cloned().unwrap_or(Err(Unavailable::NotBuilt))
    }

    /// Sets traces that have values.
    pub fn set_traces(&mut self, cells: &[TraceCell], values: &[Value]) {
        for (&cell, &value) in cells.iter().zip(values) {
            if self.trace(cell).is_ok() {
                self.write_trace(cell, Ok(value));
            }
        }
    }

    /// Traces that have no value there have none.
    pub fn forget_traces(&mut self, after: &Self) {
        let lost = after.traces.iter().filter(|(_, value)| value.is_err());
        self.traces.extend(lost.map(|(&cell, value)| (cell, value.clone())));
    }

    /// What has a value and has none afterwards has none now; whether there is such.
    pub fn lose(&mut self, after: &Self) -> bool {
        let mut lost = false;
        for (now, after) in self.cells.iter_mut().zip(&after.cells) {
            if let (Some(Ok(_)), Some(Err(_))) = (&now, after) {
                now.clone_from(after);
                lost = true;
            }
        }
        for (cell, now) in &mut self.traces {
            if let (Ok(_), Some(gone @ Err(_))) = (&now, after.traces.get(cell)) {
                now.clone_from(gone);
                lost = true;
            }
        }
        lost
    }

    /// Something else for every value.
    pub fn change(&mut self, other: &mut impl FnMut(Value) -> Value) {
        let states = self.cells.iter_mut().flatten();
        states.chain(self.traces.values_mut()).flatten().for_each(|value| *value = other(*value));
    }

    /// Sets what is known about the state.
    pub fn set_entry(&mut self, cell: Cell, entry: Option<Result<Value, Unavailable>>) {
        let index = self.index(cell);
        self.cells[index] = entry;
    }
}
