//! `plrc emit`: the window on each stage of the compilation.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plr_ir::Program;
use plr_ir::model::{Model as _, Piece};
use plr_ir::text::print;
use plr_run::session::Together;

use crate::driver::{self, Checked};
use crate::failure::Failure;
use crate::optimised::{Optimised, Passes, names};
use crate::selection::{self, Overrides, Plan, Which};
use crate::shell::Shell;

/// Print a program at one of the stages of its compilation.
#[derive(Args, Debug)]
pub struct Emit {
    /// The stage.
    #[arg(value_enum)]
    stage: Stage,
    /// The program.
    file: PathBuf,
    /// The rule, if the file has several.
    #[arg(long)]
    rule: Option<String>,
    /// The experiment, if the file has several.
    #[arg(long, conflicts_with = "rule")]
    experiment: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Which program of the rule: update, predict, evaluate, probe, every_step, cost:PHASE, step:PHASE or equation:NUMBER.
    #[arg(long, default_value = "update")]
    piece: String,
    /// Samples in a minibatch.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Print the IR as this pass left it (`cse`, or `cse:2` after its second run), or as lowered (`none`).
    #[arg(long, value_name = "PASS")]
    after: Option<String>,
    #[command(flatten)]
    passes: Passes,
}

/// A stage of the compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The tokens, with their byte ranges.
    Tokens,
    /// The tree.
    Ast,
    /// The tensor program.
    Ir,
    /// What is called in which order on which memory.
    Plan,
    /// Cranelift's form of the kernels.
    Clif,
    /// The machine's instructions.
    Asm,
}

/// How a run makes several presentations in a row, if it does.
fn together(model: &Optimised, piece: Piece, program: &Program, plan: &Plan) -> Option<Together> {
    Together::of(model, program, plan.batch()).filter(|_| piece == Piece::Update)
}

impl Emit {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let source = driver::read(&self.file)?;
        match self.stage {
            Stage::Tokens => return shell.print(plr_syntax::tokens(source.text())),
            Stage::Ast => {
                let parsed = plr_syntax::parse(source.text());
                shell.print(plr_syntax::dump(&parsed.file))?;
                let (findings, failed) = (parsed.findings.any_error(), parsed.findings);
                return if findings { Err(Failure::Findings { source, findings: failed }) } else { Ok(()) };
            }
            Stage::Ir | Stage::Plan | Stage::Clif | Stage::Asm => {}
        }
        let checked = driver::check_with(source, self.which(), &self.overrides)?;
        shell.findings(&checked.source, &checked.warnings);
        let (plan, model) = self.model(&checked)?;
        let text = self.text(&plan, &model)?;
        if self.passes.time_passes {
            shell.remark(model.times());
        }
        shell.print(text)
    }

    fn which(&self) -> Which<'_> {
        Which::flagged(self.rule.as_deref(), self.experiment.as_deref())
    }

    fn model(&self, checked: &Checked) -> Result<(Plan, Optimised), Failure> {
        let mut plan = selection::plan(checked, self.which(), &self.overrides)?;
        plan.batch = self.batch.map(|batch| batch as usize).or(plan.batch);
        let model = driver::optimise(driver::lower(checked, &plan)?, &self.passes);
        Ok((plan, model))
    }

    fn text(&self, plan: &Plan, model: &Optimised) -> Result<String, Failure> {
        let piece = self.piece(model)?;
        let mut program = driver::program(model.lowered(), piece, &self.piece, plan)?;
        let stop = self.stop()?;
        if stop == Stop::AsLowered {
            return Ok(print(&program));
        }
        let (mut runs, mut there) = (0, None);
        model.optimise_and_tell(&mut program, |pass, program| {
            if let Stop::After(name, run) = stop
                && pass == name
            {
                runs += 1;
                if runs == run {
                    there = Some(print(program));
                }
            }
        });
        match self.stage {
            Stage::Plan => {
                let together = together(model, piece, &program, plan);
                let several = together.as_ref().map(|together| &together.program);
                let plan = |program| Ok(driver::kernels(program, model.choices())?.plan().to_string());
                let plans = [Some(&program), several].into_iter().flatten().map(plan);
                Ok(plans.collect::<Result<Vec<String>, Failure>>()?.join("\n"))
            }
            Stage::Clif => Ok(driver::kernels(&program, model.choices())?.clif()),
            Stage::Asm => Ok(driver::kernels(&program, model.choices())?.asm()),
            Stage::Tokens | Stage::Ast | Stage::Ir => match (stop, there) {
                (_, Some(text)) => Ok(text),
                (Stop::After(name, run), None) => Err(Failure::Choice {
                    what: "pass",
                    asked: Some(format!("{name}:{run}")),
                    place: "the pipeline".to_owned(),
                    known: names().into_iter().map(str::to_owned).collect(),
                }),
                (Stop::AsLowered | Stop::AtTheEnd, None) => {
                    let deferred = together(model, piece, &program, plan).filter(|together| together.joined);
                    let programs = [Some(&program), deferred.as_ref().map(|together| &together.program)];
                    Ok(programs.into_iter().flatten().map(print).collect::<Vec<_>>().join("\n"))
                }
            },
        }
    }

    /// Where to look at the IR.
    fn stop(&self) -> Result<Stop, Failure> {
        let Some(text) = self.after.as_deref() else { return Ok(Stop::AtTheEnd) };
        if text == "none" {
            return Ok(Stop::AsLowered);
        }
        let (name, run) = text.split_once(':').unwrap_or((text, "1"));
        let known = names();
        let found = known.iter().find(|known| **known == name).zip(run.parse().ok());
        found.map(|(name, run)| Stop::After(name, run)).ok_or_else(|| Failure::Choice {
            what: "pass",
            asked: Some(text.to_owned()),
            place: "the pipeline".to_owned(),
            known: std::iter::once("none").chain(known).map(str::to_owned).collect(),
        })
    }

    fn piece(&self, model: &Optimised) -> Result<Piece, Failure> {
        let (kind, of) = self.piece.split_once(':').unwrap_or((&self.piece, ""));
        let phase = || model.phases().iter().position(|phase| phase == of);
        let piece = match kind {
            "update" => Some(Piece::Update),
            "predict" => Some(Piece::Predict),
            "evaluate" => Some(Piece::Evaluate),
            "probe" => Some(Piece::Probe),
            "every_step" => Some(Piece::EveryStep { cost: true }),
            "cost" => phase().map(Piece::Cost),
            "step" => phase().map(Piece::Step),
            "equation" => of.parse().ok().filter(|&at| at < model.equations().len()).map(Piece::Equation),
            _ => None,
        };
        piece.ok_or_else(|| {
            let phases =
                model.phases().iter().flat_map(|phase| [format!("cost:{phase}"), format!("step:{phase}")]);
            let equations = format!("equation:0 to equation:{}", model.equations().len().saturating_sub(1));
            let pieces =
                ["update", "predict", "evaluate", "probe", "every_step"].into_iter().map(str::to_owned);
            Failure::Choice {
                what: "program",
                asked: Some(self.piece.clone()),
                place: format!("the rule `{}`", model.name()),
                known: pieces.chain(phases).chain([equations]).collect(),
            }
        })
    }
}

/// Where to look at the IR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Before any pass.
    AsLowered,
    /// After a run of a pass, counted from 1.
    After(&'static str, u32),
    /// After the last pass.
    AtTheEnd,
}
