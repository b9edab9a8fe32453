//! What an element-wise kernel computes for one vector, as a list of instructions whose registers are not chosen yet: the
//! machine on which [`plr_ir::scalar`] runs here.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use plr_ir::Precision;
use plr_ir::program::MapInstruction;
use plr_ir::scalar::{self, Machine};

use super::assembler::{One, Relation, Two};

/// A vector that an instruction computes, by its position in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node(pub(super) u32);

impl Node {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a vector comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An input of the kernel.
    Input(u32),
    /// The same bits in every lane.
    Constant(u64),
    Two(Two, Node, Node),
    One(One, Node),
    /// All ones where it holds, else zeros.
    Compare(Relation, Node, Node),
    /// The first where the comparison holds, else the second.
    ChooseIf(Relation, [Node; 2], [Node; 2]),
    /// The first where the highest bit is set, else the second.
    Choose(Node, [Node; 2]),
}

impl What {
    pub(super) fn for_each_operand(self, mut visit: impl FnMut(Node)) {
        match self {
            What::Input(_) | What::Constant(_) => {}
            What::Two(_, a, b) | What::Compare(_, a, b) => [a, b].into_iter().for_each(visit),
            What::One(_, a) => visit(a),
            What::ChooseIf(_, tested, chosen) => tested.into_iter().chain(chosen).for_each(visit),
            What::Choose(mask, chosen) => std::iter::once(mask).chain(chosen).for_each(&mut visit),
        }
    }
}

/// Instructions in order, and those whose vectors are the kernel's results.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) nodes: Vec<What>,
    pub(super) results: Vec<Node>,
    /// By instruction: whether a result needs it.
    pub(super) used: Vec<bool>,
    precision: Precision,
    constants: HashMap<u64, Node>,
}

impl Record {
    /// Of the body of a map.
    pub(super) fn of(
        precision: Precision,
        body: &[MapInstruction],
        results: impl Iterator<Item = usize>,
    ) -> Self {
        let mut record = Self {
            nodes: Vec::new(),
            results: Vec::new(),
            used: Vec::new(),
            precision,
            constants: HashMap::new(),
        };
        let mut values: Vec<Node> = Vec::with_capacity(body.len());
        let mut inputs: HashMap<u32, Node> = HashMap::new();
        for instruction in body {
            let at = |local: &plr_ir::program::Local| values[local.0 as usize];
            let m = &mut record;
            let value = match instruction {
                MapInstruction::Input(i) => *inputs.entry(*i).or_insert_with(|| m.push(What::Input(*i))),
                MapInstruction::Constant(number) => m.real(*number),
                MapInstruction::Unary(op, a) => scalar::unary(m, *op, at(a)),
                MapInstruction::Binary(op, a, b) => scalar::binary(m, *op, at(a), at(b)),
                MapInstruction::Compare(op, a, b) => scalar::compare(m, *op, at(a), at(b)),
                MapInstruction::And(a, b) => m.and(at(a), at(b)),
                MapInstruction::Or(a, b) => m.or(at(a), at(b)),
                MapInstruction::Not(a) => m.not(at(a)),
                MapInstruction::Select(c, a, b) => m.select(at(c), at(a), at(b)),
            };
            values.push(value);
        }
        record.results = results.map(|local| values[local]).collect();
        record.mark();
        record
    }

    /// Finds what the results need.
    fn mark(&mut self) {
        self.used = vec![false; self.nodes.len()];
        self.results.iter().for_each(|result| self.used[result.index()] = true);
        for at in (0..self.nodes.len()).rev() {
            if self.used[at] {
                let used = &mut self.used;
                self.nodes[at].for_each_operand(|operand| used[operand.index()] = true);
            }
        }
    }

    fn push(&mut self, what: What) -> Node {
        self.nodes.push(what);
        Node(self.nodes.len() as u32 - 1)
    }

    fn constant(&mut self, bits: u64) -> Node {
        if let Some(&known) = self.constants.get(&bits) {
            return known;
        }
        let node = self.push(What::Constant(bits));
        self.constants.insert(bits, node);
        node
    }

    fn ones(&mut self) -> Node {
        self.constant(self.precision.choose(u64::from(u32::MAX), u64::MAX))
    }

