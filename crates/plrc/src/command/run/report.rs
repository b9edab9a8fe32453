//! What a run is, before it begins, and what came of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use plr_ir::model::Model as _;
use plr_run::backend::Backend;
use plr_run::data::{Dataset, Splits};
use plr_run::session::{self, Begun, CutOff, Evaluation, Position};
use plr_sema::Setting;
use plr_sema::resolve::{Expected, Length, Optimiser};
use serde_json::{Value, json};

use crate::data;
use crate::diagnostics::Source;
use crate::driver::Checked;
use crate::optimised::Optimised;
use crate::progress::duration;
use crate::selection::Plan;
use crate::table::Table;

use super::angles::{Angles, Missing};

/// With which weights a run begins.
#[derive(Debug)]
pub enum Beginning {
    /// With first values.
    Drawn,
    /// With those of a file.
    With {
        /// The file.
        path: PathBuf,
        /// What is not taken from it.
        begun: Begun,
    },
    /// Where another run stopped.
    After {
        /// Its weights file.
        path: PathBuf,
        /// How far it had come.
        position: Position,
    },
}

impl Beginning {
    /// In words, a line each; none for first values.
    fn words(&self) -> Vec<String> {
        match self {
            Self::Drawn => Vec::new(),
            Self::With { path, begun } => {
                let mut lines = vec![path.display().to_string()];
                for (what, names) in
                    [("not in it, so as drawn", &begun.drawn), ("not of this rule", &begun.left)]
                {
                    if !names.is_empty() {
                        lines.push(format!("{what}: {}", names.join(", ")));
                    }
                }
                lines
            }
            Self::After { path, position } => {
                vec![format!("{}, goes on after update {}", path.display(), position.updates)]
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Drawn => Value::Null,
            Self::With { path, begun } => {
                let Begun { drawn, left } = begun;
                json!({ "file": path.display().to_string(), "drawn": drawn, "left": left })
            }
            Self::After { path, position } => {
                json!({ "file": path.display().to_string(), "updates": position.updates })
            }
        }
    }
}

/// What a run is: everything its result depends on.
#[derive(Debug)]
pub struct About {
    rule: String,
    experiment: Option<String>,
    settings: Vec<(String, f64)>,
    /// Edge or layer, name, value.
    sites: Vec<(String, String, f64)>,
    network: String,
    cost: String,
    data: String,
    /// What the result depends on beside that is said in the head of a run, by name.
    more: serde_json::Map<String, Value>,
    /// What is worth to know of them.
    about_data: Vec<String>,
    /// To train, to validate, to test.
    samples: [usize; 3],
    options: session::Options,
    threads: usize,
    beginning: Beginning,
}

impl About {
    /// Of a model on its data.
    pub fn new(
        model: &Optimised,
        (checked, plan): (&Checked, &Plan),
        splits: &Splits,
        options: session::Options,
        threads: usize,
        beginning: Beginning,
    ) -> Self {
        let setting = model.lowered().setting();
        let names = setting.rule.hyper_parameters.iter().map(|hyper| hyper.name.clone());
        let sites = setting.sites.iter().map(|value| (value.site.clone(), value.name.clone(), value.value));
        let validation = splits.validation.as_ref().map_or(0, Dataset::samples);
        Self {
            rule: model.name().to_owned(),
            experiment: plan.experiment.clone(),
            settings: names.zip(setting.rule.constants.values.iter().copied()).collect(),
            sites: sites.collect(),
            network: setting.network.text.clone(),
            cost: plan.cost().to_owned(),
            data: data::name(&plan.data),
            about_data: data::about(&plan.data, splits),
            more: more(checked, plan, setting),
            samples: [splits.train.samples(), validation, splits.test_samples()],
            options,
            threads,
            beginning,
        }
    }

    fn backend(&self) -> &'static str {
        match self.options.backend {
            Backend::Jit { .. } => "jit",
            Backend::Interpreter => "interp",
        }
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let settings: serde_json::Map<_, _> =
            self.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let more = self.more.clone();
        let site = |(site, name, value): &(String, String, f64)| json!({ "site": site, "name": name, "value": value });
        let mut all = json!({
            "plrc": env!("CARGO_PKG_VERSION"),
            "rule": self.rule,
            "settings": settings,
            "sites": self.sites.iter().map(site).collect::<Vec<_>>(),
            "network": self.network,
            "cost": self.cost,
            "data": self.data,
            "samples": { "train": self.samples[0], "validation": self.samples[1], "test": self.samples[2] },
            "batch": self.options.batch,
            "seed": self.options.seed,
            "precision": self.options.precision.to_string(),
            "threads": self.threads,
            "backend": self.backend(),
            "weights": self.beginning.json(),
        });
        if let Value::Object(fields) = &mut all {
            fields.extend(more);
        }
        all
    }
}

