//! Rules: declarations first, then phases that move the states, then plasticity.

use super::Random;
use super::expression::{Synaptic, Unit};

/// A projection.
pub struct Synapse {
    /// Its name.
    pub name: &'static str,
    /// What an equation of a unit reads through it: `W @ below`.
    pub hears: &'static str,
    ends: &'static str,
    fixed: bool,
    symmetric: bool,
}

/// The projections that a rule may have besides `W`.
const OTHERS: [(&str, &str, &str); 5] = [
    ("V", "V @ below", "below -> self"),
    ("B", "B @ above", "above -> self"),
    ("L", "L @ self", "self -> self"),
    ("D", "D @ output", "output -> self"),
    ("S", "S @ input", "input -> self"),
];

/// What has been declared so far.
pub struct Rule<'r> {
    /// Where decisions come from.
    pub random: &'r mut Random,
    /// The names of the states.
    pub states: Vec<&'static str>,
    /// The names of the definitions.
    pub lets: Vec<&'static str>,
    /// The names of the unit parameters.
    pub params: Vec<&'static str>,
    /// The projections; the first is `W`.
    pub synapses: Vec<Synapse>,
    /// The phases that have ended.
    pub ended: Vec<String>,
    /// The states that plain equations of this phase write.
    plain: Vec<&'static str>,
    /// How many of them ran before anybody was told the target.
    untold: Option<usize>,
    /// A signal is declared.
    pub signal: bool,
    /// Weights may be read backwards.
    pub transport: bool,
    /// Samples may be compared.
    pub batch_statistics: bool,
}

impl<'r> Rule<'r> {
    /// A rule without phases.
    pub fn new(random: &'r mut Random) -> Self {
        let states = ["x", "y", "z"][..1 + random.below(3)].to_vec();
        let params = ["b", "c"][..random.below(3)].to_vec();
        let symmetric = random.percent(30);
        let mut synapses =
            vec![Synapse { name: "W", hears: "W @ below", ends: "below -> self", fixed: false, symmetric }];
        for (name, hears, ends) in OTHERS {
            if random.percent(25) {
                synapses.push(Synapse { name, hears, ends, fixed: random.percent(40), symmetric: false });
            }
        }
        let (signal, transport, batch_statistics) =
            (random.percent(25), random.percent(40), random.percent(10));
        let (lets, ended, plain, untold) = (Vec::new(), Vec::new(), Vec::new(), None);
        Self {
            random,
            states,
            lets,
            params,
            synapses,
            ended,
            plain,
            untold,
            signal,
            transport,
            batch_statistics,
        }
    }

    /// The text of the rule, which is named `Generated`.
    pub fn text(mut self) -> String {
        let mut lines = vec![self.neuron()];
        lines.extend(self.synapses());
        if self.signal {
            lines.push(self.global());
        }
        for i in 0..1 + self.random.below(3) {
            lines.push(self.phase(i));
        }
        lines.push(self.learn());
        let untold = self.untold.unwrap_or(self.ended.len());
        let (value, after) = (self.random.pick(&self.states), self.random.pick(&self.ended[..untold]));
        lines.push(format!("predict output.{value} after {after}"));
        let allowed: Vec<&str> =
            [(self.transport, "weight_transport"), (self.batch_statistics, "batch_statistics")]
                .into_iter()
                .filter_map(|(allowed, name)| allowed.then_some(name))
                .collect();
        let allow = if allowed.is_empty() { String::new() } else { format!(" allow {}", allowed.join(", ")) };
        format!("rule Generated(lr = 0.05, beta = 0.3){allow} {{\n  {}\n}}\n", lines.join("\n  "))
    }

    fn neuron(&mut self) -> String {
        let mut lines = Vec::new();
        for param in self.params.clone() {
            let init = self.random.pick(&["0", "0.1", "normal(0.3)", "uniform(-0.5, 0.5)"]);
            lines.push(format!("param {param} = {init}"));
        }
        for state in self.states.clone() {
            let value = self.random.pick(&["0", "0", "0.5", "1", "-0.3"]);
            let kept = self.random.pick(&["", "", "", "", "persistent ", "carried "]);
            lines.push(format!("{kept}state {state} = {value}"));
        }
        for name in ["u", "v"] {
            if self.random.percent(50) {
                let value = Unit::of(self).expression(2);
                lines.push(format!("let {name} = {value}"));
                if self.random.percent(25) {
                    let value = Unit::of(self).expression(1);
                    lines.push(format!("output let {name} = {value}"));
                }
                self.lets.push(name);
            }
        }
        format!("neuron {{\n    {}\n  }}", lines.join("\n    "))
    }

