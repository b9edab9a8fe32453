//! The tree and the tokens as text, for people and for tests.
//!
//! Everything of the tree is shown except where it stands, so two trees are equal up to their spans exactly if their
//! dumps are equal.

mod inline;

use crate::ast::{
    ChainLayer, Check, CheckSetting, Clause, CostFunction, Equation, Expectation, Experiment, File, Filter,
    FilterLine, Function, GraphStatement, Item, Learn, Member, Modifier, NetworkBody, NetworkItem,
    NetworkRef, Neuron, Occasion, Phase, PhaseStatement, Rule, Synapse, Variable,
};
use crate::diagnostic::Findings;
use crate::layout::lay_out;
use crate::lexer::lex;
use crate::token::Token;

/// The tree as indented text, expressions with all their parentheses.
pub fn dump(file: &File) -> String {
    let mut dump = Dump::default();
    for item in &file.items {
        dump.item(item);
    }
    dump.out
}

/// The tokens that the parser sees, one on a line: byte range, kind, text.
pub fn tokens(source: &str) -> String {
    let mut findings = Findings::new();
    if u32::try_from(source.len()).is_err() {
        return String::new();
    }
    let mut out = String::new();
    for lexeme in lay_out(&lex(source, 0, &mut findings).lexemes, &mut findings) {
        let kind = lexeme.token.kind();
        let text = if lexeme.token == Token::Separator { "" } else { &source[lexeme.span.range()] };
        let text = text.replace(char::is_control, " ");
        let place = format!("{:?}", lexeme.span);
        out.push_str(format!("{place:<12} {kind:<10} {text}").trim_end());
        out.push('\n');
    }
    out
}

/// Indented lines.
#[derive(Default)]
struct Dump {
    out: String,
    depth: usize,
}

