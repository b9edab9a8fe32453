//! The parser that `grammar/plr.lalrpop` describes, generated at build time.

use lalrpop_util::lalrpop_mod;

lalrpop_mod!(
    #[allow(unused, unused_qualifications, missing_docs, clippy::all, reason = "generated code")]
    #[allow(
        clippy::allow_attributes_without_reason,
        clippy::too_many_lines,
        clippy::unwrap_used,
        clippy::wildcard_enum_match_arm,
        reason = "generated code"
    )]
    plr
);

pub(crate) use plr::FileParser;
