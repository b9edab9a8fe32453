//! What the parser learns about single tokens that the tree does not keep, and the formatter needs.

use std::collections::BTreeSet;

/// Offsets of tokens, by what is special about them.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// No space before: the parenthesis of a call, a population's colon.
    pub(crate) glued_before: BTreeSet<u32>,
    /// No space after: a prefix minus.
    pub(crate) glued_after: BTreeSet<u32>,
    /// Parentheses without which the tree is the same.
    pub(crate) redundant: BTreeSet<u32>,
}
