//! The operation counts in the table at the head of `scalar`, taken by a machine that counts.

use plr_ir::scalar::{BinaryOp, Host, Machine, Precision, Real, UnaryOp, binary, unary};

/// The host's arithmetic, with a count of what was asked of it. Constants are free: a compiler keeps them in registers.
#[derive(Default)]
struct Counting<T> {
    host: Host<T>,
    operations: usize,
    divisions: usize,
}

/// Methods that count one operation and let the host do it.
macro_rules! counted {
    ($($name:ident($($operand:ident: $ty:ty),*) -> $result:ty;)*) => { $(
        fn $name(&mut self, $($operand: $ty),*) -> $result {
            self.operations += 1;
            self.divisions += usize::from(matches!(stringify!($name), "div" | "sqrt"));
            self.host.$name($($operand),*)
        }
    )* };
}

/// [`Counting`] over one of the host's machines.
macro_rules! counting {
    ($real:ident, $bits:ident) => {
        impl Machine for Counting<$real> {
            type Real = $real;
            type Bits = $bits;
            type Mask = bool;

            fn precision(&self) -> Precision {
                self.host.precision()
            }

            fn real(&mut self, value: f64) -> $real {
                self.host.real(value)
            }

            fn bits(&mut self, pattern: u64) -> $bits {
                self.host.bits(pattern)
            }

            // A change of view, not of bits.
            fn bits_of_real(&mut self, a: $real) -> $bits {
                self.host.bits_of_real(a)
            }

            fn real_of_bits(&mut self, a: $bits) -> $real {
                self.host.real_of_bits(a)
            }

            counted! {
                add(a: $real, b: $real) -> $real;
                sub(a: $real, b: $real) -> $real;
                mul(a: $real, b: $real) -> $real;
                div(a: $real, b: $real) -> $real;
                sqrt(a: $real) -> $real;
                neg(a: $real) -> $real;
                abs(a: $real) -> $real;
                floor(a: $real) -> $real;
                round_ties_even(a: $real) -> $real;
                less(a: $real, b: $real) -> bool;
                less_equal(a: $real, b: $real) -> bool;
                equal(a: $real, b: $real) -> bool;
                and(a: bool, b: bool) -> bool;
                or(a: bool, b: bool) -> bool;
                not(a: bool) -> bool;
                select(mask: bool, a: $real, b: $real) -> $real;
                bits_and(a: $bits, b: $bits) -> $bits;
                bits_or(a: $bits, b: $bits) -> $bits;
                bits_xor(a: $bits, b: $bits) -> $bits;
                bits_add(a: $bits, b: $bits) -> $bits;
                bits_sub(a: $bits, b: $bits) -> $bits;
                shift_left(a: $bits, amount: u32) -> $bits;
                shift_right(a: $bits, amount: u32) -> $bits;
            }
        }
    };
}

counting!(f32, u32);
counting!(f64, u64);

/// The operations and the divisions (square roots among them) that `apply` asks for.
fn count<T: Real>(apply: impl Fn(&mut Counting<T>)) -> [usize; 2]
where
    Counting<T>: Default,
{
    let mut machine = Counting::default();
    apply(&mut machine);
    [machine.operations, machine.divisions]
}

/// Asserts what the row of an operation says; primitive ones have none.
fn assert_documented(name: &str, [single, divisions]: [usize; 2], [double, divisions_too]: [usize; 2]) {
    assert_eq!(divisions, divisions_too);
    if single == 1 {
        return;
    }
    let start = format!("//! | `{name}` |");
    let row = include_str!("../src/scalar.rs").lines().find(|line| line.starts_with(&start));
    let ending = format!("| {single} / {double} | {divisions} |");
    assert!(row.is_some_and(|row| row.ends_with(&ending)), "the row of {name} must end with {ending}");
}

#[test]
fn the_documented_operation_counts_hold() {
    for &op in UnaryOp::ALL {
        let single = count::<f32>(|m| {
            unary(m, op, 0.5);
        });
        let double = count::<f64>(|m| {
            unary(m, op, 0.5);
        });
        assert_documented(op.name(), single, double);
    }
    for &op in BinaryOp::ALL {
        let single = count::<f32>(|m| {
            binary(m, op, 0.5, 0.25);
        });
        let double = count::<f64>(|m| {
            binary(m, op, 0.5, 0.25);
        });
        assert_documented(op.name(), single, double);
    }
}
