//! Large matrices that a tile reads across their rows again and again: each step of a sum is then a page from the one before, and
//! rows that lie a power of two apart drive each other out of the caches. A copy in the other order, for all tiles, is read
//! along its rows.

use plr_ir::program::{Block, Op, Program, Value};

use super::{Region, position};

/// Loops of fewer steps are over before a copy is worth it.
const LEAST_STEPS: u32 = 4;
/// Smaller matrices are in a core's cache.
const LEAST_BYTES: usize = 1 << 20;
/// Rows of fewer bytes are near enough to each other.
const LEAST_ROW_BYTES: usize = 4 << 10;

impl Region {
    /// The values, the same for all samples, of which tiles should have a copy in the other order.
    pub(crate) fn read_across(&self) -> Vec<Value> {
        let program = &self.tile.program;
        let mut found = Vec::new();
        for operation in program.body.operations.iter().filter(|_| !self.tile.layout.rows) {
            if let Op::Repeat(repeat) = &operation.op
                && repeat.count >= LEAST_STEPS
            {
                read_across(program, &repeat.body, &mut found);
            }
        }
        let shared = self.shared.iter().zip(&program.body.parameters);
        shared.filter(|(_, parameter)| found.contains(parameter)).map(|(&value, _)| value).collect()
    }

    /// Lets tiles read the transpose of a value where they would read across its rows.
    pub(crate) fn read_along(&mut self, value: Value, transpose: Value) {
        let Some(at) = position(&self.shared, value) else { return };
        let program = &mut self.tile.program;
        let matrix = program.body.parameters[at];
        let mut ty = program.type_of(matrix).clone();
        ty.dims.reverse();
        let turned = program.new_value(ty);
        program.inputs.insert(self.shared.len(), transpose.to_string());
        program.body.parameters.insert(self.shared.len(), turned);
        self.shared.push(transpose);
        for operation in &mut program.body.operations {
            if let Op::Repeat(repeat) = &mut operation.op {
                read_along(&mut repeat.body, matrix, turned);
            }
        }
    }
}

/// Collects the matrices that are read across their rows.
fn read_across(program: &Program, block: &Block, found: &mut Vec<Value>) {
    for operation in &block.operations {
        if let Op::Repeat(repeat) = &operation.op {
            read_across(program, &repeat.body, found);
        }
        let Op::Contract { lhs, rhs, spec } = &operation.op else { continue };
        for (&value, labels) in [(lhs, &spec.lhs), (rhs, &spec.rhs)] {
            let (dims, bytes) = (&program.type_of(value).dims, program.precision.bytes());
            let far = |row: usize| row * bytes >= LEAST_ROW_BYTES;
            let large = program.type_of(value).count() * bytes >= LEAST_BYTES;
            if large && dims.last().is_some_and(|&row| far(row)) && across(labels, &spec.out) {
                found.push(value);
            }
        }
    }
}

/// Whether sums run over a matrix's first axis, and results over its second.
fn across(labels: &[u8], out: &[u8]) -> bool {
    matches!(labels, [row, column] if !out.contains(row) && out.contains(column))
}

fn read_along(block: &mut Block, matrix: Value, turned: Value) {
    for operation in &mut block.operations {
        if let Op::Repeat(repeat) = &mut operation.op {
            read_along(&mut repeat.body, matrix, turned);
        }
        let Op::Contract { lhs, rhs, spec } = &mut operation.op else { continue };
        for (value, labels) in [(lhs, &mut spec.lhs), (rhs, &mut spec.rhs)] {
            if *value == matrix && across(labels, &spec.out) {
                *value = turned;
                labels.reverse();
            }
        }
    }
}
