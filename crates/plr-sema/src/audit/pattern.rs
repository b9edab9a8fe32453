//! The lattice of access patterns: which elements of an input a reader may touch, and how that grows from reader to reader.
//!
//! ```text
//!                  Batch
//!                    |
//!                   All
//!        /           |          \
//!     Layer         Row       Column
//!     /   \          |           |
//!   Near   |         |           |
//!    |     |         |           |
//!   Own  Presyn.   Entry    Reciprocal
//! ```
//!
//! Each pattern stands for a set of elements, given the unit `i` (or the synapse from `j` to `i`) that reads; `≤` is
//! inclusion of these sets. A matrix is never read by `Own`, `Presynaptic` or `Layer`, a vector never by the others.

use plr_ir::model::Pattern;

use crate::group::Along;

/// The smallest pattern that includes both.
pub fn join(a: Pattern, b: Pattern) -> Pattern {
    if within(a, b) {
        b
    } else if within(b, a) {
        a
    } else if within(a, Pattern::Layer) && within(b, Pattern::Layer) {
        Pattern::Layer
    } else {
        Pattern::All
    }
}

/// Whether every element of the first pattern is one of the second.
pub fn within(a: Pattern, b: Pattern) -> bool {
    match b {
        Pattern::Batch => true,
        Pattern::All => a != Pattern::Batch,
        Pattern::Layer => {
            matches!(a, Pattern::Own | Pattern::Near { .. } | Pattern::Presynaptic | Pattern::Layer)
        }
        Pattern::Near { own, theirs, places } => match a {
            Pattern::Own => own == theirs,
            Pattern::Near { own: finer, theirs: fewer, places: same } => {
                let times = own / finer;
                places == same && own == finer * times && theirs == fewer * times
            }
            Pattern::Presynaptic
            | Pattern::Layer
            | Pattern::Row
            | Pattern::Column
            | Pattern::Entry
            | Pattern::Reciprocal
            | Pattern::All
            | Pattern::Batch => false,
        },
        Pattern::Row => matches!(a, Pattern::Entry | Pattern::Row),
        Pattern::Column => matches!(a, Pattern::Reciprocal | Pattern::Column),
        Pattern::Own | Pattern::Presynaptic | Pattern::Entry | Pattern::Reciprocal => a == b,
    }
}

/// What a unit reads through the units near it, `near`, each of which reads this.
pub fn by_near_units(near: (usize, usize, usize), pattern: Pattern) -> Pattern {
    let (own, through, places) = near;
    match pattern {
        Pattern::Own => near_units(own, through, places),
        // A block of channels that the first reads is some blocks of those that the second one shares, or a part of one.
        Pattern::Near { own: shared, theirs, places: same } if places == same && through % shared == 0 => {
            near_units(own, theirs * (through / shared), places)
        }
        Pattern::Near { own: shared, theirs, places: same } if places == same && shared % through == 0 => {
            near_units(own * (shared / through), theirs, places)
        }
        Pattern::Near { .. }
        | Pattern::Presynaptic
        | Pattern::Layer
        | Pattern::Row
        | Pattern::Column
        | Pattern::Entry
        | Pattern::Reciprocal
        | Pattern::All
        | Pattern::Batch => by_all_units(pattern),
    }
}

fn near_units(own: usize, theirs: usize, places: usize) -> Pattern {
    if (own, theirs) == (1, 1) { Pattern::Own } else { Pattern::Near { own, theirs, places } }
}

/// What is read together by all units of a layer each of which reads this.
pub fn by_all_units(pattern: Pattern) -> Pattern {
    match pattern {
        Pattern::Own | Pattern::Near { .. } | Pattern::Presynaptic | Pattern::Layer => Pattern::Layer,
        Pattern::Row | Pattern::Column | Pattern::Entry | Pattern::Reciprocal | Pattern::All => Pattern::All,
        Pattern::Batch => Pattern::Batch,
    }
}

/// What a synapse reads through its presynaptic unit `j`, which itself reads this as unit `j`.
pub fn by_presynaptic(pattern: Pattern) -> Pattern {
    match pattern {
        Pattern::Own => Pattern::Presynaptic,
        // Row and column `j` have no name of their own, nor have the units near `j`.
        Pattern::Near { .. }
        | Pattern::Presynaptic
        | Pattern::Layer
        | Pattern::Row
        | Pattern::Column
        | Pattern::Entry
        | Pattern::Reciprocal
        | Pattern::All
        | Pattern::Batch => by_all_units(pattern),
    }
}

