//! A rule on a network, presented with one minibatch.

use std::collections::BTreeMap;

use plr_ir::model::{Model, Piece, Sequence};
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Backend, Context, Runner};
use plr_run::session::first_values;
use plr_sema::resolve::SiteValue;
use plr_sema::{Analysis, Choice, Specialised};
use plr_tests::findings;
use plrc::diagnostics::{ErrorFormat, Source, render};
use plrc::driver;
use plrc::failure::Failure;

/// The first rule of a file on the network `n` of that file.
pub struct Bench {
    /// The file.
    pub analysis: Analysis,
    choice: Choice,
}

/// Arrays by name, in f64.
#[derive(Debug)]
pub struct Found(BTreeMap<String, Vec<f64>>);

/// The codes of everything that is found in a text, doubts included.
pub fn codes(text: &str) -> Vec<String> {
    let found = findings(Source::new("text", text)).expect("the front end finds or does not find");
    found.sorted().iter().map(|finding| finding.code().to_owned()).collect()
}

/// Asserts that nothing is found in a text.
pub fn clean(text: &str) {
    assert_eq!(codes(text), [""; 0], "{text}");
}

/// Asserts that exactly one thing is found in a text. Doubts beside a mistake do not matter.
pub fn finds(code: &str, text: &str) {
    let doubt = |code: &str| code.starts_with("unused_") || code == "never_written";
    let mut found = codes(text);
    found.retain(|other| doubt(code) || !doubt(other));
    assert_eq!(found, [code], "{text}");
}

/// A legal file; doubts do not matter.
pub fn legal(text: &str) -> Analysis {
    match driver::check(Source::new("text", text)) {
        Ok(checked) => checked.analysis,
        Err(Failure::Findings { source, findings }) => {
            panic!("{}", render(&source, &findings, ErrorFormat::Graphical, false))
        }
        Err(other) => panic!("{other}"),
    }
}

impl Bench {
    /// Of a legal file that has a network `n`.
    pub fn new(text: &str) -> Self {
        let analysis = legal(text);
        let network = analysis.networks().iter().find(|(name, _)| name == "n").map(|(_, n)| n.clone());
        let network = network.expect("the file has a network `n`");
        Self {
            analysis,
            choice: Choice {
                network,
                settings: Vec::new(),
                sites: Vec::new(),
                cost: None,
                optimiser: None,
                sequence: plr_sema::sequence(None),
            },
        }
    }

    /// With a hyper-parameter set.
    pub fn set(mut self, name: &str, value: f64) -> Self {
        self.choice.settings.push((name.to_owned(), value));
        self
    }

    /// With a hyper-parameter set on an edge or layer.
    pub fn at(mut self, name: &str, site: &str, value: f64) -> Self {
        self.choice.sites.push(SiteValue { name: name.to_owned(), site: site.to_owned(), value });
        self
    }

    /// With a cost.
    pub fn cost(mut self, name: &str) -> Self {
        self.choice.cost = Some(name.to_owned());
        self
    }

    /// With the optimiser of the first experiment.
    pub fn of_experiment(mut self) -> Self {
        self.choice.optimiser = self.analysis.experiments()[0].optimiser.clone();
        self
    }

    /// Over so many steps, with data and targets of their own or not.
    pub fn over(self, steps: u32, data: bool, target: bool) -> Self {
        self.sequence(Sequence { steps, data, target })
    }

    /// With samples that are presented so.
    pub fn sequence(mut self, sequence: Sequence) -> Self {
        self.choice.sequence = sequence;
        self
    }

    /// What the rule is specialised to.
    pub fn choice(&self) -> Choice {
        self.choice.clone()
    }

    /// The model.
    pub fn model(&self) -> Specialised {
        match self.analysis.specialise(0, self.choice.clone()) {
            Ok((model, _)) => model,
            Err(findings) => {
                panic!("{:?}", findings.sorted().iter().map(|f| f.message()).collect::<Vec<_>>())
            }
        }
    }

