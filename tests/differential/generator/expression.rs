//! Expressions, as a unit or a synapse may write them.

use super::rule::Rule;

/// Writes what a unit may read.
pub struct Unit<'a, 'r> {
    rule: &'a mut Rule<'r>,
}

impl<'a, 'r> Unit<'a, 'r> {
    /// Of a rule, with what is declared in it so far.
    pub fn of(rule: &'a mut Rule<'r>) -> Self {
        Self { rule }
    }

    /// An expression of some depth.
    pub fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.rule.random.percent(20) {
            return self.leaf();
        }
        let operator = operator(self.rule);
        fill(&operator, || self.expression(depth - 1))
    }

    fn leaf(&mut self) -> String {
        match self.rule.random.below(10) {
            0 => self.rule.random.number(2.0),
            1 => "beta".to_owned(),
            2 | 3 => self.arrival(),
            4 => self.of_layer(),
            5 => {
                let own = self.own();
                self.rule.random.pick(&["f(?)", "f'(?)"]).replace('?', &own)
            }
            _ => self.own(),
        }
    }

    /// One of the unit's own variables, now or at the end of a phase.
    fn own(&mut self) -> String {
        let rule = &mut *self.rule;
        let names: Vec<&str> = [&rule.states[..], &rule.states[..], &rule.lets, &rule.params].concat();
        let name = rule.random.pick(&names);
        let stored = rule.states.contains(&name) && !rule.ended.is_empty() && rule.random.percent(25);
        if stored { format!("{name}[{}]", rule.random.pick(&rule.ended)) } else { name.to_owned() }
    }

    fn of_layer(&mut self) -> String {
        let own = self.own();
        let mut forms = vec!["sum(?)", "mean(?)", "max(?)", "softmax(?)"];
        forms.extend(["max(?, over = channels)", "mean(?, over = places)", "top(?, over = channels)"]);
        if self.rule.batch_statistics {
            forms.extend(["batch_mean(?)", "batch_shift(?)"]);
        }
        self.rule.random.pick(&forms).replace('?', &own)
    }

    /// What arrives through a synapse.
    fn arrival(&mut self) -> String {
        let rule = &mut *self.rule;
        let mut hears: Vec<&str> = rule.synapses.iter().map(|synapse| synapse.hears).collect();
        if rule.transport {
            hears.push("W.T @ above");
        }
        let (through, state) = (rule.random.pick(&hears), rule.random.pick(&rule.states));
        let (synapse, place) = through.split_once(" @ ").unwrap_or((through, "below"));
        let sent = rule.random.pick(&["#.?", "#.?", "f(#.?)", "(#.? * #.?)"]);
        let sent = sent.replace('#', place).replace('?', state);
        if rule.random.percent(75) {
            return format!("({synapse} @ {sent})");
        }
        let (name, turned) = synapse.strip_suffix(".T").map_or((synapse, ""), |name| (name, ".T"));
        format!("({}{turned} @ {sent})", self.of_synapse(name))
    }

    /// What a synapse multiplies what is sent by.
    fn of_synapse(&mut self, name: &str) -> String {
        let rule = &mut *self.rule;
        let forms = [
            "(% * pre.?)",
            "(% * post.? * tanh(pre.?))",
            "(% - 0.3 * post.? * pre.?)",
            "(-% * post.? / (1 + pre.?^2) + %^2)",
            "(% * sum(pre.?))",
            "min(%, pre.?)",
            "abs(% - post.?)",
            "max(% * pre.?, post.?)",
        ];
        let names: Vec<&str> = [&rule.states[..], &rule.states[..], &rule.params].concat();
        let mut text = rule.random.pick(&forms).replace('%', name);
        while text.contains('?') {
            text = text.replacen('?', rule.random.pick(&names), 1);
        }
        text
    }
}

/// Writes what a synapse may read.
pub struct Synaptic<'a, 'r> {
    rule: &'a mut Rule<'r>,
    name: &'static str,
}

impl<'a, 'r> Synaptic<'a, 'r> {
    /// A synapse of that name.
    pub fn of(rule: &'a mut Rule<'r>, name: &'static str) -> Self {
        Self { rule, name }
    }

    /// An expression of some depth.
    pub fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.rule.random.percent(15) {
            return self.leaf();
        }
        // Mostly what is on the whiteboard: products of what the two ends know.
        let operator = if self.rule.random.percent(50) { "? * ?".to_owned() } else { operator(self.rule) };
        fill(&operator, || self.expression(depth - 1))
    }

    fn leaf(&mut self) -> String {
        match self.rule.random.below(12) {
            0 => self.rule.random.number(1.0),
            1 => "beta".to_owned(),
            2 => self.name.to_owned(),
            3 if self.rule.signal => "R".to_owned(),
            4 => {
                let end = self.end();
                self.rule.random.pick(&["f(?)", "f'(?)", "sum(?)", "mean(?)"]).replace('?', &end)
            }
            _ => self.end(),
        }
    }

    /// A variable of one of the two ends.
    fn end(&mut self) -> String {
        let rule = &mut *self.rule;
        let place = rule.random.pick(&["pre", "post"]);
        let names: Vec<&str> = [&rule.states[..], &rule.states[..], &rule.lets, &rule.params].concat();
        let name = rule.random.pick(&names);
        let stored = rule.states.contains(&name) && rule.random.percent(30);
        if stored {
            format!("{place}.{name}[{}]", rule.random.pick(&rule.ended))
        } else {
            format!("{place}.{name}")
        }
    }
}

/// An operator or function with a `?` for each of its arguments; none of them makes infinities of ordinary numbers.
fn operator(rule: &mut Rule<'_>) -> String {
    let forms = [
        "? + ?",
        "? - ?",
        "? * ?",
        "? * ?",
        "-?",
        "tanh(?)",
        "sigmoid(?)",
        "softplus(?)",
        "tanh'(?)",
        "exp(-abs(?))",
        "sqrt(abs(?))",
        "max(?, ?)",
        "min(?, ?)",
        "?^2",
        "? / (1 + (?)^2)",
        "(if ? > ? then ? else ?)",
        "poisson_quantile(sigmoid(?), exp(-abs(?)))",
        "(if ? < 0.5 and not ? > 1 then ? else 0)",
    ];
    rule.random.pick(&forms).to_owned()
}

/// The form with an argument for each `?`.
fn fill(form: &str, mut argument: impl FnMut() -> String) -> String {
    let mut parts = form.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&format!("({})", argument()));
        text.push_str(part);
    }
    text
}