/// Which weights a unit reads with what arrives through an instance of a synapse, perhaps along an edge with pooling or a
/// kernel: those of its row or, against the synapse's direction, of its column. A kernel's rows are channels above.
pub fn arriving(along: Option<&Along>, transposed: bool) -> Pattern {
    let Some(along) = along else {
        return if transposed { Pattern::Column } else { Pattern::Row };
    };
    let upward = along.upward != transposed;
    match (along.kernel(), along.join.pool) {
        (Some(_), _) if upward => Pattern::Row,
        (Some(_), _) => Pattern::Column,
        // Those of the window that has the unit, which has no name of its own.
        (None, Some(_)) if !upward => Pattern::All,
        (None, _) => arriving(None, transposed),
    }
}

/// What a unit reads through all synapses of an instance each of which reads this, as the unit sees it: it hears those that end
/// in it or, against their direction, those that leave it.
pub fn by_all_synapses(pattern: Pattern, along: Option<&Along>, transposed: bool) -> Pattern {
    let pooled = along.is_some_and(|along| along.pool_at(transposed).is_some());
    let near = if transposed { Pattern::Presynaptic } else { Pattern::Own };
    match pattern {
        Pattern::Entry => arriving(along, transposed),
        // Of a unit in a window the synapses read the window.
        Pattern::Own | Pattern::Presynaptic if pattern == near && !pooled => Pattern::Own,
        Pattern::Own | Pattern::Near { .. } | Pattern::Presynaptic | Pattern::Layer => Pattern::Layer,
        Pattern::Row | Pattern::Column if along.is_none() && !transposed => pattern,
        Pattern::Reciprocal if along.is_none() => arriving(None, !transposed),
        Pattern::Row | Pattern::Column | Pattern::Reciprocal | Pattern::All => Pattern::All,
        Pattern::Batch => Pattern::Batch,
    }
}

/// What a unit reads through its only synapse of a one-to-one projection.
pub fn by_only_synapse(pattern: Pattern) -> Pattern {
    match pattern {
        Pattern::Own | Pattern::Presynaptic | Pattern::Entry | Pattern::Reciprocal => Pattern::Own,
        Pattern::Row | Pattern::Column => Pattern::All,
        Pattern::Near { .. } => Pattern::Layer,
        Pattern::Layer | Pattern::All | Pattern::Batch => pattern,
    }
}

/// What the parameter of a channel reads through its units: of several places, each with its own.
pub fn by_channel(pattern: Pattern) -> Pattern {
    let apart = matches!(pattern, Pattern::Near { places, .. } if places > 1);
    if apart { Pattern::Layer } else { pattern }
}

