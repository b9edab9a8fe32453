//! Matrix products, and what their sums go through on their way to memory.

use std::fmt::{self, Display, Formatter};

use plr_ir::scalar::Real;

use crate::execute::{Run, Shared};
use crate::gemm::{Pointers, Product};
use crate::link::{Link, With};
use crate::lower::Terms;
use crate::memory::Buffer;
use crate::micro::{self, Element, Links, NEAR_BYTES, What};

/// A matrix product.
#[derive(Debug)]
pub(crate) struct Multiply {
    /// Its shape.
    pub(crate) product: Product,
    /// How many terms of the sums there are, if not all.
    pub(crate) terms: Option<Terms>,
    /// The left factor.
    pub(crate) lhs: Buffer,
    /// The right factor.
    pub(crate) rhs: Buffer,
    /// What the sums go through, if all their terms are there.
    pub(crate) links: Box<[Link<Buffer>]>,
    /// The result.
    pub(crate) out: Buffer,
}

impl Multiply {
    /// Multiplies, block by block.
    ///
    /// # Safety
    /// As for [`Run::steps`]; the reals are of the run's precision.
    pub(crate) unsafe fn run<T: Real + Element>(&self, run: &Run<'_>) {
        let at = |buffer: Buffer| run.buffers.get(buffer.index()).cast::<T>();
        let (product, out) = (&self.product, at(self.out));
        let pointers = (at(self.lhs).cast_const(), at(self.rhs).cast_const(), out);
        // SAFETY: the buffers are as large as the product needs.
        unsafe {
            let Some(terms) = self.terms else { return share(product, pointers, &self.links(run), run) };
            let count = run.buffers.slot(terms.steps) as usize * terms.each;
            match count.min(product.depth) {
                // A product is all of its result.
                0 => out.cast::<u8>().write_bytes(0, run.bytes[self.out.index()]),
                depth => {
                    share(&Product { depth, batch: Vec::new(), ..*product }, pointers, &Links::NONE, run)
                }
            }
        }
    }

    /// Where what belongs to the sums is.
    fn links<T: Real + Element>(&self, run: &Run<'_>) -> Links<T> {
        let link = |&Link { what, with }: &Link<Buffer>| match with {
            With::Number(number) => {
                let (number, at) = (T::from_f64(number), std::ptr::null());
                micro::Link { what, at, row: 0, column: 0, number }
            }
            With::Elements { of, strides: [row, column], .. } => {
                let (number, at) = (T::from_f64(0.0), run.buffers.get(of.index()).cast::<T>().cast_const());
                micro::Link { what, at, row, column, number }
            }
        };
        let bytes = self.product.m * self.product.n * size_of::<T>();
        Links::new(self.links.iter().map(link), bytes > NEAR_BYTES)
    }
}

/// Computes a product, on several threads if that pays.
///
/// # Safety
/// The pointers are to as many reals as the product reaches, and so is what belongs to its sums; nobody else accesses them.
unsafe fn share<T: Real + Element>(
    product: &Product,
    pointers: Pointers<T>,
    links: &Links<T>,
    run: &Run<'_>,
) {
    if !product.is_worth_sharing() {
        // SAFETY: as demanded of the caller.
        return unsafe { product.run_whole(pointers, links) };
    }
    let shared = Shared((pointers, links));
    run.pool.run(product.blocks(), &|block| {
        let &(pointers, links) = shared.get();
        // SAFETY: as above, and blocks do not overlap.
        unsafe { product.run_block(block, pointers, links) };
    });
}

impl Display for Multiply {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { product, terms, lhs, rhs, links, out } = self;
        write!(f, "{out} = {lhs} · {rhs}, {product}")?;
        if let Some(Terms { steps, each }) = terms {
            write!(f, ", the first !{} times {each} terms", steps.0)?;
        }
        links.iter().try_for_each(|link| write!(f, ", {link}"))
    }
}

impl Display for Link<Buffer> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.what {
            What::Add => "+ ",
            What::Subtract => "- ",
            What::Multiply => "* ",
            What::Largest => "max ",
            What::Least => "min ",
        })?;
        match self.with {
            With::Number(number) => write!(f, "{number}"),
            With::Elements { of, .. } => write!(f, "{of}"),
        }
    }
}
