//! Compiled code against the interpreter: the output that comes nearest to its bound, for each program and precision.

use plr_ir::Precision;
use plr_ir::model::{Model, Piece};
use plr_run::compare::{self, Difference};

use crate::failure::Failure;

use super::{Line, number};

const BATCH: usize = 5;
const SEED: u64 = 1;
/// More than one, so that the independence of their number is tested too.
const THREADS: usize = 2;

/// A line for each program in each precision.
pub fn lines(model: &dyn Model) -> Result<Vec<Line>, Failure> {
    let differences = compare::run(model, BATCH, SEED, THREADS)?;
    let mut lines = Vec::new();
    for (piece, several, name) in [
        (Piece::Update, false, "updates"),
        (Piece::Update, true, "updates put off"),
        (Piece::Probe, false, "states and increments"),
    ] {
        for precision in Precision::ALL {
            let is_it = |d: &&Difference| {
                d.piece == piece && d.precision == precision && (d.presentations > 1) == several
            };
            let of_it = || differences.iter().filter(is_it);
            if let Some(worst) = of_it().reduce(|worst, d| if excess(d) > excess(worst) { d } else { worst })
            {
                lines.push(line(name, worst, of_it().all(|d| d.empty)));
            }
        }
    }
    Ok(lines)
}

/// `empty`: all outputs are NaN, so that nothing was put to the test.
fn line(name: &str, worst: &Difference, empty: bool) -> Line {
    Line {
        what: format!("compiled = interpreted, {name}, {} (`{}`)", worst.precision, worst.output),
        measured: if empty { "NaN alone".to_owned() } else { number(worst.largest) },
        number: (!empty).then_some(worst.largest),
        claimed: format!("<= {}", number(worst.bound)),
        ok: worst.agrees(),
    }
}

/// How much of its bound a difference takes; one without any is nothing.
fn excess(difference: &Difference) -> f64 {
    if difference.largest == 0.0 { 0.0 } else { difference.largest / difference.bound }
}
