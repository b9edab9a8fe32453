//! Copies of matrices in the other order.

/// Matrices are transposed in squares whose rows are a cache line: of no more rows and columns than these.
pub(crate) const SQUARE: usize = 16;

/// Copies a matrix of so many rows and columns to its transpose; rows of either are so many elements apart.
///
/// # Safety
/// Both are there as far as rows, columns and distances reach, and apart from each other.
pub(crate) unsafe fn transpose<T: Copy>(
    [rows, columns]: [usize; 2],
    (from, from_row): (*const T, usize),
    (to, to_row): (*mut T, usize),
) {
    let side = 64 / size_of::<T>();
    let at_once = has_squares() && [4, 8].contains(&size_of::<T>());
    for row in (0..rows).step_by(side) {
        for column in (0..columns).step_by(side) {
            let (down, across) = ((rows - row).min(side), (columns - column).min(side));
            // SAFETY: the part is within both matrices; for a whole square, elements and machine were looked at.
            unsafe {
                let (from, to) = (from.add(row * from_row + column), to.add(column * to_row + row));
                if at_once && down == side && across == side {
                    match size_of::<T>() {
                        4 => square_of_words((from.cast(), from_row), (to.cast(), to_row)),
                        _ => square_of_pairs((from.cast(), from_row), (to.cast(), to_row)),
                    }
                    continue;
                }
                for i in 0..down {
                    for j in 0..across {
                        *to.add(j * to_row + i) = *from.add(i * from_row + j);
                    }
                }
            }
        }
    }
}

/// Whether this machine can transpose squares in registers.
fn has_squares() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Transposes a square of sixteen by sixteen words of 32 bits: four times, pairs of rows exchange halves of what they have, words, pairs and
/// quadruples of words.
///
/// # Safety
/// Both squares are there and apart; the machine has the feature.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn square_of_words((from, from_row): (*const i32, usize), (to, to_row): (*mut i32, usize)) {
    use std::arch::x86_64::*;
    // SAFETY: as demanded of the caller.
    unsafe {
        let mut rows = [_mm512_setzero_si512(); SQUARE];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm512_loadu_si512(from.add(i * from_row).cast());
        }
        let mut words = rows;
        for i in 0..8 {
            words[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
            words[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
        }
        let mut pairs = words;
        for i in 0..4 {
            for j in 0..2 {
                let (a, b) = (words[4 * i + j], words[4 * i + 2 + j]);
                pairs[4 * i + 2 * j] = _mm512_unpacklo_epi64(a, b);
                pairs[4 * i + 2 * j + 1] = _mm512_unpackhi_epi64(a, b);
            }
        }
        let mut quarters = pairs;
        for i in 0..2 {
            for j in 0..4 {
                let (a, b) = (pairs[8 * i + j], pairs[8 * i + 4 + j]);
                quarters[8 * i + j] = _mm512_shuffle_i32x4::<0x88>(a, b);
                quarters[8 * i + 4 + j] = _mm512_shuffle_i32x4::<0xDD>(a, b);
            }
        }
        for j in 0..8 {
            let (a, b) = (quarters[j], quarters[8 + j]);
            // Columns j and 8 + j, of which each quarter has four.
            let (low, high) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xDD>(a, b));
            _mm512_storeu_si512(to.add(j * to_row).cast(), low);
            _mm512_storeu_si512(to.add((8 + j) * to_row).cast(), high);
        }
    }
}

/// Transposes a square of eight by eight words of 64 bits, in three such steps.
///
/// # Safety
/// Both squares are there and apart; the machine has the feature.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn square_of_pairs((from, from_row): (*const i64, usize), (to, to_row): (*mut i64, usize)) {
    use std::arch::x86_64::*;
    // SAFETY: as demanded of the caller.
    unsafe {
        let mut pairs = [_mm512_setzero_si512(); 8];
        for i in 0..4 {
            let a = _mm512_loadu_si512(from.add(2 * i * from_row).cast());
            let b = _mm512_loadu_si512(from.add((2 * i + 1) * from_row).cast());
            pairs[2 * i] = _mm512_unpacklo_epi64(a, b);
            pairs[2 * i + 1] = _mm512_unpackhi_epi64(a, b);
        }
        // Quarters of every other one are of the even columns, those of the others of the odd ones.
        for odd in 0..2 {
            let [a, b, c, d] = [pairs[odd], pairs[2 + odd], pairs[4 + odd], pairs[6 + odd]];
            let (low, lower) = (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0x88>(c, d));
            let (high, higher) = (_mm512_shuffle_i64x2::<0xDD>(a, b), _mm512_shuffle_i64x2::<0xDD>(c, d));
            let columns = [
                _mm512_shuffle_i64x2::<0x88>(low, lower),
                _mm512_shuffle_i64x2::<0x88>(high, higher),
                _mm512_shuffle_i64x2::<0xDD>(low, lower),
                _mm512_shuffle_i64x2::<0xDD>(high, higher),
            ];
            for (i, column) in columns.into_iter().enumerate() {
                _mm512_storeu_si512(to.add((2 * i + odd) * to_row).cast(), column);
            }
        }
    }
}

/// There is no such machine.
///
/// # Safety
/// It is not called.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn square_of_words(_: (*const i32, usize), _: (*mut i32, usize)) {}

/// There is no such machine.
///
/// # Safety
/// It is not called.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn square_of_pairs(_: (*const i64, usize), _: (*mut i64, usize)) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy + Default + PartialEq + std::fmt::Debug>(number: fn(usize) -> T) {
        for (rows, columns, more) in [(16, 16, 0), (33, 50, 3), (7, 40, 1), (48, 5, 0), (1, 1, 2)] {
            let (from_row, to_row) = (columns + more, rows + more);
            let from: Vec<T> = (0..rows * from_row).map(number).collect();
            let mut to = vec![T::default(); columns * to_row];
            // SAFETY: both have as many elements as rows, columns and distances reach.
            unsafe { transpose([rows, columns], (from.as_ptr(), from_row), (to.as_mut_ptr(), to_row)) };
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                assert_eq!(to[j * to_row + i], from[i * from_row + j], "{rows}×{columns}, ({i}, {j})");
            }
        }
    }

    #[test]
    fn every_element_goes_to_its_place() {
        check::<u32>(|i| i as u32 + 1);
        check::<u64>(|i| i as u64 + 1);
    }
}