    /// The first value of a parameter, under the seed 1.
    pub fn first(&self, name: &str) -> Vec<f64> {
        let model = self.model();
        let parameters = model.parameters();
        let found = plr_run::init::parameters(parameters, 1, Precision::F64).expect("there is memory");
        let position = parameters.iter().position(|p| p.name == name);
        found[position.unwrap_or_else(|| panic!("there is no `{name}`"))].to_f64()
    }

    /// Everything that happens when one minibatch is presented. Parameters that are not given are 0; `data` and `target`
    /// have a row for each sample.
    pub fn present(&self, given: &[(&str, &[f64])], data: &[&[f64]], target: &[&[f64]]) -> Found {
        self.run(Piece::Probe, given, data, target)
    }

    /// The same, with everything at the end of every step.
    pub fn every_step(&self, given: &[(&str, &[f64])], data: &[&[f64]], target: &[&[f64]]) -> Found {
        self.run(Piece::EveryStep { cost: true }, given, data, target)
    }

    /// Prediction and loss of a minibatch.
    pub fn evaluate(&self, given: &[(&str, &[f64])], data: &[&[f64]], target: &[&[f64]]) -> Found {
        self.run(Piece::Evaluate, given, data, target)
    }

    fn run(&self, piece: Piece, given: &[(&str, &[f64])], data: &[&[f64]], target: &[&[f64]]) -> Found {
        let model = self.model();
        for (name, _) in given {
            assert!(model.parameters().iter().any(|p| p.name == *name), "there is no `{name}`");
        }
        let mut arrays = first_values(&model, data.len(), Precision::F64);
        for parameter in model.parameters() {
            let numbers = given.iter().find(|(name, _)| *name == parameter.name).map(|(_, numbers)| *numbers);
            let zeros = vec![0.0; parameter.dims.iter().product()];
            let numbers = numbers.unwrap_or(&zeros);
            arrays.insert(parameter.name.clone(), tensor(&parameter.dims, numbers));
        }
        let (shape, batch) = (model.shape(), data.len());
        arrays.insert("data".to_owned(), tensor(&shape.data(batch), &data.concat()));
        let dims = shape.target(batch);
        let none = vec![0.0; dims.iter().product()];
        let target = if target.is_empty() { none } else { target.concat() };
        arrays.insert("target".to_owned(), tensor(&dims, &target));
        let program = model.program(piece, batch, Precision::F64).expect("the rule has this piece");
        let [interpreted, compiled] = [Backend::Interpreter, Backend::Jit { threads: 1 }].map(|backend| {
            let mut runner = Runner::new(program.clone(), backend).expect("the program compiles");
            let found = runner.run_named(&arrays, Context { seed: 1, update: 0 }).expect("the program runs");
            Found(found.into_iter().map(|(name, tensor)| (name, tensor.to_f64())).collect())
        });
        for (name, numbers) in &interpreted.0 {
            compiled.is(name, numbers);
        }
        interpreted
    }
}

fn tensor(dims: &[usize], numbers: &[f64]) -> Tensor {
    Tensor::from_f64(dims.to_vec(), numbers, Precision::F64)
}

impl Found {
    /// Asserts the numbers of an array, to rounding.
    pub fn is(&self, name: &str, expected: &[f64]) {
        let found = self.get(name);
        assert_eq!(found.len(), expected.len(), "`{name}` is {found:?}, not {expected:?}");
        for (a, b) in found.iter().zip(expected) {
            let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * (b.abs() + 1e-3);
            assert!(same, "`{name}` is {found:?}, not {expected:?}");
        }
    }

    /// The numbers of an array.
    pub fn get(&self, name: &str) -> &[f64] {
        self.0.get(name).unwrap_or_else(|| panic!("`{name}` is not among {:?}", self.names()))
    }

    /// Whether there is an array of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn names(&self) -> Vec<&String> {
        self.0.keys().collect()
    }
}
