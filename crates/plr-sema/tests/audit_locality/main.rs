//! The locality audit on the five rules of the language's introduction, built by hand, and on the chain 3 - 4 - 5 - 2.
//! What is expected was derived on paper from the rules' equations.

mod bill;
mod findings;
mod reads;
mod report;
mod rules;
mod tree;
mod verdicts;
