//! The plan as text.

use std::fmt::{self, Display, Formatter};

use super::{Apply, ConvolveStep, Launch, Plan, Rank, RunningSum, Step};
use crate::convolve::{Convolve, Lanes};
use crate::gemm::Product;
use crate::lower::Rows;
use crate::memory::{Buffer, Place};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

impl Plan {
    /// Prints the plan, indented.
    fn print(&self, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
        let [inputs, outputs] = &self.names;
        let indent = 2 * depth;
        let (kernels, steps, arena) = (self.kernels(), self.steps(), self.arena_bytes());
        writeln!(
            f,
            "{:indent$}plan {} {}: {kernels} kernels, {steps} steps, {arena} bytes",
            "", self.name, self.precision
        )?;
        for (i, (place, bytes)) in self.memory.places.iter().zip(&self.memory.bytes).enumerate() {
            write!(f, "{:indent$}  {}: {bytes} bytes ", "", Buffer(i as u32))?;
            match place {
                Place::Input(input) => writeln!(f, "of input {}", inputs[*input])?,
                Place::Output(output) => writeln!(f, "of output {}", outputs[*output])?,
                Place::Arena(at) => writeln!(f, "at {at}")?,
                Place::View => writeln!(f, "within another")?,
            }
        }
        print(f, &self.steps, depth + 1)?;
        for (name, buffer) in outputs.iter().zip(&self.outputs) {
            writeln!(f, "{:indent$}  output {name} = {buffer}", "")?;
        }
        Ok(())
    }
}

impl Display for Buffer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

impl Display for Product {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let half = if self.symmetric { ", half" } else { "" };
        write!(f, "{}×{}×{}{half} in {} blocks", self.m, self.depth, self.n, self.blocks())
    }
}

impl Display for Launch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "kernel {} on", self.kernel)?;
        for &operand in &self.operands {
            write!(f, " {}", Buffer(operand))?;
        }
        write!(f, " over {}", self.extent)?;
        if self.numbers.is_empty() { Ok(()) } else { write!(f, " {:?}", self.numbers) }
    }
}

impl Display for ConvolveStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { convolve: Convolve { form, geometry, .. }, lhs, rhs, room, out } = self;
        let parts = self.convolve.parts();
        write!(f, "{out} = {form} of {lhs} and {rhs} by {room}, {geometry} in {parts} parts")
    }
}

impl Display for Lanes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { form, geometry, lanes, .. } = self;
        write!(f, "{form} in {lanes} lanes, {geometry},")
    }
}

impl Display for Rank {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Rank { input, first, out, rows, extent } = self;
        write!(f, "{out} = ranks of {input}, {rows} rows of {extent}")?;
        first.map_or(Ok(()), |first| write!(f, ", of which {first} matter"))
    }
}

impl Display for RunningSum {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let RunningSum { input, out, outer, extent, inner } = self;
        write!(f, "{out} = running sums of {input}, {outer} times {extent} rows of {inner}")
    }
}

impl Display for Rows {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Rows { count, places, elements } = self;
        write!(f, "{count} times {places} rows of {elements}")
    }
}

/// Prints steps, indented.
fn print(f: &mut Formatter<'_>, steps: &[Step], depth: usize) -> fmt::Result {
    for step in steps {
        write!(f, "{:1$}", "", 2 * depth)?;
        match step {
            Step::Launch(launch) => writeln!(f, "{launch}")?,
            Step::Multiply(multiply) => writeln!(f, "{multiply}")?,
            Step::Picked(picked) => writeln!(f, "{picked}")?,
            Step::Rank(rank) => writeln!(f, "{rank}")?,
            Step::RunningSum(sum) => writeln!(f, "{sum}")?,
            Step::Convolve(step) => writeln!(f, "{step}")?,
            Step::Lanes { sum, lhs, rhs, out } => writeln!(f, "{out} = {sum} of {lhs} and {rhs}")?,
            Step::Windows { windows, input, by, out } => match (windows.kind, by) {
                (Some(kind), _) => writeln!(f, "{out} = {kind} of {input} over {}", windows.geometry)?,
                (None, Some(by)) => {
                    writeln!(f, "{out} = {input} to the largest of {by} over {}", windows.geometry)?
                }
                (None, None) => writeln!(f, "{out} = adjoint mean of {input} over {}", windows.geometry)?,
            },
            Step::Transpose { input, dims: [rows, columns], out } => {
                writeln!(f, "{out} = transpose of {input}, {rows}×{columns}")?
            }
            Step::Range { whole, rows, first, places, out } => {
                writeln!(f, "{out} = {places} from {first} on of {whole}, {rows}")?
            }
            Step::Slice { whole, rows, place, out } => {
                writeln!(f, "{out} = slice !{} of {whole}, {rows}", place.0)?
            }
            Step::View { whole, rows, place, out } => {
                writeln!(f, "{out} is slice !{} of {whole}, {rows}", place.0)?
            }
            Step::Before { whole, rows, place, out } => {
                writeln!(f, "{out} = {whole} before !{}, {rows}", place.0)?
            }
            Step::Insert { value, into, rows, place, out } => {
                writeln!(f, "{out} = {into} with {value} as slice !{}, {rows}", place.0)?
            }
            Step::Draw(draw) => writeln!(f, "{} = {:?} stream {}", draw.out, draw.law, draw.stream)?,
            Step::FromIndex { slot, out } => writeln!(f, "{out} = !{}", slot.0)?,
            Step::Repeat(repeat) => {
                let reversed = if repeat.reversed { "reversed " } else { "" };
                write!(f, "repeat {} {reversed}with !{}", repeat.count, repeat.step.0)?;
                if let Some(until) = repeat.until {
                    write!(f, " until {} < {:e}", until.residual, until.tolerance)?;
                }
                repeat.entry.iter().try_for_each(|copy| write!(f, ", first {} = {}", copy.to, copy.from))?;
                repeat.swaps.iter().try_for_each(|(a, b)| write!(f, ", then {a} <-> {b}"))?;
                repeat.exit.iter().try_for_each(|copy| write!(f, ", last {} = {}", copy.to, copy.from))?;
                writeln!(f)?;
                print(f, &repeat.body, depth + 1)?;
            }
            Step::Apply(Apply { op, input, out, count }) => {
                writeln!(f, "{out} = {op:?} of {input}, {count} elements")?;
            }
            Step::Block(block) => writeln!(f, "{block}")?,
            Step::Tiles(tiles) => {
                let layout = tiles.layout;
                writeln!(
                    f,
                    "tiles of {} among {} samples{}{}",
                    layout.lanes,
                    tiles.samples,
                    if layout.rows { ", which stay rows" } else { "" },
                    if tiles.is_in_order() { ", in order" } else { "" }
                )?;
                tiles.plan.print(f, depth + 1)?;
            }
        }
    }
    Ok(())
}
