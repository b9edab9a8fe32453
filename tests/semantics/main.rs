//! What the numbered rules of `grammar/README.md` mean, on programs so small that the answer can be computed by hand.
//!
//! The comment of a test begins with the numbers of the rules that it would find broken. A [`bench::Bench`] presents one
//! minibatch on both back ends, which must agree, and the test compares what happened with a closed form.

mod bench;
mod checks;
mod experiments;
mod files;
mod functions;
mod keeping;
mod learning;
mod locality;
mod networks;
mod neurons;
mod numbers;
mod phases;
mod prediction;
mod reading;
mod rules;
mod runs;
mod sequences;
mod spaces;
mod synapses;
mod text;
mod together;
