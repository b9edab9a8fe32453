//! Along an edge that pools by the largest: which unit of a window gets what comes down from above.

use crate::audit::subject::Subject;
use crate::equation::applies;
use crate::group::Group;
use crate::hir::{Expr, ExprKind, Rule};
use crate::network::Network;

/// What the units of a group send up to another: of a window the one that sends the largest has won it (R4.14). Nothing if they
/// send nothing up, or not one and the same expression, or not at once.
pub fn sent_up<'r>(rule: &'r Rule, network: &Network, below: Group, above: Group) -> Option<&'r Expr> {
    let mut found = Some(Vec::new());
    for subject in Subject::all(rule) {
        if applies(subject.role(), network, above.layer) {
            collect(subject.value(), rule, network, (below, above), &mut found);
        }
    }
    let found = found?;
    let first = *found.first()?;
    found.iter().all(|sent| *sent == first).then_some(first)
}

fn collect<'r>(
    expr: &'r Expr,
    rule: &'r Rule,
    network: &Network,
    (below, above): (Group, Group),
    found: &mut Option<Vec<&'r Expr>>,
) {
    if let ExprKind::Arrive { synapse, transposed, sent, .. } = &expr.kind {
        let declared = &rule.synapses[synapse.0];
        let ends = if *transposed { (above, below) } else { (below, above) };
        let pair = (ends.0.layer, ends.1.layer);
        let joins = rule.instances(network, *synapse).contains(&pair) && rule.joined(*synapse, pair) == ends;
        if joins && rule.along(network, *synapse, pair).is_some() {
            match found {
                Some(_) if declared.delayed => *found = None,
                Some(found) => found.push(sent),
                None => {}
            }
        }
    }
    expr.for_each_child(|child| collect(child, rule, network, (below, above), found));
}