impl Dump {
    fn line(&mut self, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A line with lines below it.
    fn nest<T>(&mut self, head: &str, children: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.line(head);
        self.depth += 1;
        for child in children {
            each(self, child);
        }
        self.depth -= 1;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Rule(rule) => self.rule(rule),
            Item::Function(function) => self.function(function),
            Item::Cost(cost) => self.cost(cost),
            Item::Filter(filter) => self.filter(filter),
            Item::Network(network) => self.network(network),
            Item::Experiment(experiment) => self.experiment(experiment),
            Item::Use(written) => self.line(&format!("use {:?}", written.path)),
            Item::Error(_) => self.line("error"),
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let allow = rule.allow.iter().map(|name| format!(" allow {}", name.text)).collect::<String>();
        let head = format!("rule {}({}){allow}", rule.name.text, inline::settings(&rule.parameters));
        self.nest(&head, &rule.members, Self::member);
    }

    fn function(&mut self, function: &Function) {
        let head = format!(
            "fn {}({}; {})",
            function.name.text,
            inline::names(&function.arguments),
            inline::settings(&function.settings)
        );
        self.line(&head);
        self.line(&format!("  = {}", inline::expr(&function.body)));
        if let Some(derivative) = &function.derivative {
            let surrogate = if function.surrogate { "surrogate " } else { "" };
            self.line(&format!("  {surrogate}derivative = {}", inline::expr(derivative)));
        }
    }

    fn cost(&mut self, cost: &CostFunction) {
        self.line(&format!("cost {}({}, {})", cost.name.text, cost.activity.text, cost.target.text));
        self.line(&format!("  = {}", inline::expr(&cost.body)));
        if let Some(derivative) = &cost.derivative {
            self.line(&format!("  derivative = {}", inline::expr(derivative)));
        }
        for (activation, derivative) in &cost.after {
            self.line(&format!("  derivative after {} = {}", activation.text, inline::expr(derivative)));
        }
    }

    fn filter(&mut self, filter: &Filter) {
        let settings = inline::settings(&filter.settings);
        let head = format!("filter {}({}; {settings})", filter.name.text, filter.input.text);
        self.nest(&head, &filter.lines, |dump, line| match line {
            FilterLine::Param(list) => list.iter().for_each(|(name, first)| {
                let first =
                    first.as_ref().map_or(String::new(), |first| format!(" = {}", inline::expr(first)));
                dump.line(&format!("param {}{first}", name.text));
            }),
            FilterLine::Update(name, assign, value) => {
                let assign = inline::assign(*assign);
                dump.line(&format!("{} {assign} {}", name.text, inline::expr(value)));
            }
            FilterLine::Return(value, _) => dump.line(&format!("return {}", inline::expr(value))),
        });
    }

    fn network(&mut self, network: &NetworkItem) {
        let head = format!("network {}", network.name.text);
        match &network.body {
            NetworkBody::Chain(layers) => self.nest(&format!("{head} chain"), layers, Self::layer),
            NetworkBody::Graph(statements) => {
                self.nest(&format!("{head} graph"), statements, |dump, statement| match statement {
                    GraphStatement::Layer(name, layer) => {
                        dump.line(&format!("{}: {}", name.text, inline::layer(layer)));
                    }
                    GraphStatement::Path(stops, _) => dump.line(&format!("path {}", inline::stops(stops))),
                    GraphStatement::Error(_) => dump.line("error"),
                });
            }
        }
    }

    fn layer(&mut self, layer: &ChainLayer) {
        self.line(&inline::layer(layer));
    }

    fn network_ref(&mut self, network: &NetworkRef) {
        match network {
            NetworkRef::Named(name) => self.line(&format!("network {}", name.text)),
            NetworkRef::Chain(layers, _) => self.nest("network chain", layers, Self::layer),
        }
    }

    fn member(&mut self, member: &Member) {
        match member {
            Member::Neuron(neuron) => self.neuron(neuron),
            Member::Synapse(synapse) => self.synapse(synapse),
            Member::Signal(signal) => {
                self.line(&format!("signal {} = {}", signal.name.text, inline::expr(&signal.value)));
            }
            Member::Phase(phase) => self.phase(phase),
            Member::Learn(learn) => self.learn(learn),
            Member::Predict(predict) => {
                let when = match predict.occasion {
                    Occasion::End => "after",
                    Occasion::EveryStep => "over",
                    Occasion::EachClass => "for each class after",
                };
                let value = inline::expr(&predict.value);
                self.line(&format!("predict {value} {when} {}", predict.phase.text));
            }
            Member::Check(check) => self.check(check),
            Member::Error(_) => self.line("error"),
        }
    }

    fn learn(&mut self, learn: &Learn) {
        let when = learn.when.as_ref().map_or(String::new(), |when| format!(" when {}", inline::expr(when)));
        self.nest(&format!("learn {:?}{when}", learn.reduction), &learn.body, Self::equation);
    }

    fn neuron(&mut self, neuron: &Neuron) {
        let name = neuron.name.as_ref().map_or(String::new(), |name| format!(" {}", name.text));
        let size =
            neuron.size.as_ref().map_or(String::new(), |size| format!(" sized {}", inline::expr(size)));
        self.nest(&format!("neuron{name}{size}"), &neuron.variables, Self::variable);
    }

    fn variable(&mut self, variable: &Variable) {
        let value =
            variable.value.as_ref().map_or(String::new(), |value| format!(" = {}", inline::expr(value)));
        let (role, kind) = (inline::role(variable.role), inline::kind(variable.kind));
        let modifier = match variable.modifier {
            Some((Modifier::Fixed, _)) => "fixed ".to_owned(),
            Some((Modifier::Kept(keeping), _)) => format!("{} ", keeping.word()),
            None => String::new(),
        };
        self.line(&format!("{role}{modifier}{kind} {}{value}", variable.name.text));
    }

    fn synapse(&mut self, synapse: &Synapse) {
        let (from, to) = (inline::endpoint(&synapse.from), inline::endpoint(&synapse.to));
        let init = synapse.init.as_ref().map_or(String::new(), |init| format!(" = {}", inline::expr(init)));
        let attributes: String =
            synapse.attributes.iter().map(|a| format!(", {}", inline::attribute(a))).collect();
        let head = format!("synapse {} : {from} -> {to}{init}{attributes}", synapse.name.text);
        self.nest(&head, &synapse.variables, Self::variable);
    }

    fn phase(&mut self, phase: &Phase) {
        self.nest(&format!("phase {}", phase.name.text), &phase.body, Self::statement);
        self.depth += 1;
        if let Some(steps) = &phase.steps {
            self.line(&format!("steps = {}", inline::expr(steps)));
        }
        if let Some(until) = &phase.until {
            self.line(&format!("until {}", inline::expr(until)));
        }
        if let Some(from) = &phase.from {
            self.line(&format!("from = {}", from.text));
        }
        if let Some(dt) = &phase.dt {
            self.line(&format!("dt = {}", inline::expr(dt)));
        }
        if let Some(integrator) = &phase.integrator {
            self.line(&format!("integrator = {}", integrator.text));
        }
        if phase.over_time.is_some() {
            self.line("over time");
        }
        if phase.reversed.is_some() {
            self.line("reversed");
        }
        self.depth -= 1;
    }

    fn statement(&mut self, statement: &PhaseStatement) {
        match statement {
            PhaseStatement::Clamp(clamp) => self.line(&format!(
                "clamp {}{} = {}",
                inline::role(clamp.role),
                inline::target(&clamp.target),
                inline::expr(&clamp.value)
            )),
            PhaseStatement::Release(release) => {
                self.line(&format!(
                    "release {}{}",
                    inline::role(release.role),
                    inline::target(&release.target)
                ));
            }
            PhaseStatement::Equation(equation) => self.equation(equation),
            PhaseStatement::Sweep(sweep) => {
                self.nest(&format!("sweep {:?}", sweep.direction), &sweep.body, Self::equation);
            }
            PhaseStatement::Learn(learn) => self.learn(learn),
            PhaseStatement::InTurn(body, _) => self.nest("in turn", body, Self::statement),
            PhaseStatement::Error(_) => self.line("error"),
        }
    }

    fn equation(&mut self, equation: &Equation) {
        let targets: Vec<_> = equation.targets.iter().map(inline::target).collect();
        self.line(&format!(
            "{}{} {} {}",
            inline::role(equation.role),
            targets.join(", "),
            inline::assign(equation.assign),
            inline::expr(&equation.value)
        ));
    }

    fn check(&mut self, check: &Check) {
        let head = format!("check {}", inline::reference(&check.reference));
        self.nest(&head, &check.settings, Self::check_setting);
        self.depth += 1;
        for expectation in &check.expectations {
            self.expectation(expectation);
        }
        self.depth -= 1;
    }

    fn check_setting(&mut self, setting: &CheckSetting) {
        match setting {
            CheckSetting::Network(network) => self.network_ref(network),
            CheckSetting::Cost(name) => self.line(&format!("cost {}", name.text)),
            CheckSetting::Precision(name) => self.line(&format!("precision {}", name.text)),
            CheckSetting::Data(call) => self.line(&format!("data {}", inline::call(call))),
            CheckSetting::Batch(value) => self.line(&format!("batch {}", inline::expr(value))),
            CheckSetting::Seed(value) => self.line(&format!("seed {}", inline::expr(value))),
            CheckSetting::Time(value) => self.line(&format!("time {}", inline::expr(value))),
            CheckSetting::Until(phase, value) => {
                let of = phase.as_ref().map_or(String::new(), |phase| format!("of {} ", phase.text));
                self.line(&format!("steps {of}until {}", inline::expr(value)));
            }
            CheckSetting::Set(settings) => self.line(&format!("set {}", inline::settings(settings))),
            CheckSetting::Init(settings) => self.line(&format!("init {}", inline::settings(settings))),
            CheckSetting::Error(_) => self.line("error"),
        }
    }

    fn expectation(&mut self, claim: &Expectation) {
        let unit = claim.unit.as_ref().map_or(String::new(), |unit| format!(" {}", unit.text));
        let comparison = inline::comparison(claim.comparison);
        let measure = inline::expr(&claim.measure);
        self.line(&format!("expect {measure} {comparison} {}{unit}", inline::expr(&claim.bound)));
        self.depth += 1;
        if let Some(tolerance) = &claim.tolerance {
            self.line(&format!("within {}", inline::expr(tolerance)));
        }
        if let Some(layer) = &claim.at {
            self.line(&format!("at {}", layer.text));
        }
        if !claim.when.is_empty() {
            self.line(&format!("when {}", inline::settings(&claim.when)));
        }
        if !claim.over.is_empty() {
            self.line(&format!("over {}", inline::exprs(&claim.over)));
        }
        if let Some(updates) = &claim.updates {
            self.line(&format!("after {} updates", inline::expr(updates)));
        }
        if let Some(averaged) = &claim.averaged {
            self.line(&format!("averaged over {} draws", inline::expr(averaged)));
        }
        self.depth -= 1;
    }

    fn experiment(&mut self, experiment: &Experiment) {
        self.nest(&format!("experiment {}", experiment.name.text), &experiment.clauses, Self::clause);
    }

    fn clause(&mut self, clause: &Clause) {
        match clause {
            Clause::Rule(call) => self.line(&format!("rule {}", inline::call(call))),
            Clause::Network(network) => self.network_ref(network),
            Clause::Cost(name) => self.line(&format!("cost {}", name.text)),
            Clause::Optimiser(call) => self.line(&format!("optimiser {}", inline::call(call))),
            Clause::Data(call) => self.line(&format!("data {}", inline::call(call))),
            Clause::Validation(value) => self.line(&format!("validation {}", inline::expr(value))),
            Clause::Batch(value) => self.line(&format!("batch {}", inline::expr(value))),
            Clause::Epochs(value) => self.line(&format!("epochs {}", inline::expr(value))),
            Clause::Updates(value) => self.line(&format!("updates {}", inline::expr(value))),
            Clause::Seed(value) => self.line(&format!("seed {}", inline::expr(value))),
            Clause::Time(value) => self.line(&format!("time {}", inline::expr(value))),
            Clause::Precision(name) => self.line(&format!("precision {}", name.text)),
            Clause::Expect(claim) => self.expectation(claim),
            Clause::PerSite(name, sites) => {
                self.nest(&format!("per site {}", name.text), sites, |dump, site| {
                    let to = site.to.as_ref().map_or(String::new(), |to| format!("->{}", to.text));
                    dump.line(&format!("{}{to} = {}", site.from.text, inline::expr(&site.value)));
                })
            }
            Clause::Error(_) => self.line("error"),
        }
    }
}
