//! Which vector is in which register, and the code of one vector of every result.
//!
//! What stays the same for a while, constants and inputs that are repeated along a row, has registers of its own as far as
//! there are enough. The others go to what is computed, until its last use; if all are taken, what is used again latest is
//! kept on the stack.

use super::assembler::{Assembler, At, Flags, Lanes, RCX, RSP, Wide};
use super::record::{Node, Record, What};
use super::{BYTES, MOST_SPILLED, POINTERS};
use crate::codegen::map::MapKernel;

/// Registers.
const REGISTERS: usize = 32;
/// So many of them at most are for what stays.
const MOST_PINNED: usize = 20;
/// Where comparisons put what they find.
const FOUND: Flags = Flags(1);

/// The registers of a kernel.
pub(super) struct Registers<'k> {
    kernel: &'k MapKernel,
    nodes: Vec<What>,
    used: Vec<bool>,
    results: Vec<Node>,
    /// By instruction: the positions at which it is used, the results being after all.
    uses: Vec<Vec<usize>>,
    /// By instruction: its register for good.
    pinned: Vec<Option<Wide>>,
    /// By instruction: where it is now.
    place: Vec<Option<Wide>>,
    /// By instruction: where it is on the stack.
    spilled: Vec<Option<usize>>,
    /// By register: what is in it.
    holds: [Option<Node>; REGISTERS],
    /// How many registers are not for good.
    free: usize,
    slots: usize,
}

impl<'k> Registers<'k> {
    pub(super) fn new(kernel: &'k MapKernel, record: &Record) -> Self {
        let count = record.nodes.len();
        let mut uses = vec![Vec::new(); count];
        for (at, node) in record.nodes.iter().enumerate().filter(|&(at, _)| record.used[at]) {
            node.for_each_operand(|operand| uses[operand.index()].push(at));
        }
        record.results.iter().for_each(|result| uses[result.index()].push(count));
        let mut registers = Self {
            kernel,
            nodes: record.nodes.clone(),
            used: record.used.clone(),
            results: record.results.clone(),
            uses,
            pinned: vec![None; count],
            place: vec![None; count],
            spilled: vec![None; count],
            holds: [None; REGISTERS],
            free: REGISTERS,
            slots: 0,
        };
        registers.pin();
        registers
    }

    /// Gives registers to what stays, to what is used most first.
    fn pin(&mut self) {
        let mut staying: Vec<usize> = (0..self.nodes.len())
            .filter(|&at| self.used[at] && (self.is_constant(at) || self.is_repeated(at)))
            .collect();
        staying.sort_by_key(|&at| std::cmp::Reverse(self.uses[at].len()));
        for at in staying.into_iter().take(MOST_PINNED) {
            self.free -= 1;
            self.pinned[at] = Some(Wide(self.free as u8));
        }
    }

    fn is_constant(&self, at: usize) -> bool {
        matches!(self.nodes[at], What::Constant(_))
    }

    fn is_repeated(&self, at: usize) -> bool {
        matches!(self.nodes[at], What::Input(input) if !self.kernel.inputs[input as usize].moves)
    }

    /// Whether it can be had again without being kept: not what a result may be written over.
    fn is_at_hand(&self, at: usize) -> bool {
        match self.nodes[at] {
            What::Constant(_) => true,
            What::Input(input) => self.kernel.inputs[input as usize].overwritten_by.is_none(),
            What::Two(..) | What::One(..) | What::Compare(..) | What::ChooseIf(..) | What::Choose(..) => {
                false
            }
        }
    }

    /// Loads the constants that stay.
    pub(super) fn constants(&self, code: &mut Assembler) {
        for (node, register) in self.nodes.iter().zip(&self.pinned) {
            if let (What::Constant(bits), Some(register)) = (node, register) {
                code.load_constant(*register, *bits);
            }
        }
    }

    /// Loads the inputs that stay for a row.
    pub(super) fn repeated(&self, code: &mut Assembler) {
        for (node, register) in self.nodes.iter().zip(&self.pinned) {
            if let (What::Input(input), Some(register)) = (node, register) {
                let base = POINTERS[*input as usize];
                code.load_splat(*register, At { base, index: None, distance: 0 });
            }
        }
    }

    /// One vector of every result, so many bytes after where the row has come; `None` if there are too few registers.
    pub(super) fn body(&mut self, code: &mut Assembler, distance: i32, lanes: Lanes) -> Option<()> {
        self.place.clone_from(&self.pinned);
        self.spilled.fill(None);
        self.holds = [None; REGISTERS];
        self.slots = 0;
        let place = Place { distance, lanes };
        for at in 0..self.nodes.len() {
            let waits = self.is_constant(at) || self.is_repeated(at);
            if self.used[at] && !waits {
                self.instruction(code, at, place)?;
            }
        }
        let end = self.nodes.len();
        for (i, result) in self.results.clone().into_iter().enumerate() {
            let from = self.ensure(code, result, end, &[], place)?;
            let base = POINTERS[self.kernel.inputs.len() + i];
            code.store_vector(At { base, index: Some(RCX), distance }, from, lanes);
        }
        Some(())
    }

