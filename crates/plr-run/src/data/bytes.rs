//! What the readers of binary formats share: no count in a file is believed before the bytes are there.

use std::io::{self, Read};

use crate::room::{self, NoRoom};

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

/// So many bytes are read without asking for room.
const LITTLE: usize = 1 << 26;

/// Up to `limit` bytes; fewer only if the source ends. Memory grows with what is really there, as far as there is room.
pub(super) fn read_at_most(source: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    read_within(source, limit, LITTLE, room::check)
}

fn read_within(
    source: &mut impl Read,
    limit: usize,
    little: usize,
    has_room: impl Fn(u64) -> Result<(), NoRoom>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let part = bytes.len().max(little).min(limit - bytes.len());
        if !bytes.is_empty() {
            // What is there may have to move to grow.
            has_room((bytes.len() + part) as u64)
                .map_err(|room| io::Error::new(io::ErrorKind::OutOfMemory, format!("it needs {room}")))?;
        }
        let read = source.by_ref().take(part as u64).read_to_end(&mut bytes)?;
        if read < part || bytes.len() == limit {
            return Ok(bytes);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_is_wanted_there_or_has_room() {
        let read = |there: u64, limit, free| {
            let has_room = |needed| if needed <= free { Ok(()) } else { Err(NoRoom { needed, free }) };
            read_within(&mut io::repeat(7).take(there), limit, 8, has_room)
        };
        for (there, limit) in
            [(0, 0), (0, 5), (5, 0), (7, 8), (8, 8), (8, 9), (100, 31), (31, 100), (1000, 1000)]
        {
            let bytes = read(there, limit, u64::MAX).expect("there is room");
            assert_eq!(bytes, vec![7; limit.min(there as usize)]);
        }
        assert_eq!(
            read(8, 100, 0).map(|bytes| bytes.len()).map_err(|error| error.kind()),
            Err(io::ErrorKind::OutOfMemory)
        );
        let refused = read(u64::MAX, usize::MAX, 1000).expect_err("there is no room");
        assert_eq!(refused.to_string(), "it needs 1.0 kB of memory, but only 1.0 kB are free");
    }
}
