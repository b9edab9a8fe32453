//! Groups: which operations become one map.

use std::collections::HashMap;

use super::Node;
use crate::program::Value;

/// For each operation the position of the first one in its group; its own if it is alone.
///
/// Element-wise operations of one stage are together if one uses the other or both read the same value element by
/// element, directly or by way of others; they then have the same index space.
pub(super) fn groups(nodes: &[Node], stages: &[usize]) -> Vec<usize> {
    let mut sets = DisjointSets { parents: (0..nodes.len()).collect() };
    let mut first_reader: HashMap<(Value, usize), usize> = HashMap::new();
    for (position, node) in nodes.iter().enumerate() {
        for used in node.uses.iter().filter(|used| used.direct) {
            let fusible =
                |&producer: &usize| nodes[producer].element_wise && stages[producer] == stages[position];
            let partner = match used.producer.filter(fusible) {
                Some(producer) => producer,
                None => *first_reader.entry((used.value, stages[position])).or_insert(position),
            };
            sets.join(partner, position);
        }
    }
    (0..nodes.len()).map(|position| sets.first(position)).collect()
}

/// A partition of positions; each set is known by its first member.
struct DisjointSets {
    /// An earlier member of the same set, or the position itself if there is none.
    parents: Vec<usize>,
}

impl DisjointSets {
    /// The first member of the set of `member`; shortens the way there.
    fn first(&mut self, mut member: usize) -> usize {
        while self.parents[member] != member {
            self.parents[member] = self.parents[self.parents[member]];
            member = self.parents[member];
        }
        member
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