    fn instruction(&mut self, code: &mut Assembler, at: usize, place: Place) -> Option<()> {
        let what = self.nodes[at];
        if let What::Input(_) = what {
            return self.ensure(code, Node(at as u32), at, &[], place).map(drop);
        }
        let mut operands: Vec<Node> = Vec::with_capacity(4);
        what.for_each_operand(|operand| operands.push(operand));
        for &operand in &operands {
            self.ensure(code, operand, at, &operands, place)?;
        }
        let of = |node: Node| self.place[node.index()].unwrap_or(Wide(0));
        let sources: Vec<Wide> = operands.iter().map(|&operand| of(operand)).collect();
        operands.iter().for_each(|&operand| self.release(operand, at));
        let to = self.take(code, at, &operands)?;
        self.put(Node(at as u32), to);
        match (what, sources.as_slice()) {
            (What::Two(op, ..), &[a, b]) => code.two(op, to, a, b),
            (What::One(op, _), &[a]) => code.one(op, to, a),
            (What::Compare(relation, ..), &[a, b]) => {
                code.compare(relation, FOUND, a, b);
                code.spread(to, FOUND);
            }
            (What::ChooseIf(relation, ..), &[x, y, a, b]) => {
                code.compare(relation, FOUND, x, y);
                code.choose(to, FOUND, a, b);
            }
            (What::Choose(..), &[mask, a, b]) => {
                code.gather(FOUND, mask);
                code.choose(to, FOUND, a, b);
            }
            _ => unreachable!("every instruction has as many sources as operands"),
        }
        Some(())
    }

    /// The register of a vector, which is put into one if it is in none; those of `keep` stay where they are.
    fn ensure(
        &mut self,
        code: &mut Assembler,
        node: Node,
        now: usize,
        keep: &[Node],
        place: Place,
    ) -> Option<Wide> {
        if let Some(register) = self.place[node.index()] {
            return Some(register);
        }
        let to = self.take(code, now, keep)?;
        self.put(node, to);
        match (self.spilled[node.index()], self.nodes[node.index()]) {
            (Some(slot), _) => code.load_vector(to, stack(slot), None),
            (None, What::Constant(bits)) => code.load_constant(to, bits),
            (None, What::Input(input)) => {
                let base = POINTERS[input as usize];
                if self.kernel.inputs[input as usize].moves {
                    code.load_vector(
                        to,
                        At { base, index: Some(RCX), distance: place.distance },
                        place.lanes,
                    );
                } else {
                    code.load_splat(to, At { base, index: None, distance: 0 });
                }
            }
            (None, _) => unreachable!("what was computed is in a register or on the stack"),
        }
        Some(to)
    }

    fn put(&mut self, node: Node, register: Wide) {
        self.place[node.index()] = Some(register);
        self.holds[usize::from(register.0)] = Some(node);
    }

    /// Gives up the register of what is not used after `now`.
    fn release(&mut self, node: Node, now: usize) {
        let last = self.uses[node.index()].last().copied().unwrap_or(0);
        if last <= now
            && self.pinned[node.index()].is_none()
            && let Some(register) = self.place[node.index()].take()
        {
            self.holds[usize::from(register.0)] = None;
        }
    }

    /// A register with nothing in it; what is used again latest, but none of `keep`, makes room.
    fn take(&mut self, code: &mut Assembler, now: usize, keep: &[Node]) -> Option<Wide> {
        if let Some(register) = (0..self.free).find(|&register| self.holds[register].is_none()) {
            return Some(Wide(register as u8));
        }
        let next =
            |node: Node| self.uses[node.index()].iter().copied().find(|&at| at >= now).unwrap_or(usize::MAX);
        let others = self.holds[..self.free].iter().flatten().copied().filter(|node| !keep.contains(node));
        let node = others.max_by_key(|&node| next(node))?;
        let register = self.place[node.index()].take()?;
        if !self.is_at_hand(node.index()) && self.spilled[node.index()].is_none() {
            if self.slots == MOST_SPILLED {
                return None;
            }
            self.spilled[node.index()] = Some(self.slots);
            code.store_vector(stack(self.slots), register, None);
            self.slots += 1;
        }
        Some(register)
    }
}

/// Where the vectors of a body are in their rows.
#[derive(Clone, Copy)]
struct Place {
    distance: i32,
    lanes: Lanes,
}

fn stack(slot: usize) -> At {
    At { base: RSP, index: None, distance: slot as i32 * BYTES }
}