    /// Whether it is a constant and a number.
    fn is_number(&self, node: Node) -> bool {
        match self.nodes[node.index()] {
            What::Constant(bits) => match self.precision {
                Precision::F32 => !f32::from_bits(bits as u32).is_nan(),
                Precision::F64 => !f64::from_bits(bits).is_nan(),
            },
            What::Input(_)
            | What::Two(..)
            | What::One(..)
            | What::Compare(..)
            | What::ChooseIf(..)
            | What::Choose(..) => false,
        }
    }
}

/// Methods that append one instruction.
macro_rules! instructions {
    ($($name:ident = $op:ident),* $(,)?) => { $(
        fn $name(&mut self, a: Node, b: Node) -> Node {
            self.push(What::Two(Two::$op, a, b))
        }
    )* };
}

impl Machine for Record {
    type Real = Node;
    type Bits = Node;
    type Mask = Node;

    fn precision(&self) -> Precision {
        self.precision
    }

    fn real(&mut self, value: f64) -> Node {
        self.constant(self.precision.choose(u64::from((value as f32).to_bits()), value.to_bits()))
    }

    fn bits(&mut self, pattern: u64) -> Node {
        self.constant(self.precision.choose(pattern & u64::from(u32::MAX), pattern))
    }

    instructions! {
        add = Add,
        sub = Sub,
        mul = Mul,
        div = Div,
        and = And,
        or = Or,
        bits_and = And,
        bits_or = Or,
        bits_xor = Xor,
        bits_add = AddBits,
        bits_sub = SubBits,
    }

    fn sqrt(&mut self, a: Node) -> Node {
        self.push(What::One(One::Sqrt, a))
    }

    fn neg(&mut self, a: Node) -> Node {
        let sign = self.constant(self.precision.sign_bit());
        self.push(What::Two(Two::Xor, a, sign))
    }

    fn abs(&mut self, a: Node) -> Node {
        let others = self.constant(self.precision.sign_bit() - 1);
        self.push(What::Two(Two::And, a, others))
    }

    fn floor(&mut self, a: Node) -> Node {
        self.push(What::One(One::Floor, a))
    }

    fn round_ties_even(&mut self, a: Node) -> Node {
        self.push(What::One(One::Round, a))
    }

    fn less(&mut self, a: Node, b: Node) -> Node {
        self.push(What::Compare(Relation::Less, a, b))
    }

    fn less_equal(&mut self, a: Node, b: Node) -> Node {
        self.push(What::Compare(Relation::LessEqual, a, b))
    }

    fn equal(&mut self, a: Node, b: Node) -> Node {
        self.push(What::Compare(Relation::Equal, a, b))
    }

    fn not(&mut self, a: Node) -> Node {
        let ones = self.ones();
        self.push(What::Two(Two::Xor, a, ones))
    }

    /// The machine's `min` and `max` are choices of this form: they return the second operand unless the first is less, or
    /// greater. What is equal to itself wherever it is compared is a number.
    fn select(&mut self, mask: Node, a: Node, b: Node) -> Node {
        match self.nodes[mask.index()] {
            What::Compare(Relation::Equal, x, y) if x == y && self.is_number(x) => a,
            What::Compare(Relation::Less, x, y) if (x, y) == (a, b) => self.push(What::Two(Two::Min, a, b)),
            What::Compare(Relation::Less, x, y) if (x, y) == (b, a) => self.push(What::Two(Two::Max, a, b)),
            What::Compare(relation, x, y) => self.push(What::ChooseIf(relation, [x, y], [a, b])),
            What::Input(_)
            | What::Constant(_)
            | What::Two(..)
            | What::One(..)
            | What::ChooseIf(..)
            | What::Choose(..) => self.push(What::Choose(mask, [a, b])),
        }
    }

    fn bits_of_real(&mut self, a: Node) -> Node {
        a
    }

    fn real_of_bits(&mut self, a: Node) -> Node {
        a
    }

    fn shift_left(&mut self, a: Node, amount: u32) -> Node {
        self.push(What::One(One::ShiftLeft(amount as u8), a))
    }

    fn shift_right(&mut self, a: Node, amount: u32) -> Node {
        self.push(What::One(One::ShiftRight(amount as u8), a))
    }
}

impl Display for Record {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, node) in self.nodes.iter().enumerate().filter(|&(at, _)| self.used[at]) {
            writeln!(f, "  v{at} = {node:?}")?;
        }
        self.results.iter().try_for_each(|Node(result)| writeln!(f, "  store v{result}"))
    }
}
