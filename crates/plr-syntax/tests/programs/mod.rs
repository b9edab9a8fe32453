//! The programs that the tests of this crate run on.

/// Name and text of each.
pub const ALL: [(&str, &str); 6] = [
    ("oja", include_str!("oja.plr")),
    ("feedback_alignment", include_str!("feedback_alignment.plr")),
    ("centred_ep", include_str!("centred_ep.plr")),
    ("predictive_coding", include_str!("predictive_coding.plr")),
    ("experiment", include_str!("experiment.plr")),
    ("everything", include_str!("everything.plr")),
];
