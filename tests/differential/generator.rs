//! Legal programs at random: a rule, a network, an experiment with both.
//!
//! What makes a rule legal holds by construction: every state has a value to begin with, every weight and parameter is
//! learned or fixed, the head allows what is not local, only output units read the target. What the rule computes makes no
//! sense, and need not.

mod expression;
mod network;
mod rule;

use plr_run::draws::Draws;

/// A program with one rule and one experiment, from a seed.
pub fn program(seed: u64) -> String {
    let mut random = Random(Draws::new(seed, "generated program", 0));
    let network = network::network(&mut random);
    let rule = rule::Rule::new(&mut random).text();
    let batch = if random.below(4) == 0 { 8 + random.below(30) } else { 1 + random.below(5) };
    let cost = random.pick(&["half_squared_error", "half_squared_error", "binary_cross_entropy"]);
    let site = random.pick(&["", "  lr output = 0.07\n"]);
    format!(
        "{rule}\n{network}\nexperiment generated {{\n  rule Generated\n  network net\n  cost {cost}\n  batch {batch}\n{site}}}\n"
    )
}

/// Where decisions come from.
pub struct Random(Draws);

impl Random {
    /// Less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// True in so many of 100 cases.
    pub fn percent(&mut self, percentage: usize) -> bool {
        self.below(100) < percentage
    }

    /// One of several.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// A number of the given size with two digits, not zero.
    pub fn number(&mut self, size: f64) -> String {
        let digits = 1 + self.below(99);
        let text = format!("{}", size * digits as f64 / 100.0);
        if self.percent(30) { format!("(-{text})") } else { text }
    }
}
