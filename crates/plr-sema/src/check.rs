//! What a user can do wrong, one file per mistake, named for its code.
//!
//! The code of a finding, its file here, its page in `grammar/errors/` and its case in `tests/ui/` have one name; a test
//! keeps them together.

pub mod bad_network;
pub mod bad_use;
pub mod bad_value;
pub mod blind_prediction;
pub mod counted_once;
pub mod definition_cycle;
pub mod duplicate_name;
pub mod empty_sum;
pub mod first_value_too_large;
pub mod fixed_is_learned;
pub mod frozen_draw;
pub mod function_too_large;
pub mod linear_output;
pub mod lost_equation;
pub mod missing_clause;
pub mod missing_derivative;
pub mod never_evaluated;
pub mod never_written;
pub mod no_optim;
pub mod no_synapse;
pub mod non_local_read;
pub mod not_convolvable;
pub mod parameter_never_learned;
pub mod read_before_write;
pub mod reserved_name;
pub mod set_adds;
pub mod shape_mismatch;
pub mod stale_clamp;
pub mod stale_read;
pub mod unknown_edge;
pub mod unknown_name;
pub mod unknown_phase;
pub mod unknown_to_unit;
pub mod unused_licence;
pub mod unused_name;
pub mod unused_phase;
pub mod wrong_argument_count;
