//! The findings about licences.

use plr_sema::audit::verdict::non_local;
use plr_sema::hir::{Expr, ExprKind, Licence, Place, Relative, Rule, Statement};
use plr_syntax::diagnostic::Severity;
use plr_syntax::span::Span;

use crate::rules::*;
use crate::tree::*;

/// Code, primary span, message and help of each finding.
fn found(rule: &Rule) -> Vec<(&'static str, Span, String, String)> {
    let findings = non_local(rule, &library());
    let all = findings.sorted().into_iter();
    all.map(|f| (f.code(), f.primary().span, f.message(), f.help().unwrap_or_default())).collect()
}

/// The spans of all arrivals against the direction of a synapse.
fn backwards(expr: &Expr, spans: &mut Vec<Span>) {
    if let ExprKind::Arrive { transposed: true, .. } = expr.kind {
        spans.push(expr.span);
    }
    expr.for_each_child(|child| backwards(child, spans));
}

#[test]
fn the_four_licensed_rules_have_no_findings() {
    let rules = [
        oja(),
        feedback_alignment(),
        licensed_backprop(),
        centred_ep(true),
        predictive_coding(true),
        modulated(),
    ];
    for rule in rules {
        assert_eq!(found(&rule), [], "{}", rule.name);
    }
}

#[test]
fn weight_transport_is_underlined_and_a_feedback_synapse_offered() {
    let rule = backprop();
    let mut spans = Vec::new();
    let Statement::Sweep(_, body) = &rule.phases[1].body[1] else {
        unreachable!("the second statement is the sweep")
    };
    backwards(&body[0].value, &mut spans);
    let findings = non_local(&rule, &library());
    let all = findings.sorted();
    assert_eq!((all.len(), all[0].code(), all[0].severity()), (1, "non_local_read", Severity::Error));
    assert_eq!(all[0].message(), "a neuron cannot know the weights of the synapses that leave it");
    let whose = "the weights of the `W` synapses that leave this neuron, known at their far ends";
    assert_eq!((all[0].primary().span, all[0].primary().text.as_str()), (spans[0], whose));
    assert_eq!(all[0].secondary()[0].span, rule.synapses[0].span);
    let help = "declare a feedback synapse, `synapse B : above -> self`, and write `B @ above.d`; or declare `W` `symmetric`; \
                or write `allow weight_transport` in the rule's head";
    assert_eq!(all[0].help().as_deref(), Some(help));
}

/// The definition is used by five equations, the mistake is one.
#[test]
fn a_definition_is_reported_once_where_it_is_written() {
    let found = found(&centred_ep(false));
    assert_eq!(found.len(), 1);
    assert!(found[0].3.contains("`B @ above.s`"), "{}", found[0].3);
}

#[test]
fn a_taken_name_is_not_offered() {
    let mut rule = backprop();
    rule.synapses.push(synapse("B", Relative::Above, false));
    let found = found(&rule);
    assert!(
        found[0].3.starts_with("declare a feedback synapse, `synapse Wb : above -> self`"),
        "{}",
        found[0].3
    );
}

/// A clamp is no equation, but not a way around the audit either.
#[test]
fn a_clamp_needs_a_licence_too() {
    let mut rule = oja();
    let clamp = dynamics(None, 0, arrive_backwards(0, read(Place::Sender, 0)));
    rule.phases[0].body.push(Statement::Clamp(clamp));
    assert_eq!(found(&rule).len(), 1);
}

#[test]
fn other_synapses_and_other_samples() {
    let mut rule = feedback_alignment();
    rule.synapses.push(synapse("V", Relative::Below, false));
    rule.plasticity = vec![learn_synapse(1, weight(0, true)), learn_synapse(0, weight(2, false))];
    rule.plasticity.push(learn_synapse(2, weight(1, false)));
    rule.plasticity.push(learn_unit(0, batch_mean(read(Place::Own, 1))));
    let messages: Vec<_> = found(&rule).into_iter().map(|(_, _, message, help)| (message, help)).collect();
    let expected = [
        ("a synapse of `B` cannot know the weight of the synapse in the other direction", "weight_transport"),
        ("a synapse of `W` cannot know the weight of another synapse", "other_synapse"),
        ("a synapse of `V` cannot know the weight of the synapse in the other direction", "weight_transport"),
        ("a neuron cannot know what happens in other samples", "batch_statistics"),
    ];
    let expected = expected.map(|(message, licence)| {
        (message.to_owned(), format!("write `allow {licence}` in the rule's head"))
    });
    assert_eq!(messages, expected);
}

#[test]
fn a_licence_that_nothing_needs_is_a_warning() {
    let rule = allow(allow(backprop(), Licence::WeightTransport), Licence::BatchStatistics);
    let findings = non_local(&rule, &library());
    let all = findings.sorted();
    assert_eq!((all.len(), all[0].code(), all[0].severity()), (1, "unused_licence", Severity::Warning));
    assert_eq!(all[0].primary().span, rule.licences[1].1);
}
