//! The locality audit against perturbation, on both back ends.

use plr_ir::Precision;
use plr_ir::model::Model;
use plr_run::backend::Backend;
use plr_run::perturb::{self, Finding};

use crate::failure::Failure;

use super::Line;

const SEED: u64 = 1;

/// A line for each back end, and one for each equation that reads what it must not.
pub fn lines(model: &dyn Model) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for (backend, name) in [(Backend::Jit { threads: 1 }, "compiled"), (Backend::Interpreter, "interpreted")]
    {
        let findings = perturb::run(model, Precision::F32, SEED, backend)?;
        lines.push(summary(name, &findings));
        lines.extend(findings.iter().flat_map(|finding| leaks(name, finding)));
    }
    Ok(lines)
}

fn summary(name: &str, findings: &[Finding]) -> Line {
    let leaking = findings.iter().filter(|finding| !finding.leaks.is_empty()).count();
    let owners: usize = findings.iter().map(|finding| finding.owners).sum();
    Line {
        what: format!("audit = perturbation, {name}, {} equations, {owners} owners", findings.len()),
        measured: format!("{leaking} leak"),
        number: Some(leaking as f64),
        claimed: "0 leak".to_owned(),
        ok: leaking == 0,
    }
}

fn leaks(name: &str, finding: &Finding) -> Vec<Line> {
    let line = |leak: &perturb::Leak| Line {
        what: format!("{}, {name}, {}", finding.equation, leak.element),
        measured: format!("{} in `{}` change it", leak.by, leak.input),
        number: None,
        claimed: "not read".to_owned(),
        ok: false,
    };
    finding.leaks.iter().map(line).collect()
}
