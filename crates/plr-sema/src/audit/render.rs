//! The audit as plain text for people, at most 100 columns wide.

use super::bill::Bill;
use super::wires::{Class, Traffic};
use super::{Audit, Row};

const WIDTH: usize = 100;
const INDENT: usize = 4;

/// The whole audit.
pub fn text(audit: &Audit) -> String {
    let mut page = Page::default();
    let network = audit.network.as_ref().map(|network| format!(" on {network}")).unwrap_or_default();
    page.line(0, &format!("{}{network}", audit.rule));
    if !audit.licences.is_empty() {
        page.line(0, &format!("allows {}", audit.licences.join(", ")));
    }
    page.line(0, "");
    let column = audit.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).min(WIDTH / 2) + 2;
    audit.rows.iter().for_each(|row| row_text(&mut page, row, column));
    if let Some(bill) = &audit.bill {
        page.line(0, "");
        page.line(0, "hardware, for one presentation of one sample");
        entries(bill).iter().for_each(|(name, value)| page.entry(name, 24, value));
    }
    page.0
}

fn row_text(page: &mut Page, row: &Row, column: usize) {
    page.line(
        0,
        &format!("{:column$}{}", row.name, row.verdict.as_deref().unwrap_or("global by declaration")),
    );
    if row.reads.is_empty() {
        page.line(INDENT, "reads nothing but constants");
    } else {
        page.line(INDENT, &row.reads.join("; "));
    }
    if !row.memory.is_empty() {
        page.line(INDENT, &format!("remembers {}", row.memory.join(", ")));
    }
    for exception in &row.exceptions {
        page.line(INDENT, &format!("at {}: {}", exception.site, exception.verdict));
    }
}

/// The lines of the bill: what is counted, and how much.
fn entries(bill: &Bill) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    lines.push(("units", format!("{}, each with {}", bill.units, listed(&bill.states, "no state"))));
    for copy in &bill.copies {
        lines.push((
            "copy",
            format!("{}[{}] in {}: {} values", copy.state, copy.phase, copy.layers.join(", "), copy.values),
        ));
    }
    for trajectory in &bill.trajectories {
        let (each, steps) = (&trajectory.each, trajectory.steps);
        let all = steps.saturating_mul(each.values);
        let text = format!(
            "{}[{} at time]: {all} values, {} at each of {steps} steps",
            each.state, each.phase, each.values
        );
        lines.push(("stored trajectory", text));
    }
    for kept in &bill.kept {
        let owner = if kept.by_sample { "training sample" } else { "place in a minibatch" };
        lines.push(("kept", format!("{}: {} values for each {owner}", kept.state, kept.values)));
    }
    for parameter in &bill.unit_parameters {
        lines.push((
            "unit parameter",
            format!("{}: {} values{}", parameter.name, parameter.values, fixed(parameter.learned)),
        ));
    }
    for parameter in &bill.synapse_parameters {
        let text = format!("{}: {} values{}", parameter.name, parameter.values, fixed(parameter.learned));
        lines.push(("synapse parameter", text));
    }
    for memory in &bill.memories {
        lines.push(("filter memory", format!("{}: {} values", memory.name, memory.values)));
    }
    for trace in &bill.traces {
        let shared = if trace.of_unit { ", shared by the synapses of a unit" } else { "" };
        lines.push(("trace", format!("{}: {} values{shared}", trace.name, trace.values)));
    }
    for class in [Class::Forward, Class::Feedback, Class::Lateral, Class::Broadcast] {
        for wire in bill.wires.iter().filter(|wire| wire.class == class) {
            let traffic = match wire.traffic {
                Traffic::OneWay => "",
                Traffic::Bidirectional => ", used in both directions",
                Traffic::Transported => ", weights carried to the other end",
            };
            let (name, fixed) = (&wire.synapse, fixed(wire.learned));
            let delay = if wire.delayed { ", delay 1" } else { "" };
            let text = format!(
                "{name}: {} synapses in {} projection{}{fixed}{delay}{traffic}",
                wire.synapses,
                wire.instances,
                if wire.instances == 1 { "" } else { "s" }
            );
            lines.push((class.name(), text));
        }
    }
    lines.extend(sharing(bill));
    for broadcast in &bill.broadcasts {
        let text = format!("{} to {} units and synapses", broadcast.signal, broadcast.fan_out);
        lines.push(("signal", text));
    }
    lines.extend(time(bill));
    lines
}