    fn synapses(&mut self) -> Vec<String> {
        let inits = ["glorot()", "he()", "normal(0.3)", "uniform(-0.4, 0.6)", "0.2"];
        let mut line = |s: &Synapse| {
            let init = self.random.pick(&inits);
            let (fixed, symmetric) =
                (if s.fixed { ", fixed" } else { "" }, if s.symmetric { ", symmetric" } else { "" });
            format!("synapse {} : {} = {init}{fixed}{symmetric}", s.name, s.ends)
        };
        self.synapses.iter().map(&mut line).collect()
    }

    fn global(&mut self) -> String {
        let state = self.random.pick(&self.states);
        let value =
            self.random.pick(&["sum(output.?)", "mean((output.? - 0.5)^2)", "max(output.?) - min(output.?)"]);
        format!("signal R = {}", value.replace('?', state))
    }

    fn phase(&mut self, at: usize) -> String {
        let name = format!("p{at}");
        self.plain.clear();
        let mut options = Vec::new();
        if self.random.percent(50) {
            options.push(format!("steps = {}", 1 + self.random.below(4)));
            if self.random.percent(20) {
                options.push("until residual < 1e-3".to_owned());
            }
        }
        if !self.ended.is_empty() && self.random.percent(40) {
            options.push(format!("from = {}", self.random.pick(&self.ended)));
        }
        let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
        let mut lines = Vec::new();
        if at == 0 {
            let state = self.states[0];
            lines.push(format!("clamp input {state} = data"));
        } else if self.random.percent(25) {
            let state = self.random.pick(&self.states);
            let held = self.random.pick(&["clamp output ? = target", "release ?", "release output ?"]);
            if held.contains("target") {
                self.told();
            }
            lines.push(held.replace('?', state));
        }
        for _ in 0..1 + self.random.below(3) {
            let statement = self.statement(1);
            lines.push(statement);
        }
        self.ended.push(name.clone());
        format!("phase {name}{options} {{\n    {}\n  }}", lines.join("\n    "))
    }

    fn statement(&mut self, depth: usize) -> String {
        match self.random.below(6) {
            0 | 1 => {
                let direction = self.random.pick(&["up", "down"]);
                let body: Vec<String> = (0..1 + self.random.below(2)).map(|_| self.equation().1).collect();
                format!("sweep {direction} {{ {} }}", body.join(";  "))
            }
            2 if depth > 0 => {
                let body: Vec<String> =
                    (0..1 + self.random.below(2)).map(|_| self.statement(depth - 1)).collect();
                format!("in turn {{ {} }}", body.join(";  "))
            }
            _ => {
                let (state, equation) = self.equation();
                // Two plain equations of a step do not write one state.
                if depth > 0 && self.plain.contains(&state) {
                    return format!("in turn {{ {equation} }}");
                }
                self.plain.extend((depth > 0).then_some(state));
                equation
            }
        }
    }

    /// An equation, and the state that it writes.
    fn equation(&mut self) -> (&'static str, String) {
        let state = self.random.pick(&self.states);
        let role = self.random.pick(&["", "", "hidden ", "output "]);
        let mut value = Unit::of(self).expression(2);
        if role == "output " && !self.ended.is_empty() && self.random.percent(60) {
            self.told();
            let told = ["beta * (target - ?)", "-cost'(?)", "-loss'(?)", "(target - ?)^2"];
            let told = self.random.pick(&told).replace('?', state);
            value = format!("{value} + {told}");
        }
        let equation = match self.random.below(4) {
            0 => format!("{role}{state} = tanh({value})"),
            1 => format!("{role}{state} = 0.6 * {state} + 0.3 * ({value})"),
            2 => format!("{role}{state} += 0.1 * tanh({value})"),
            _ => format!("{role}{state} = {value}"),
        };
        (state, equation)
    }

    /// From the phase that is being written on, states may depend on the target.
    fn told(&mut self) {
        self.untold.get_or_insert(self.ended.len());
    }

    fn learn(&mut self) -> String {
        let mut lines = Vec::new();
        for at in 0..self.synapses.len() {
            if self.synapses[at].fixed {
                continue;
            }
            let name = self.synapses[at].name;
            let value = Synaptic::of(self, name).expression(3);
            lines.push(self.change(name, &value));
        }
        for param in self.params.clone() {
            let value = Unit::of(self).expression(2);
            lines.push(self.change(param, &value));
        }
        let reduction = self.random.pick(&["", "", " (sum)"]);
        format!("learn{reduction} {{\n    {}\n  }}", lines.join("\n    "))
    }

    fn change(&mut self, name: &str, value: &str) -> String {
        match self.random.below(4) {
            0 => format!("{name} -= lr * ({value})"),
            1 => format!("{name} = 0.95 * {name} + lr * ({value})"),
            2 => format!("{name} += lr / (2 * beta) * ({value})"),
            _ => format!("{name} += lr * ({value})"),
        }
    }
}
