//! What compiled code may do or leave undone: choices that change how fast it is, and nothing else.

/// Choices of code generation. All are made unless they are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Let a few samples at a time go through all that treats samples separately.
    pub tile: bool,
    /// Let the sums of products go through what follows before they are stored, or compute that on blocks.
    pub block: bool,
    /// Compute what is larger than all that it is made of where it is read, and do not keep it.
    pub fleeting: bool,
    /// Compute of sums of which a choice takes some only those.
    pub picked: bool,
    /// Compute element by element with the widest vectors of the machine.
    pub wide: bool,
    /// Let rows that loops read begin at cache lines.
    pub align: bool,
    /// Take running sums on the way through element-wise code.
    pub running: bool,
    /// Run several small presentations at a time.
    pub several: bool,
    /// Leave out of a presentation what nobody learns from it, where that is known before it begins.
    pub cases: bool,
    /// Put off what presentations change in large weights until several are over.
    pub deferred: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            tile: true,
            block: true,
            fleeting: true,
            picked: true,
            wide: true,
            align: true,
            running: true,
            several: true,
            cases: true,
            deferred: true,
        }
    }
}

/// A choice as the command line sees it.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Its name, as in `-Z no-tile`.
    pub name: &'static str,
    /// What it does, one clause for people.
    pub about: &'static str,
    /// Leaves it out.
    pub leave_out: fn(&mut Choices),
}

/// All choices.
pub const CHOICES: &[Choice] = &[
    Choice {
        name: "tile",
        about: "run a few samples at a time through all that treats samples separately",
        leave_out: |choices| choices.tile = false,
    },
    Choice {
        name: "block",
        about: "compute what follows a product before its sums are stored, or on blocks of it",
        leave_out: |choices| choices.block = false,
    },
    Choice {
        name: "fleeting",
        about: "compute what is larger than all that it is made of where it is read",
        leave_out: |choices| choices.fleeting = false,
    },
    Choice {
        name: "picked",
        about: "compute of sums of which a choice takes some only those",
        leave_out: |choices| choices.picked = false,
    },
    Choice {
        name: "wide",
        about: "compute element by element with the widest vectors of the machine",
        leave_out: |choices| choices.wide = false,
    },
    Choice {
        name: "align",
        about: "let the rows that a tile's loops read begin at cache lines",
        leave_out: |choices| choices.align = false,
    },
    Choice {
        name: "running",
        about: "take running sums on the way through element-wise code",
        leave_out: |choices| choices.running = false,
    },
    Choice {
        name: "several",
        about: "let weights go through several presentations of an online rule at a time",
        leave_out: |choices| choices.several = false,
    },
    Choice {
        name: "cases",
        about: "leave out of a presentation what nobody learns from it",
        leave_out: |choices| choices.cases = false,
    },
    Choice {
        name: "deferred",
        about: "put off what presentations change in large weights until several are over",
        leave_out: |choices| choices.deferred = false,
    },
];