/// The lines about what all positions of a layer share (R13.10).
fn sharing(bill: &Bill) -> Vec<(&'static str, String)> {
    let shared = |name: &str, what: &str, owners: u64, values: u64, learned: bool| {
        let sum = if learned { "; what each would add is added up for all that share one" } else { "" };
        (owners != values)
            .then(|| ("sharing", format!("{name}: {owners} {what} hold {values} different numbers{sum}")))
    };
    let wires = bill.wires.iter().map(|w| shared(&w.synapse, "synapses", w.synapses, w.weights, w.learned));
    let parameters = &bill.unit_parameters;
    let units = parameters.iter().map(|p| shared(&p.name, "units", p.units, p.values, p.learned));
    wires.chain(units).flatten().collect()
}

/// The lines about steps, waiting and operations.
fn time(bill: &Bill) -> Vec<(&'static str, String)> {
    let phase = |p: &super::bill::PhaseCost| {
        let most = if p.until { "at most " } else { "" };
        let time = if p.over_time { " over time" } else { "" };
        let reversed = if p.reversed { " reversed" } else { "" };
        format!("{} {most}{}{time}{reversed} (depth {})", p.name, p.steps, p.depth)
    };
    let phases: Vec<_> = bill.phases.iter().map(phase).collect();
    let mut lines = vec![
        ("phases and steps", format!("{}: {}", bill.phases.len(), phases.join(", "))),
        ("sequential depth", format!("{} layer-steps in {} steps", bill.sequential_depth, bill.steps)),
    ];
    for locking in &bill.locking {
        let every = locking.every_step.as_ref().map(|phase| format!(", at every step of {phase},"));
        let (every, waits_for) = (every.unwrap_or_default(), listed(&locking.waits_for, "nothing"));
        let mut text = format!("{}{every} waits for {waits_for}", locking.equation);
        if !locking.locked_at.is_empty() {
            text.push_str(&format!("; at {} for later layers too", locking.locked_at.join(", ")));
        }
        lines.push(("update locking", text));
    }
    let multiply_adds = &bill.multiply_adds;
    let total = multiply_adds.dynamics.saturating_add(multiply_adds.plasticity);
    let text =
        format!("{total} = {} dynamics + {} plasticity", multiply_adds.dynamics, multiply_adds.plasticity);
    lines.push(("multiply-adds", text));
    lines
}

fn listed(names: &[String], none: &str) -> String {
    if names.is_empty() { none.to_owned() } else { names.join(", ") }
}

fn fixed(learned: bool) -> &'static str {
    if learned { "" } else { ", fixed" }
}

/// Text that is broken at spaces.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        self.broken(String::new(), indent, text);
    }

    fn entry(&mut self, name: &str, column: usize, text: &str) {
        self.broken(format!("{:INDENT$}{name:width$}", "", width = column - INDENT), column, text);
    }

    /// The text after `line`, which replaces the indent of the first line.
    fn broken(&mut self, mut line: String, indent: usize, text: &str) {
        let pad = " ".repeat(indent);
        if line.is_empty() {
            line.clone_from(&pad);
        }
        let mut fresh = true;
        // Double spaces are columns: only the words of the tail are moved.
        for word in text.split_inclusive(' ') {
            if !fresh && line.chars().count() + word.trim_end().chars().count() > WIDTH {
                self.push(&line);
                line.clone_from(&pad);
                line.push_str("  ");
            }
            line.push_str(word);
            fresh = false;
        }
        self.push(&line);
    }

    fn push(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}
