//! The command line of the plr compiler.

fn main() {}
