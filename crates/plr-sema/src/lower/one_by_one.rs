//! Units that move one after the other, in an order that is drawn (R7.20).
//!
//! Every unit draws a number, and its place in the order is the number of larger ones, over all groups of units that take part.
//! A loop goes through the places; in each turn the equations are evaluated for all units, and the one whose turn it is, in each
//! sample another, keeps what it gets.

use plr_ir::Value;
use plr_ir::program::Law;
use plr_ir::scalar::{BinaryOp, CompareOp};

use crate::group::Group;
use crate::hir::{Dynamics, VariableId};
use crate::network::LayerId;

use super::environment::{Cell, Environment, Unavailable};
use super::expression::Lowerer;
use super::presentation::Turn;

/// Units that take part, and their places in the order: `real[batch, units]`.
struct Queue {
    groups: Vec<Group>,
    places: Vec<Value>,
    /// Units of all groups.
    units: usize,
}

impl Lowerer<'_> {
    /// Each unit moves once; in its turn the equations run in the order of the text, and each reads what was written before it.
    pub fn one_by_one(&mut self, body: &[Dynamics], turn: &mut Turn<'_>) {
        let sites = self.movable(body, turn);
        let mut cells: Vec<Cell> = sites.iter().map(|(d, layer)| (d.variable, *layer)).collect();
        cells.sort();
        cells.dedup();
        if cells.is_empty() {
            return;
        }
        let queue = self.queue(&cells, turn);
        let initial: Vec<Value> = cells.iter().filter_map(|&cell| turn.now.get(cell)).collect();
        let (place, carried) = self.b.begin_repeat(&initial);
        let place = self.b.convert_index(place);
        let mut now = turn.now.clone();
        for (&cell, &value) in cells.iter().zip(&carried) {
            now.write(cell, Ok(value));
        }
        for dynamics in body {
            let here = sites.iter().copied().filter(|(d, _)| std::ptr::eq(*d, dynamics)).collect::<Vec<_>>();
            self.turn_of(place, &queue, &here, (turn, &mut now));
        }
        let next = cells.iter().zip(&carried).map(|(&cell, &old)| now.get(cell).unwrap_or(old)).collect();
        let results = self.b.end_repeat(queue.units as u32, &initial, next, None);
        for (&cell, &result) in cells.iter().zip(&results) {
            turn.now.write(cell, now.entry(cell).unwrap_or(Ok(result)).map(|_| result));
        }
    }

    /// The equations with the layers in which they move a state. One that has no value yet is written in none: as long as not
    /// every unit has had its turn, it would not have one.
    fn movable<'d>(&self, body: &'d [Dynamics], turn: &mut Turn<'_>) -> Vec<(&'d Dynamics, LayerId)> {
        let mut sites = Vec::new();
        for dynamics in body {
            for layer in self.moved_by(dynamics, turn) {
                let cell @ (variable, _) = (dynamics.variable, layer);
                match turn.now.entry(cell) {
                    Some(Ok(_)) => sites.push((dynamics, layer)),
                    Some(Err(_)) => {}
                    None => {
                        let at = dynamics.span;
                        turn.now.write(cell, Err(Unavailable::Unwritten { variable, layer, at }));
                    }
                }
            }
        }
        sites
    }

    /// One equation in a turn: of what it says, the units whose turn it is keep theirs.
    fn turn_of(
        &mut self,
        place: Value,
        queue: &Queue,
        sites: &[(&Dynamics, LayerId)],
        (turn, now): (&Turn<'_>, &mut Environment),
    ) {
        let read = now.clone();
        for (cell, value) in self.evaluate_together(sites, turn.phase, &read) {
            let value = self.nudged(cell, turn.phase, value).and_then(|new| {
                let old = read.entry(cell).unwrap_or(Err(Unavailable::NotBuilt))?;
                let group = self.setting.rule.group(cell.0, cell.1);
                let at = queue.groups.iter().position(|&g| g == group).ok_or(Unavailable::NotBuilt)?;
                let dims = self.b.type_of(old).dims.clone();
                let place = self.b.broadcast(place, &[], &dims);
                let moves = self.b.compare(CompareOp::Eq, queue.places[at], place);
                Ok(self.b.select(moves, new, old))
            });
            now.write(cell, value);
        }
    }

    /// Draws the order of the units that have one of these states.
    fn queue(&mut self, cells: &[Cell], turn: &Turn<'_>) -> Queue {
        let mut groups: Vec<Group> = Vec::new();
        let mut keys: Vec<Value> = Vec::new();
        for &(variable, layer) in cells {
            let group = self.setting.rule.group(variable, layer);
            if !groups.contains(&group) {
                groups.push(group);
                keys.push(self.key(turn, variable, layer));
            }
        }
        let units = groups.iter().map(|&group| self.setting.units(group)).sum();
        let places = (0..keys.len()).map(|at| self.places(at, &keys)).collect();
        Queue { groups, places, units }
    }

    /// What each unit draws for the order.
    fn key(&mut self, turn: &Turn<'_>, variable: VariableId, layer: LayerId) -> Value {
        self.draw_for_state(turn.phase.0, variable, layer);
        let stream = self.next_stream();
        let dims = [self.batch, self.setting.units_of(variable, layer)];
        self.b.random(Law::Uniform, stream, self.step, &dims)
    }

    /// The places of a group's units among those of all: how many keys are larger, or equal and before.
    fn places(&mut self, at: usize, keys: &[Value]) -> Value {
        let own = keys[at];
        let dims = self.b.type_of(own).dims.clone();
        let mut places = self.b.rank(own);
        for (other, &key) in keys.iter().enumerate().filter(|&(other, _)| other != at) {
            let op = if other < at { CompareOp::Ge } else { CompareOp::Gt };
            let units = self.b.type_of(key).dims[1];
            let (unit, carried) = self.b.begin_repeat(&[places]);
            let one_of_them = self.b.slice(key, 1, unit);
            let one_of_them = self.b.broadcast(one_of_them, &[0], &dims);
            let before = self.b.compare(op, one_of_them, own);
            let (one, zero) = (self.b.constant(1.0, &dims), self.b.constant(0.0, &dims));
            let before = self.b.select(before, one, zero);
            let next = self.b.binary(BinaryOp::Add, carried[0], before);
            places = self.b.end_repeat(units as u32, &[places], vec![next], None)[0];
        }
        places
    }
}
