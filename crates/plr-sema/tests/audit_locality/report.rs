//! The audit as text and as JSON.

use plr_sema::audit::{Audit, Built};
use plr_sema::hir::Rule;

use crate::rules::*;
use crate::tree::*;

fn audit(rule: &Rule) -> Audit {
    Audit::on_network(rule, &library(), (&chain(Some(SOFTMAX)), &Built::everything()), &|phase| {
        constant(&phase.steps)
    })
}

#[test]
fn text_fits_a_hundred_columns() {
    for rule in [
        oja(),
        feedback_alignment(),
        licensed_backprop(),
        centred_ep(true),
        predictive_coding(true),
        modulated(),
    ] {
        let text = audit(&rule).render();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("learn: W"), "{text}");
    }
}

#[test]
fn reads_are_in_words() {
    let audit = audit(&centred_ep(true));
    let reads = |name: &str| audit.rows.iter().find(|row| row.name == name).map(|row| row.reads.join("; "));
    let drive = "own b; s of the layer below through W; s of the layer above backwards through W";
    assert_eq!(reads("let drive").as_deref(), Some(drive));
    let learned = "post.s[plus]; pre.s[plus]; post.s[minus]; pre.s[minus]";
    assert_eq!(reads("learn: W").as_deref(), Some(learned));
    assert_eq!(
        audit.rows.last().map(|row| row.memory.clone()),
        Some(vec!["s[plus]".to_owned(), "s[minus]".to_owned()])
    );
}

/// Scripts read these names.
#[test]
fn json_has_its_documented_fields() {
    let json = serde_json::to_value(audit(&centred_ep(true))).expect("an audit is plain data");
    let keys = |value: &serde_json::Value| {
        value
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>().join(" "))
            .unwrap_or_default()
    };
    assert_eq!(keys(&json), "bill licences network rows rule");
    assert_eq!(keys(&json["rows"][0]), "exceptions kind memory name reads requires verdict");
    let bill = "broadcasts copies kept locking memories multiply_adds phases sequential_depth states steps \
                synapse_parameters traces trajectories unit_parameters units wires";
    assert_eq!(keys(&json["bill"]), bill);
    assert_eq!(json["rows"][0]["requires"], serde_json::json!(["symmetric_synapses"]));
    assert_eq!(json["bill"]["wires"][0]["traffic"], "bidirectional");
}
