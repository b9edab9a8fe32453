//! The names of the scalar operations.

use std::fmt::{self, Display};
use std::str::FromStr;

/// An enumeration whose variants have a text form; `FromStr` fails with `()` on any other text.
macro_rules! operations {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            /// Every operation, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text form.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(()),
                }
            }
        }
    };
}

operations! {
    /// Operations on one real.
    UnaryOp {
        /// The opposite.
        Neg = "neg",
        /// The magnitude.
        Abs = "abs",
        /// The square root.
        Sqrt = "sqrt",
        /// The exponential.
        Exp = "exp",
        /// The natural logarithm.
        Log = "log",
        /// The hyperbolic tangent.
        Tanh = "tanh",
        /// The logistic function `1/(1 + e^−x)`.
        Sigmoid = "sigmoid",
        /// The antiderivative of the logistic function, `log(1 + e^x)`.
        Softplus = "softplus",
        /// The sine.
        Sin = "sin",
        /// The cosine.
        Cos = "cos",
        /// −1, 0 or 1.
        Sign = "sign",
        /// The largest integer not above.
        Floor = "floor",
        /// The nearest integer, ties to even.
        Round = "round",
    }
}

operations! {
    /// Operations on two reals.
    BinaryOp {
        /// The sum.
        Add = "add",
        /// The difference.
        Sub = "sub",
        /// The product.
        Mul = "mul",
        /// The quotient.
        Div = "div",
        /// The smaller.
        Min = "min",
        /// The larger.
        Max = "max",
        /// The first to the power of the second.
        Pow = "pow",
    }
}

operations! {
    /// Comparisons of two reals.
    CompareOp {
        /// Less.
        Lt = "lt",
        /// Less or equal.
        Le = "le",
        /// Greater.
        Gt = "gt",
        /// Greater or equal.
        Ge = "ge",
        /// Equal.
        Eq = "eq",
        /// Not equal; true with a NaN.
        Ne = "ne",
    }
}
