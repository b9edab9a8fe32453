//! What follows a product: its sums go through it one by one, if it is simple; otherwise element-wise code on the results of products
//! is run block by block, while they are in cache.

use std::collections::{HashMap, HashSet};

use plr_ir::Precision;
use plr_ir::program::Value;

use super::link::linked;
use super::{GemmTask, MapTask, Task};

/// Products of more matrices than these take too much room at a time.
pub(crate) const MOST_PRODUCTS: usize = 4;
/// The most values that such code may read and write.
pub(crate) const MOST_OPERANDS: usize = 16;

/// Smaller products stay in a core's cache until they are used.
const LEAST_ELEMENTS: usize = 1 << 16;

/// Products, and element-wise code that alone uses their results.
#[derive(Clone, Debug)]
pub(crate) struct BlockTask {
    /// The products; their results are never in memory as a whole.
    pub(crate) products: Vec<GemmTask>,
    /// The code.
    pub(crate) map: MapTask,
}

impl BlockTask {
    /// The values it reads.
    pub(super) fn operands(&self) -> impl Iterator<Item = Value> {
        let factors = self.products.iter().flat_map(|product| [product.lhs, product.rhs]);
        factors.chain(self.map.inputs.iter().map(|input| input.value).filter(|&value| !self.computes(value)))
    }

    /// The values that a result may be written over, element by element: not the factors, which are read until the end.
    pub(crate) fn replaceable(&self) -> impl Iterator<Item = Value> {
        let whole = self.map.inputs.iter().filter(|input| input.whole).map(|input| input.value);
        whole.filter(|&value| !self.computes(value) && !self.multiplies(value))
    }

    /// Whether the value is one of the products.
    pub(crate) fn computes(&self, value: Value) -> bool {
        self.products.iter().any(|product| product.result == value)
    }

    fn multiplies(&self, value: Value) -> bool {
        self.products.iter().any(|product| product.lhs == value || product.rhs == value)
    }
}

/// Merges products into the code that uses them, wherever nothing else does.
pub(super) fn merge(tasks: Vec<Task>, uses: &HashMap<Value, usize>, precision: Precision) -> Vec<Task> {
    let mut waiting: HashMap<Value, &GemmTask> = HashMap::new();
    let mut gone: HashSet<Value> = HashSet::new();
    // By the position of a map.
    let mut merged: HashMap<usize, Task> = HashMap::new();
    for (at, task) in tasks.iter().enumerate() {
        if let Task::Gemm(gemm) = task
            && uses.get(&gemm.result) == Some(&1)
            && gemm.terms.is_none()
        {
            waiting.insert(gemm.result, gemm);
        }
        if let Task::Map(map) = task
            && let Some((products, task)) = merge_map(map, &waiting, precision)
        {
            gone.extend(products);
            merged.insert(at, task);
        }
    }
    let mut result = Vec::with_capacity(tasks.len());
    for (at, mut task) in tasks.into_iter().enumerate() {
        if let Task::Repeat(repeat) = &mut task {
            repeat.body = merge(std::mem::take(&mut repeat.body), uses, precision);
        }
        if !matches!(&task, Task::Gemm(gemm) if gone.contains(&gemm.result)) {
            result.push(merged.remove(&at).unwrap_or(task));
        }
    }
    result
}

/// A map and waiting products that it uses as one task, and the products.
fn merge_map(
    map: &MapTask,
    waiting: &HashMap<Value, &GemmTask>,
    precision: Precision,
) -> Option<(Vec<Value>, Task)> {
    let used = map.inputs.iter().filter(|input| input.whole && !input.truth).map(|input| input.value);
    let used: Vec<&GemmTask> = used.filter_map(|value| waiting.get(&value).copied()).collect();
    let large: Vec<&GemmTask> = used.iter().copied().filter(is_large).collect();
    if large.len() <= 1 {
        let mut can_be = used.iter().filter(|gemm| gemm.product.has_links(precision));
        let found = can_be.find_map(|gemm| Some((vec![gemm.result], Task::Gemm(linked(gemm, map)?))));
        if found.is_some() {
            return found;
        }
    }
    can_be_block(map, &large).then(|| {
        let products = large.iter().map(|gemm| gemm.result).collect();
        let task = BlockTask { products: large.into_iter().cloned().collect(), map: map.clone() };
        (products, Task::Block(Box::new(task)))
    })
}

/// Whether it is worth while not to have the product in memory as a whole, and can be.
fn is_large(gemm: &&GemmTask) -> bool {
    gemm.product.has_dense_rows() && gemm.product.m * gemm.product.n >= LEAST_ELEMENTS
}

/// Whether these products, all that are large, have the shape of the map's space.
fn can_be_block(map: &MapTask, products: &[&GemmTask]) -> bool {
    let fits = |gemm: &&GemmTask| map.space.is_matrix([gemm.product.m, gemm.product.n]);
    let same =
        |gemm: &&GemmTask| [gemm.product.m, gemm.product.n] == [products[0].product.m, products[0].product.n];
    (1..=MOST_PRODUCTS).contains(&products.len())
        && map.running.is_none()
        && map.inputs.len() + map.results.len() <= MOST_OPERANDS
        && products.iter().all(|gemm| same(gemm) && fits(gemm))
}

/// How often each value is used, being handed out included.
pub(super) fn uses(tasks: &[Task], outputs: &[Value]) -> HashMap<Value, usize> {
    let mut uses: HashMap<Value, usize> = HashMap::new();
    outputs.iter().for_each(|&output| *uses.entry(output).or_default() += 1);
    count_uses(tasks, &mut uses);
    uses
}

/// Removes tensors with zeros that no one uses: products of first terms do without.
pub(super) fn drop_unused(tasks: &mut Vec<Task>, outputs: &[Value]) {
    let uses = uses(tasks, outputs);
    drop_in_block(tasks, &uses);
}

fn drop_in_block(tasks: &mut Vec<Task>, uses: &HashMap<Value, usize>) {
    tasks.retain(|task| !matches!(task, Task::Before { result, .. } if !uses.contains_key(result)));
    for task in tasks {
        if let Task::Repeat(repeat) = task {
            drop_in_block(&mut repeat.body, uses);
        }
    }
}

/// Lets tiles that have samples last take them from matrices whose transposes only they would use.
pub(super) fn drop_transposes(tasks: &mut Vec<Task>, uses: &HashMap<Value, usize>) {
    for at in (0..tasks.len()).rev() {
        let Task::Transpose { input, result, .. } = tasks[at] else { continue };
        let mut takes = |task: &mut Task| {
            if let Task::Tiles(region) = task { region.take_turned(result, input) } else { false }
        };
        if uses.get(&result) == Some(&1) && tasks[at..].iter_mut().any(&mut takes) {
            tasks.remove(at);
        }
    }
}

fn count_uses(tasks: &[Task], uses: &mut HashMap<Value, usize>) {
    for task in tasks {
        task.operands().into_iter().for_each(|value| *uses.entry(value).or_default() += 1);
        if let Some(repeat) = task.as_repeat() {
            count_uses(&repeat.body, uses);
            let until = repeat.until.iter().map(|until| until.residual);
            repeat
                .carried
                .iter()
                .map(|c| c.next)
                .chain(until)
                .for_each(|value| *uses.entry(value).or_default() += 1);
        }
    }
}
