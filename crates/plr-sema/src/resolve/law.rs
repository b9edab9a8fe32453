//! Laws of drawn samples, in checks and in experiments (R14.12, R17.5).

use plr_ir::model::DataLaw;
use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;

use super::Library;
use super::experiment::{count, number};
use crate::check::wrong_argument_count::WrongArgumentCount;

/// The names of the laws.
pub const LAWS: [&str; 6] = ["random", "classes", "corners", "patterns", "teacher", "gaussian"];

/// The law that a call of one of [`LAWS`] names, its settings aside.
pub fn law(call: &ast::Call, library: &Library, findings: &mut Findings) -> Option<DataLaw> {
    let mut counted = |expected: usize| {
        let found = call.arguments.len();
        if found != expected {
            let name = call.name.text.clone();
            findings.push(WrongArgumentCount { at: call.span, name, expected, found });
        }
        (found == expected).then_some(())
    };
    match call.name.text.as_str() {
        "gaussian" => {
            let deviations = call.arguments.iter().map(|a| number(a, library, findings));
            Some(DataLaw::Gaussian(deviations.collect::<Option<_>>()?))
        }
        "patterns" => {
            counted(1)?;
            let many = count(&call.arguments[0], "the number of patterns", 1, library, findings)?;
            Some(DataLaw::Patterns(many as usize))
        }
        "classes" => counted(0).map(|()| DataLaw::Classes),
        "corners" => counted(0).map(|()| DataLaw::Corners),
        "teacher" => counted(0).map(|()| DataLaw::Teacher),
        _ => counted(0).map(|()| DataLaw::Random),
    }
}