/// The text, the experiment, the optimiser, the data and the length, with all their settings (R18.2).
fn more(checked: &Checked, plan: &Plan, setting: &Setting) -> serde_json::Map<String, Value> {
    let text = |source: &Source| json!({ "file": source.name(), "text": source.text() });
    let length = match plan.length {
        Length::Epochs(epochs) => json!({ "epochs": epochs }),
        Length::Updates(updates) => json!({ "updates": updates }),
    };
    let fields = [
        ("file", json!(checked.source.name())),
        ("experiment", json!(plan.experiment)),
        ("program", checked.source.all().map(text).collect()),
        (
            "optimiser",
            plan.choice.optimiser.as_ref().map_or(Value::Null, |optimiser| chosen(optimiser, setting)),
        ),
        ("data_settings", data::json(&plan.data)),
        ("time", json!(plan.time)),
        ("length", length),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> =
            self.settings.iter().map(|(name, value)| format!("{name} = {}", number(*value))).collect();
        let [train, validation, test] = self.samples;
        let mut table = Table::new();
        let experiment =
            self.experiment.as_ref().map(|name| format!(", experiment {name}")).unwrap_or_default();
        table.row(["rule".to_owned(), format!("{}({}){experiment}", self.rule, settings.join(", "))]);
        for (site, name, value) in &self.sites {
            table.row([String::new(), format!("{name} = {} on {site}", number(*value))]);
        }
        table.row(["network".to_owned(), self.network.clone()]);
        table.row(["cost".to_owned(), self.cost.clone()]);
        table.row([
            "data".to_owned(),
            format!("{}: {train} to train, {validation} to validate, {test} to test", self.data),
        ]);
        for about in &self.about_data {
            table.row([String::new(), about.clone()]);
        }
        for (line, words) in self.beginning.words().into_iter().enumerate() {
            table.row([if line == 0 { "weights" } else { "" }.to_owned(), words]);
        }
        let session::Options { batch, seed, precision, .. } = self.options;
        let threads =
            if self.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", self.threads) };
        table.row([
            "run".to_owned(),
            format!("batch {batch}, seed {seed}, {precision}, {threads}, {}", self.backend()),
        ]);
        table.fmt(f)
    }
}

/// The filter that is `optim`, with its settings.
fn chosen(optimiser: &Optimiser, setting: &Setting) -> Value {
    let filter = &setting.library.filters[optimiser.filter.0];
    let given = optimiser.settings.iter().zip(&filter.settings);
    let settings: serde_json::Map<_, _> = given
        .map(|(given, (name, default))| {
            (name.clone(), json!(setting.constant(given.as_ref().unwrap_or(default))))
        })
        .collect();
    json!({ "name": filter.name, "settings": settings })
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// On the validation set.
    pub validation: Option<Evaluation>,
    /// On training samples, if they are watched.
    pub training: Option<Evaluation>,
    /// What is watched, by measure and site.
    pub watched: Option<Value>,
    /// The epoch that is evaluated, where it is the best one.
    pub best: Option<Position>,
    /// On the test set.
    pub test: Option<Evaluation>,
    /// What the experiment expected, and whether it is so.
    pub expected: Vec<(Expected, bool)>,
    /// Whether the rule predicts anything.
    pub predicts: bool,
    /// Angles to the gradient.
    pub angles: Result<Angles, Missing>,
    /// How long the angles at the end took.
    pub angle_time: Duration,
    /// What angles along training have cost, in words, if they were taken.
    pub along: Option<[String; 2]>,
    /// What predicting training samples has cost, likewise.
    pub curve: Option<[String; 2]>,
    /// From the file to runnable kernels, without reading the data.
    pub compile_time: Duration,
    /// The mean time of an epoch, without evaluation.
    pub epoch_time: Duration,
    /// Relaxations that were cut off.
    pub cut_off: Vec<CutOff>,
    /// Minibatches presented in all.
    pub presentations: u64,
}

