//! Stages: numbers for operations such that equal ones can be merged.
//!
//! Along every edge of the graph of uses the stage does not fall, and from whatever is not element-wise, or has other
//! dimensions, to an element-wise operation it rises. A path that leaves the element-wise operations of one stage and one
//! index space can therefore not come back to them.
//!
//! Operations that are not element-wise are as early as possible. Element-wise ones are as late as their first use: what
//! `f'(s) * (contraction)` needs of `s` is computed in the pass over memory that has the contraction, not in one before it,
//! as long as nobody needs it earlier.

use super::Node;

/// The stage of each operation.
pub(super) fn stages(nodes: &[Node]) -> Vec<usize> {
    let mut stages = earliest(nodes);
    let mut latest = vec![usize::MAX; nodes.len()];
    for (position, node) in nodes.iter().enumerate().rev() {
        if node.element_wise && latest[position] != usize::MAX {
            stages[position] = latest[position];
        }
        for used in &node.uses {
            let Some(producer) = used.producer else { continue };
            let bound = stages[position] - rise(node, nodes, producer, used.direct);
            latest[producer] = latest[producer].min(bound);
        }
    }
    stages
}

/// The earliest possible stage of each operation.
fn earliest(nodes: &[Node]) -> Vec<usize> {
    let mut stages = vec![0; nodes.len()];
    for (position, node) in nodes.iter().enumerate() {
        for used in &node.uses {
            let Some(producer) = used.producer else { continue };
            let bound = stages[producer] + rise(node, nodes, producer, used.direct);
            stages[position] = bound.max(stages[position]);
        }
    }
    stages
}

/// By how much the stage of a user is above that of what it uses, at least.
fn rise(user: &Node, nodes: &[Node], producer: usize, direct: bool) -> usize {
    let same_space = direct && nodes[producer].element_wise;
    usize::from(user.element_wise && !same_space)
}
