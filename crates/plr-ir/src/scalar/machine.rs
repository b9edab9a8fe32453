//! The primitive operations of a floating-point machine, from which every scalar operation is composed.
//!
//! A [`Machine`] is a place where arithmetic happens: the host's own numbers ([`Host`]), or a compiler's
//! instruction stream, where `Real` is the name of a value still to be computed (one lane or several; every
//! primitive acts on each lane alone). The set is what IEEE 754 fixes to the last bit and what every host offers as one
//! instruction, or a few, on a scalar and on a 128-bit vector: no fused multiply-add, no shift by a different amount per
//! lane, no conversion between integers and reals (an integral real shows its bits after a large number was
//! added to it, see [`Precision::integral_magic`]). Subnormal numbers are kept: flush-to-zero modes must be off.

use std::fmt::{self, Debug, Display};
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::str::FromStr;

/// The width of the reals of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Precision {
    /// Both precisions, the narrow one first.
    pub const ALL: [Self; 2] = [Self::F32, Self::F64];

    /// `f32` or `f64`.
    pub const fn name(self) -> &'static str {
        self.choose("f32", "f64")
    }

    /// The first value for [`F32`](Self::F32), the second for [`F64`](Self::F64).
    pub const fn choose<T: Copy>(self, single: T, double: T) -> T {
        match self {
            Self::F32 => single,
            Self::F64 => double,
        }
    }

    /// Width of one real in bytes.
    pub const fn bytes(self) -> usize {
        self.choose(4, 8)
    }

    /// Number of stored bits of the fraction: the exponent field begins at this bit.
    pub const fn fraction_bits(self) -> u32 {
        self.choose(23, 52)
    }

    /// What is added to an exponent before it is stored.
    pub const fn exponent_bias(self) -> u32 {
        self.choose(127, 1023)
    }

    /// The bit pattern of −0: the sign bit alone.
    pub const fn sign_bit(self) -> u64 {
        self.choose(1 << 31, 1 << 63)
    }

    /// 1.5 · 2^[`fraction_bits`](Self::fraction_bits), where neighbouring reals differ by one: `x + magic` rounds `x` to the
    /// nearest integer (ties to even) and shows it, in two's complement, in the lowest bits of the sum.
    /// Holds for |x| up to a quarter of `magic`.
    pub const fn integral_magic(self) -> f64 {
        self.choose(12_582_912.0, 6_755_399_441_055_744.0)
    }
}

impl Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|precision| precision.name() == text).ok_or(())
    }
}

/// Where the primitive operations happen. Every method but the constants acts lane by lane.
///
/// `&mut self` lets a compiler append instructions; the host ignores it.
pub trait Machine {
    /// A real number of this machine's [`Precision`], or one per lane.
    type Real: Copy;
    /// The bits of a `Real`: an integer as wide as it.
    type Bits: Copy;
    /// A truth value per lane.
    type Mask: Copy;

    /// The precision of `Real`.
    fn precision(&self) -> Precision;

    /// The constant `value`, rounded to nearest (ties to even), in every lane.
    fn real(&mut self, value: f64) -> Self::Real;
    /// The constant bit pattern in every lane. At [`Precision::F32`] the low 32 bits count.
    fn bits(&mut self, pattern: u64) -> Self::Bits;

