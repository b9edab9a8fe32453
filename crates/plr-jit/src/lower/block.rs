//! What follows a product: element-wise code on the results of products is run block by block, while they are in cache.

use std::collections::HashMap;

use plr_ir::program::Value;

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
pub(super) fn merge(tasks: Vec<Task>, uses: &HashMap<Value, usize>) -> Vec<Task> {
    merge_block(tasks, uses)
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

fn merge_block(tasks: Vec<Task>, uses: &HashMap<Value, usize>) -> Vec<Task> {
    let mut waiting: HashMap<Value, GemmTask> = HashMap::new();
    let mut taken: Vec<Value> = Vec::new();
    for task in &tasks {
        if let Task::Gemm(gemm) = task
            && uses.get(&gemm.result) == Some(&1)
            && gemm.terms.is_none()
            && gemm.product.has_dense_rows()
            && gemm.product.m * gemm.product.n >= LEAST_ELEMENTS
        {
            waiting.insert(gemm.result, gemm.clone());
        }
        if let Task::Map(map) = task {
            taken.extend(merged(map, &waiting));
        }
    }
    let mut result = Vec::with_capacity(tasks.len());
    for mut task in tasks {
        if let Task::Gemm(gemm) = &task
            && taken.contains(&gemm.result)
        {
            continue;
        }
        if let Task::Repeat(repeat) = &mut task {
            repeat.body = merge_block(std::mem::take(&mut repeat.body), uses);
        }
        if let Task::Map(map) = &task {
            let products = map.inputs.iter().filter(|input| taken.contains(&input.value));
            let products: Vec<GemmTask> = products.filter_map(|input| waiting.remove(&input.value)).collect();
            if !products.is_empty() {
                task = Task::Block(Box::new(BlockTask { products, map: map.clone() }));
            }
        }
        result.push(task);
    }
    result
}

/// The waiting products that can be merged into a map: all those that it uses if they have the shape of its space.
fn merged(map: &MapTask, waiting: &HashMap<Value, GemmTask>) -> Vec<Value> {
    let used = map.inputs.iter().filter(|input| input.whole && !input.truth).map(|input| input.value);
    let used: Vec<&GemmTask> = used.filter_map(|value| waiting.get(&value)).collect();
    let fits = |gemm: &&GemmTask| map.space.is_matrix([gemm.product.m, gemm.product.n]);
    let operands = map.inputs.len() + map.results.len();
    let same =
        used.iter().all(|gemm| gemm.product.m == used[0].product.m && gemm.product.n == used[0].product.n);
    if used.is_empty()
        || map.running.is_some()
        || used.len() > MOST_PRODUCTS
        || operands > MOST_OPERANDS
        || !same
        || !used.iter().all(fits)
    {
        return Vec::new();
    }
    used.into_iter().map(|gemm| gemm.result).collect()
}
