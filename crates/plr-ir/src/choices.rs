//! What compiled code may do or leave undone: choices that change how fast it is, and nothing else.

/// Choices of code generation. All are made unless they are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Let a few samples at a time go through all that treats samples separately.
    pub tile: bool,
    /// Compute what follows a product on blocks of it.
    pub block: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { tile: true, block: true }
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
        about: "compute what follows a product on blocks of it",
        leave_out: |choices| choices.block = false,
    },
];