    /// `a + b`, rounded once.
    fn add(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// `a − b`, rounded once.
    fn sub(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// `a · b`, rounded once.
    fn mul(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// `a / b`, rounded once.
    fn div(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// The square root, rounded once; NaN below −0.
    fn sqrt(&mut self, a: Self::Real) -> Self::Real;
    /// The sign bit flipped, of NaN and zero too.
    fn neg(&mut self, a: Self::Real) -> Self::Real;
    /// The sign bit cleared, of NaN and zero too.
    fn abs(&mut self, a: Self::Real) -> Self::Real;
    /// The largest integral value that is not above `a`.
    fn floor(&mut self, a: Self::Real) -> Self::Real;
    /// The nearest integral value, the even one of two.
    fn round_ties_even(&mut self, a: Self::Real) -> Self::Real;

    /// `a < b`; false where either is NaN.
    fn less(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// `a ≤ b`; false where either is NaN.
    fn less_equal(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// `a = b`; false where either is NaN, true for zeros of either sign.
    fn equal(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// Both.
    fn and(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Either, or both.
    fn or(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// The opposite.
    fn not(&mut self, a: Self::Mask) -> Self::Mask;
    /// `a` where the mask holds, else `b`; bits unchanged. Both are always computed.
    ///
    /// `select(less(x, y), x, y)` and `select(less(y, x), x, y)` are single instructions on x64 (`minps`, `maxps`), and
    /// the definitions here keep to these two shapes.
    fn select(&mut self, mask: Self::Mask, a: Self::Real, b: Self::Real) -> Self::Real;

    /// The bits of a real.
    fn bits_of_real(&mut self, a: Self::Real) -> Self::Bits;
    /// The real with these bits.
    fn real_of_bits(&mut self, a: Self::Bits) -> Self::Real;
    /// Bitwise and.
    fn bits_and(&mut self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Bitwise or.
    fn bits_or(&mut self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Bitwise exclusive or.
    fn bits_xor(&mut self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Sum modulo 2^width.
    fn bits_add(&mut self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Difference modulo 2^width.
    fn bits_sub(&mut self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Shift towards the high bits by the same `amount`, below the width, in every lane; zeros enter.
    fn shift_left(&mut self, a: Self::Bits, amount: u32) -> Self::Bits;
    /// Shift towards the low bits by the same `amount`, below the width, in every lane; zeros enter.
    fn shift_right(&mut self, a: Self::Bits, amount: u32) -> Self::Bits;
}

/// The machine the program runs on: plain arithmetic on `f32` or `f64`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host<T>(PhantomData<T>);

/// A number type that a program's values can have on the host.
pub trait Real:
    Copy
    + Debug
    + Display
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// The machine that computes with it.
    type Host: Machine<Real = Self, Mask = bool> + Default;
    /// Its precision.
    const PRECISION: Precision;

    /// The nearest value, ties to even.
    fn from_f64(value: f64) -> Self;
    /// The same value; exact.
    fn to_f64(self) -> f64;
}

/// [`Machine`] and [`Real`] for one of Rust's number types.
macro_rules! host {
    ($real:ident, $bits:ident, $precision:expr) => {
        impl Real for $real {
            type Host = Host<$real>;
            const PRECISION: Precision = $precision;

            #[inline]
            fn from_f64(value: f64) -> Self {
                value as $real
            }

            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }

        impl Machine for Host<$real> {
            type Real = $real;
            type Bits = $bits;
            type Mask = bool;

            #[inline]
            fn precision(&self) -> Precision {
                $precision
            }

            #[inline]
            fn real(&mut self, value: f64) -> $real {
                value as $real
            }

            #[inline]
            fn bits(&mut self, pattern: u64) -> $bits {
                pattern as $bits
            }

            host!(binary $real: add +, sub -, mul *, div /);
            host!(unary $real: sqrt, abs, floor, round_ties_even);
            host!(compare $real: less <, less_equal <=, equal ==);
            host!(bitwise $bits: bits_and &, bits_or |, bits_xor ^);

            #[inline]
            fn neg(&mut self, a: $real) -> $real {
                -a
            }

            #[inline]
            fn and(&mut self, a: bool, b: bool) -> bool {
                a & b
            }

            #[inline]
            fn or(&mut self, a: bool, b: bool) -> bool {
                a | b
            }

            #[inline]
            fn not(&mut self, a: bool) -> bool {
                !a
            }

            #[inline]
            fn select(&mut self, mask: bool, a: $real, b: $real) -> $real {
                if mask { a } else { b }
            }

            #[inline]
            fn bits_of_real(&mut self, a: $real) -> $bits {
                a.to_bits()
            }

            #[inline]
            fn real_of_bits(&mut self, a: $bits) -> $real {
                $real::from_bits(a)
            }

            #[inline]
            fn bits_add(&mut self, a: $bits, b: $bits) -> $bits {
                a.wrapping_add(b)
            }

            #[inline]
            fn bits_sub(&mut self, a: $bits, b: $bits) -> $bits {
                a.wrapping_sub(b)
            }

            #[inline]
            fn shift_left(&mut self, a: $bits, amount: u32) -> $bits {
                a << amount
            }

            #[inline]
            fn shift_right(&mut self, a: $bits, amount: u32) -> $bits {
                a >> amount
            }
        }
    };
    (binary $real:ident: $($name:ident $operator:tt),*) => { $(
        #[inline]
        fn $name(&mut self, a: $real, b: $real) -> $real {
            a $operator b
        }
    )* };
    (unary $real:ident: $($name:ident),*) => { $(
        #[inline]
        fn $name(&mut self, a: $real) -> $real {
            a.$name()
        }
    )* };
    (compare $real:ident: $($name:ident $operator:tt),*) => { $(
        #[inline]
        fn $name(&mut self, a: $real, b: $real) -> bool {
            a $operator b
        }
    )* };
    (bitwise $bits:ident: $($name:ident $operator:tt),*) => { $(
        #[inline]
        fn $name(&mut self, a: $bits, b: $bits) -> $bits {
            a $operator b
        }
    )* };
}

host!(f32, u32, Precision::F32);
host!(f64, u64, Precision::F64);
