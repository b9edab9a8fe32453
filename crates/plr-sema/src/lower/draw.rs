//! Random numbers: which stream each drawn number comes from.
//!
//! A stream is a function of the place in the rule and the site in the network alone, so that a number is the same in
//! every program in which it is drawn.

use std::collections::HashMap;

use plr_ir::Value;
use plr_ir::program::Law;

use crate::equation::Site;
use crate::hir::{Learned, SynapseId, VariableId};

use super::expression::{Context, Lowerer};
use super::term::{Axes, Term};

/// The streams of who draws stand together up to this number; those beyond follow all of these.
const DRAWS: u64 = 64;

/// The stream of the order of the samples, which is one for the whole presentation; no variable comes so far.
const ORDER: u32 = 0x7fff_ffff;

/// Who draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Drawer {
    /// The phase, or the block of plasticity.
    place: usize,
    /// The variable or synapse.
    target: usize,
    /// The layer or edge.
    site: usize,
}

/// The random streams of a program under construction.
#[derive(Debug, Default)]
pub struct Draws {
    drawer: Drawer,
    /// Samples share a number: in plasticity.
    shared: bool,
    drawn: Drawn,
    /// What the clamps of the phase have drawn before its first step.
    clamping: Drawn,
}

/// How many numbers each has drawn in this step.
#[derive(Clone, Debug, Default)]
pub struct Drawn(HashMap<Drawer, u64>);

impl Lowerer<'_> {
    /// A phase begins, whose numbers are told apart from those of others.
    pub fn begin_drawing(&mut self) {
        self.draws.drawn = Drawn::default();
        self.draws.clamping = Drawn::default();
    }

    /// The clamps of the phase have taken hold; they may hold no longer than until a release, and its steps draw other numbers.
    pub fn end_clamping(&mut self) {
        self.draws.clamping = self.draws.drawn.clone();
    }

    /// A step begins, whose numbers are told apart from those of other steps.
    pub fn begin_drawing_in_step(&mut self) {
        self.draws.drawn = self.draws.clamping.clone();
    }

    /// What has been drawn so far in the step.
    pub fn drawn(&self) -> Drawn {
        self.draws.drawn.clone()
    }

    /// From here on the same numbers are drawn as when so much had been drawn.
    pub fn draw_again_from(&mut self, drawn: &Drawn) {
        self.draws.drawn = drawn.clone();
    }

    /// The equation of a state draws.
    pub fn draw_for_state(&mut self, place: usize, variable: VariableId, layer: usize) {
        self.draws.drawer = Drawer { place, target: variable.0, site: layer };
        self.draws.shared = false;
    }

    /// The equation of a learned quantity draws.
    pub fn draw_for_learned(&mut self, place: usize, target: Learned, site: Site) {
        self.draw_for(place, target, site);
        self.draws.shared = true;
    }

    /// The equation of a trace draws.
    pub fn draw_for_trace(&mut self, phase: usize, trace: SynapseId, site: Site) {
        self.draw_for(phase, Learned::Synapse(trace), site);
        self.draws.shared = false;
    }

    fn draw_for(&mut self, place: usize, target: Learned, site: Site) {
        let layers = self.setting.network.layers.len();
        let target = match target {
            Learned::Unit(variable) => variable.0,
            Learned::Synapse(synapse) => self.setting.rule.variables.len() + synapse.0,
        };
        let site = match site {
            Site::Layer(layer) => layer,
            Site::Edge(pre, post) => layers * (1 + pre) + post,
        };
        self.draws.drawer = Drawer { place, target, site };
    }

    /// One number for each unit, or synapse, and sample (R11.4); in plasticity one for each synapse or unit (R11.5).
    pub fn draw(&mut self, law: Law, cx: Context<'_>) -> Term {
        let own = cx.own;
        let axes = if self.draws.shared { own } else { own.union(Axes::SAMPLE) };
        let stream = self.next_stream();
        let dims = cx.extents.dims(axes);
        Term { value: self.b.random(law, stream, self.step, &dims), axes }
    }

    /// For each sample the place of the one that it gets where samples are shuffled (R5.20).
    pub fn order_of_samples(&mut self, samples: usize) -> Value {
        let keys = self.b.random(Law::Uniform, ORDER, None, &[samples]);
        self.b.rank(keys)
    }

    /// A further stream of who draws.
    pub fn next_stream(&mut self) -> u32 {
        let Drawer { place, target, site } = self.draws.drawer;
        let rule = &self.setting.rule;
        let layers = self.setting.network.layers.len();
        let sites = layers * (layers + 1);
        let targets = rule.variables.len() + rule.synapses.len();
        let places = rule.phases.len() + rule.plasticity.len();
        let (drawer, drawers) = ((place * targets + target) * sites + site, places * targets * sites);
        let number = self.draws.drawn.0.entry(self.draws.drawer).or_default();
        let stream = match *number {
            near @ ..DRAWS => drawer as u64 * DRAWS + near,
            far => far * drawers as u64 + drawer as u64,
        };
        *number += 1;
        stream as u32
    }
}
