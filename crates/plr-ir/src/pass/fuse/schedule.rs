//! The order of the fused operations: that of the block, as far as definitions still come before uses.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Node;

/// The members of each group at the position of its first, in order; nothing at the others.
pub(super) fn members(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); groups.len()];
    for (position, &group) in groups.iter().enumerate() {
        members[group].push(position);
    }
    members
}

/// The groups, known by their first members, each after those that it uses. Of those that are possible next, the one
/// comes whose last member was first: what is computed from large intermediate values stays close to them.
pub(super) fn order(nodes: &[Node], groups: &[usize]) -> Vec<usize> {
    let mut users = vec![Vec::new(); nodes.len()];
    let mut missing = vec![0_usize; nodes.len()];
    let mut last = vec![0; nodes.len()];
    for (position, (node, &group)) in nodes.iter().zip(groups).enumerate() {
        last[group] = position;
        for producer in node.uses.iter().filter_map(|used| used.producer) {
            if groups[producer] != group {
                users[groups[producer]].push(group);
                missing[group] += 1;
            }
        }
    }
    let is_group = |&position: &usize| groups[position] == position;
    let ready = |&group: &usize| missing[group] == 0;
    let mut possible: BinaryHeap<_> =
        (0..nodes.len()).filter(is_group).filter(ready).map(|group| Reverse((last[group], group))).collect();
    let mut order = Vec::new();
    while let Some(Reverse((_, group))) = possible.pop() {
        order.push(group);
        for &user in &users[group] {
            missing[user] -= 1;
            if missing[user] == 0 {
                possible.push(Reverse((last[user], user)));
            }
        }
    }
    debug_assert_eq!(order.len(), (0..nodes.len()).filter(is_group).count(), "stages exclude cycles");
    order
}