impl Outcome {
    /// As an object.
    pub fn json(&self) -> Value {
        let evaluation = |e: Option<Evaluation>| {
            e.map(|e| json!({ "samples": e.samples, "loss": e.loss, "accuracy": e.accuracy }))
        };
        let angles = self.angles.iter().flat_map(|angles| &angles.angles);
        let angles: Vec<Value> =
            angles.map(|a| json!({ "parameter": a.parameter, "degrees": a.degrees })).collect();
        let cut_off = |c: &CutOff| json!({ "phase": c.phase, "presentations": c.presentations, "residual": c.residual });
        let expected =
            |(expected, holds): &(Expected, bool)| json!({ "claim": expected.to_string(), "holds": holds });
        json!({
            "best": self.best.map(|best| json!({ "epoch": best.epoch, "updates": best.updates })),
            "training": evaluation(self.training),
            "watched": self.watched,
            "validation": evaluation(self.validation),
            "test": evaluation(self.test),
            "expected": self.expected.iter().map(expected).collect::<Vec<_>>(),
            "gradient": self.angles.as_ref().ok().map(|angles| angles.reference.as_str()),
            "angles": angles,
            "angle_seconds": self.angle_time.as_secs_f64(),
            "compile_seconds": self.compile_time.as_secs_f64(),
            "seconds_per_epoch": self.epoch_time.as_secs_f64(),
            "cut_off": self.cut_off.iter().map(cut_off).collect::<Vec<_>>(),
            "updates": self.presentations,
        })
    }

    /// Whether what the experiment expected is so.
    pub fn as_expected(&self) -> bool {
        self.expected.iter().all(|(_, holds)| *holds)
    }

    /// A sentence for each phase whose relaxations were cut off.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.cut_off.iter().map(|CutOff { phase, presentations, residual }| {
            format!(
                "phase `{phase}` ran out of steps before its tolerance in {presentations} of {} presentations; the largest \
                 residual was {residual:.1e}",
                self.presentations
            )
        })
    }

    fn evaluations(&self, table: &mut Table) {
        if !self.predicts {
            table.row(["accuracy".to_owned(), "none: the rule predicts nothing".to_owned(), String::new()]);
            return;
        }
        if let Some(Position { epoch, updates, .. }) = self.best {
            let updates = format!("after {updates} updates; all below is of its weights");
            table.row(["best epoch".to_owned(), epoch.to_string(), updates]);
        }
        let found = [self.training, self.validation, self.test];
        let classes = found.into_iter().flatten().all(|evaluation| evaluation.accuracy.is_some());
        let usual = if classes { "accuracy" } else { "loss" };
        let training = self.training.is_some().then_some(("training", self.training));
        let others = [("validation", self.validation), ("test", self.test)];
        for (name, evaluation) in training.into_iter().chain(others) {
            let (what, value, samples) = match evaluation {
                None => (usual, "–".to_owned(), "no samples".to_owned()),
                Some(Evaluation { samples, accuracy: Some(accuracy), .. }) => {
                    ("accuracy", percent(accuracy), format!("{samples} samples"))
                }
                Some(Evaluation { samples, loss, accuracy: None }) => {
                    ("loss", loss_text(loss, 6), format!("{samples} samples"))
                }
            };
            table.row([format!("{what} on {name}"), value, samples]);
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        self.evaluations(&mut table);
        for (expected, holds) in &self.expected {
            let holds = if *holds { "yes" } else { "NO" };
            table.row([format!("expected {expected}"), holds.to_owned(), String::new()]);
        }
        match &self.angles {
            Err(why) => table.row(["angle to the gradient".to_owned(), "–".to_owned(), why.to_string()]),
            Ok(Angles { angles, reference }) => {
                for angle in angles {
                    let value = degrees(angle.degrees);
                    table.row([format!("angle of {}", angle.parameter), value, format!("to {reference}")]);
                }
            }
        }
        for (what, cost) in [("time of angles", &self.along), ("time of the curve", &self.curve)] {
            if let Some([time, times]) = cost {
                table.row([what.to_owned(), time.clone(), times.clone()]);
            }
        }
        table.row([
            "compile time".to_owned(),
            duration(self.compile_time),
            "from file to kernels".to_owned(),
        ]);
        if self.epoch_time > Duration::ZERO {
            table.row([
                "time per epoch".to_owned(),
                duration(self.epoch_time),
                "without evaluation".to_owned(),
            ]);
        }
        writeln!(f)?;
        table.fmt(f)
    }
}

/// `0.05`, `1e30`
fn number(value: f64) -> String {
    if value == 0.0 || (1e-5..1e7).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// `0.3125`, with so many digits behind the point, or `9.90e27`
pub fn loss_text(loss: f64, digits: usize) -> String {
    if loss.abs() < 1e7 { format!("{loss:.digits$}") } else { format!("{loss:.2e}") }
}

/// `46.68°`
pub fn degrees(angle: f64) -> String {
    if angle.is_nan() { "–".to_owned() } else { format!("{angle:.2}°") }
}

/// `97.10 %`
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

#[cfg(test)]
mod tests {
    use super::loss_text;

    #[test]
    fn losses_are_as_long_as_they_say_something() {
        assert_eq!(loss_text(0.312_46, 4), "0.3125");
        assert_eq!(loss_text(-1_234.5, 2), "-1234.50");
        assert_eq!(loss_text(9.903_427e27, 4), "9.90e27");
    }
}
