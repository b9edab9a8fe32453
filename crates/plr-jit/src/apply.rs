//! The longer scalar functions on arrays, compiled ahead of time with the widest vectors this machine has.
//!
//! Cranelift's vectors have 128 bits. Of the functions that take dozens of instructions, the definitions in
//! [`plr_ir::scalar`] are compiled here once more for wider ones, by vectorising the loop over them: the same operations in the
//! same order, none of them fused, and so the same bits.

use plr_ir::scalar::{self, Real, UnaryOp};

/// Applies a function to so many elements, written elsewhere or over them.
pub(crate) type Apply<T> = unsafe fn(*const T, *mut T, usize);

/// Writes the loops over all functions for one set of features.
macro_rules! loops {
    ($name:ident, $features:literal, $($op:ident)+) => {
        fn $name<T: Real>(op: UnaryOp) -> Option<Apply<T>> {
            match op {
                $(UnaryOp::$op => {
                    /// # Safety
                    /// Both arrays have so many elements, and the second is apart from the first or the same; the machine has
                    /// the features.
                    #[target_feature(enable = $features)]
                    unsafe fn apply<T: Real>(from: *const T, to: *mut T, count: usize) {
                        let host = &mut T::Host::default();
                        // Two loops: one that may be written over what it reads is not vectorised.
                        if std::ptr::eq(from, to) {
                            for i in 0..count {
                                // SAFETY: as demanded of the caller.
                                unsafe { *to.add(i) = scalar::unary(host, UnaryOp::$op, *to.add(i)) };
                            }
                            return;
                        }
                        for i in 0..count {
                            // SAFETY: as demanded of the caller.
                            unsafe { *to.add(i) = scalar::unary(host, UnaryOp::$op, *from.add(i)) };
                        }
                    }
                    Some(apply::<T>)
                })+
                UnaryOp::Neg
                | UnaryOp::Abs
                | UnaryOp::Sqrt
                | UnaryOp::Sign
                | UnaryOp::Floor
                | UnaryOp::Round => None,
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
loops!(wide, "avx512f,avx512dq,avx512vl", Exp Log Tanh Sigmoid Softplus Sin Cos);
#[cfg(target_arch = "x86_64")]
loops!(narrow, "avx2", Exp Log Tanh Sigmoid Softplus Sin Cos);

/// The function for this machine; `None` if kernels made at run time are as good.
pub(crate) fn apply<T: Real>(op: UnaryOp) -> Option<Apply<T>> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512dq") && has!("avx512vl") {
            return wide(op);
        }
        if has!("avx2") {
            return narrow(op);
        }
    }
    let _ = op;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Real>(bits: fn(T) -> u64) {
        for op in [
            UnaryOp::Exp,
            UnaryOp::Log,
            UnaryOp::Tanh,
            UnaryOp::Sigmoid,
            UnaryOp::Softplus,
            UnaryOp::Sin,
            UnaryOp::Cos,
        ] {
            let Some(apply) = apply::<T>(op) else { return };
            let special = [0.0, -0.0, 1.0, -1.0, 1e-30, 88.7, -103.9, 1e30, f64::INFINITY, f64::NEG_INFINITY];
            let from: Vec<T> = special
                .into_iter()
                .chain((0..997).map(|i| (i as f64 - 500.0) / 37.0))
                .map(T::from_f64)
                .collect();
            let mut to = vec![T::default(); from.len()];
            // SAFETY: both arrays have that many elements, and the machine was asked for the function.
            unsafe { apply(from.as_ptr(), to.as_mut_ptr(), from.len()) };
            let host = &mut T::Host::default();
            for (&x, &y) in from.iter().zip(&to) {
                let expected = scalar::unary(host, op, x);
                let both_nan = expected.to_f64().is_nan() && y.to_f64().is_nan();
                assert!(both_nan || bits(expected) == bits(y), "{op:?} of {x} is {y}, not {expected}");
            }
        }
    }

    #[test]
    fn functions_of_arrays_have_the_bits_of_the_host() {
        check::<f32>(|x| u64::from(x.to_bits()));
        check::<f64>(f64::to_bits);
    }
}
