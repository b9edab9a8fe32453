//! Along an edge that pools by the largest: which unit of a window gets what comes down from above.

use crate::audit::subject::Subject;
use crate::equation::applies;
use crate::group::Group;
use crate::hir::{Expr, ExprKind, Rule};
use crate::network::Network;

/// What the units of a group send up to another: of a window the one that sends the largest has won it (R4.14). Nothing if they
/// send nothing up, or not one and the same expression, or not at once.
pub fn sent_up<'r>(rule: &'r Rule, network: &Network, below: Group, above: Group) -> Option<&'r Expr> {
    let found = all_sent_up(rule, network, below, above);
    let (first, _) = *found.first()?;
    found.iter().all(|(sent, delayed)| *sent == first && !delayed).then_some(first)
}

/// All that the units of a group send up to another, and whether it is delayed.
pub fn all_sent_up<'r>(
    rule: &'r Rule,
    network: &Network,
    below: Group,
    above: Group,
) -> Vec<(&'r Expr, bool)> {
    let mut found = Vec::new();
    for subject in Subject::all(rule) {
        if applies(subject.role(), network, above.layer) {
            collect(subject.value(), rule, network, (below, above), &mut found);
        }
    }
    found
}

fn collect<'r>(
    expr: &'r Expr,
    rule: &'r Rule,
    network: &Network,
    (below, above): (Group, Group),
    found: &mut Vec<(&'r Expr, bool)>,
) {
    if let ExprKind::Arrive { synapse, transposed, sent, .. } = &expr.kind {
        let ends = if *transposed { (above, below) } else { (below, above) };
        let pair = (ends.0.layer, ends.1.layer);
        let joins = rule.instances(network, *synapse).contains(&pair) && rule.joined(*synapse, pair) == ends;
        if joins && rule.along(network, *synapse, pair).is_some() {
            found.push((sent, rule.synapses[synapse.0].delayed));
        }
    }
    expr.for_each_child(|child| collect(child, rule, network, (below, above), found));
}
