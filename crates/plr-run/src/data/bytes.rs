//! What the readers of binary formats share: no count in a file is believed before the bytes are there.

use std::io::{self, Read};

/// Reading stopped: the source failed, or what it holds is not the format.
pub(super) enum Failure<F> {
    /// The source could not be read.
    Io(io::Error),
    /// The bytes are wrong.
    Fault(F),
}

impl<F> From<io::Error> for Failure<F> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Up to `limit` bytes; fewer only if the source ends. Memory grows with what is really there.
pub(super) fn read_at_most(source: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.by_ref().take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The elements of `N` bytes each in `bytes`; bytes left over at the end are not looked at.
pub(super) fn elements<const N: usize, T>(bytes: &[u8], convert: fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|&chunk| convert(chunk)).collect()
}

/// The bytes of an array of the given dimensions; `None` if there are more than can be counted.
pub(super) fn size(dims: &[usize], width: usize) -> Option<usize> {
    dims.iter().try_fold(width, |product, &side| product.checked_mul(side))
}