/// What a synapse along an edge with pooling or a kernel reads: a shared weight reads its channel above as [`Pattern::Own`]
/// and the one below as [`Pattern::Presynaptic`], whichever way it runs; of pooled units it reads a window, which has no name
/// of its own.
pub fn along_edge(pattern: Pattern, along: &Along) -> Pattern {
    let shared = along.kernel().is_some();
    match pattern {
        Pattern::Own if shared && !along.upward => Pattern::Presynaptic,
        Pattern::Presynaptic if shared && !along.upward => Pattern::Own,
        Pattern::Own if !shared && !along.upward => Pattern::Layer,
        Pattern::Presynaptic if !shared && along.upward => Pattern::Layer,
        Pattern::Row | Pattern::Column if !along.upward => Pattern::All,
        Pattern::Near { .. } => Pattern::Layer,
        Pattern::Own
        | Pattern::Presynaptic
        | Pattern::Layer
        | Pattern::Row
        | Pattern::Column
        | Pattern::Entry
        | Pattern::Reciprocal
        | Pattern::All
        | Pattern::Batch => pattern,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAIR: Pattern = Pattern::Near { own: 2, theirs: 2, places: 1 };
    const VECTOR: [Pattern; 6] =
        [Pattern::Own, PAIR, Pattern::Presynaptic, Pattern::Layer, Pattern::All, Pattern::Batch];
    const MATRIX: [Pattern; 6] =
        [Pattern::Entry, Pattern::Reciprocal, Pattern::Row, Pattern::Column, Pattern::All, Pattern::Batch];
    const UNITS: usize = 4;
    const SAMPLES: usize = 2;

    /// The elements (sample, row, column) that a pattern means for the synapse from unit 2 to unit 1 and sample 0.
    fn elements(pattern: Pattern, matrix: bool) -> BTreeSet<(usize, usize, usize)> {
        let (i, j) = (1, 2);
        let columns = if matrix { UNITS } else { 1 };
        let all =
            (0..SAMPLES).flat_map(|s| (0..UNITS).flat_map(move |r| (0..columns).map(move |c| (s, r, c))));
        let wanted = |&(s, r, c): &(usize, usize, usize)| match pattern {
            Pattern::Own => s == 0 && r == i,
            Pattern::Near { own, theirs, .. } => s == 0 && r / theirs == i / own,
            Pattern::Presynaptic => s == 0 && r == j,
            Pattern::Layer | Pattern::All => s == 0,
            Pattern::Row => s == 0 && r == i,
            Pattern::Column => s == 0 && c == i,
            Pattern::Entry => s == 0 && (r, c) == (i, j),
            Pattern::Reciprocal => s == 0 && (r, c) == (j, i),
            Pattern::Batch => true,
        };
        all.filter(wanted).collect()
    }

    /// `join` is the smallest pattern that contains the union of the elements.
    #[test]
    fn join_is_the_least_upper_bound_of_the_elements() {
        for (patterns, matrix) in [(&VECTOR[..], false), (&MATRIX[..], true)] {
            for &a in patterns {
                for &b in patterns {
                    let union: BTreeSet<_> =
                        elements(a, matrix).union(&elements(b, matrix)).copied().collect();
                    let smallest =
                        patterns.iter().map(|&p| elements(p, matrix)).filter(|e| e.is_superset(&union));
                    let smallest = smallest.min_by_key(BTreeSet::len).expect("Batch contains all");
                    assert_eq!(elements(join(a, b), matrix), smallest, "{a:?} and {b:?}");
                }
            }
        }
    }

    /// The units that unit `at` reads by a pattern of units near it.
    fn near(pattern: Pattern, at: usize, units: usize) -> BTreeSet<usize> {
        let mut near = (1, 1, 1);
        if let Pattern::Near { own, theirs, places } = pattern {
            near = (own, theirs, places);
        }
        let (own, theirs, places) = near;
        let channel = |unit: usize, of: usize| unit / places / of;
        let reads = |&unit: &usize| unit % places == at % places && channel(unit, theirs) == channel(at, own);
        (0..units).filter(reads).collect()
    }

    /// What is read through what is read: unit by unit.
    #[test]
    fn units_near_units_near_are_near() {
        let sizes = [1, 2, 3, 4, 6];
        for places in [1, 2] {
            for [own, through, shared, theirs] in sizes
                .into_iter()
                .flat_map(|a| sizes.map(|b| [a, b]))
                .flat_map(|[a, b]| sizes.into_iter().flat_map(move |c| sizes.map(|d| [a, b, c, d])))
            {
                let [first, second] = [near_units(own, through, places), near_units(shared, theirs, places)];
                let found = by_near_units((own, through, places), second);
                if found == Pattern::Layer {
                    assert!(through % shared != 0 && shared % through != 0);
                    continue;
                }
                let units = 144 * places;
                for at in 0..24 * places {
                    let reached: BTreeSet<usize> = near(first, at, units)
                        .into_iter()
                        .flat_map(|unit| near(second, unit, units))
                        .collect();
                    assert_eq!(near(found, at, units), reached, "{first:?}, {second:?}");
                }
            }
        }
    }

    #[test]
    fn join_is_associative_and_commutative_and_widening_monotone() {
        let all: BTreeSet<_> = VECTOR.iter().chain(&MATRIX).map(|p| format!("{p:?}")).collect();
        assert_eq!(all.len(), 10);
        let all: Vec<Pattern> = VECTOR.into_iter().chain(MATRIX).collect();
        for &a in &all {
            assert!(within(a, by_all_units(a)), "{a:?}");
            for &b in &all {
                assert_eq!(join(a, b), join(b, a));
                assert_eq!(within(a, b), join(a, b) == b);
                assert!(!within(a, b) || within(by_all_units(a), by_all_units(b)));
                for &c in &all {
                    assert_eq!(join(join(a, b), c), join(a, join(b, c)));
                }
            }
        }
    }
}
