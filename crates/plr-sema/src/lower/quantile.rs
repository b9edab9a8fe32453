//! Counts from numbers of the unit interval, by inversion of Poisson's law.
//!
//! From 0 on, the probabilities of the counts are added up until the sum passes the given number: all elements at once, in a
//! loop that ends when none is left. Sum and number are scaled by a power of two, which is exact, so that the first
//! probability of a large rate is no denormal number in f32.

use plr_ir::Value;
use plr_ir::builder::Builder;
use plr_ir::program::{ReduceKind, Until};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};

/// Above this rate a count is NaN: the probability of 0 is e⁻¹²⁸, and e⁻⁸⁸ is the smallest normal number of f32.
const LARGEST_RATE: f64 = 128.0;
/// What numbers and sums are multiplied by: 2⁸⁶, about e⁶⁰.
const SCALE: f64 = 77_371_252_455_336_267_181_195_264.0;
/// No count is so large: 300 has the probability 10⁻³⁶ at the largest rate, and nothing of that is left beside 1 in f64.
const MOST: u32 = 300;

/// The smallest count with a distribution function above `level`, at that `rate`, element by element; NaN for a rate
/// outside [0, 128] (R11.8).
pub fn poisson(b: &mut Builder, level: Value, rate: Value) -> Value {
    let dims = b.type_of(level).dims.clone();
    let axes: Vec<usize> = (0..dims.len()).collect();
    let [zero, one, two] = [0.0, 1.0, 2.0].map(|number| b.constant(number, &dims));
    let [scale, largest, nan] = [SCALE, LARGEST_RATE, f64::NAN].map(|number| b.constant(number, &dims));
    let (low, high) = (b.compare(CompareOp::Ge, rate, zero), b.compare(CompareOp::Le, rate, largest));
    let known = b.and(low, high);
    let rate = b.select(known, rate, zero);
    let level = b.binary(BinaryOp::Mul, level, scale);
    // The root of e⁻ʳ is in range where e⁻ʳ itself is not.
    let half = b.binary(BinaryOp::Div, rate, two);
    let half = b.unary(UnaryOp::Neg, half);
    let root = b.unary(UnaryOp::Exp, half);
    let none = b.binary(BinaryOp::Mul, root, scale);
    let none = b.binary(BinaryOp::Mul, none, root);
    let initial = [zero, none, none];
    let (step, carried) = b.begin_repeat(&initial);
    let &[count, term, sum] = carried.as_slice() else { unreachable!("as many as there were") };
    let step = b.convert_index(step);
    let step = b.broadcast(step, &[], &dims);
    let next = b.binary(BinaryOp::Add, step, one);
    let term = b.binary(BinaryOp::Mul, term, rate);
    let term = b.binary(BinaryOp::Div, term, next);
    let longer = b.binary(BinaryOp::Add, sum, term);
    let below = b.compare(CompareOp::Ge, level, sum);
    // Behind the largest probability, sums that no longer grow are 1.
    let (rising, grows) = (b.compare(CompareOp::Le, next, rate), b.compare(CompareOp::Gt, longer, sum));
    let more = b.or(rising, grows);
    let goes_on = b.and(below, more);
    let count = b.select(goes_on, next, count);
    let going = b.select(goes_on, one, zero);
    let residual = if axes.is_empty() { going } else { b.reduce(ReduceKind::Max, going, &axes) };
    let until = Until { residual, tolerance: 0.5 };
    let counts = b.end_repeat(MOST, &initial, vec![count, term, longer], Some(until))[0];
    b.select(known, counts, nan)
}
