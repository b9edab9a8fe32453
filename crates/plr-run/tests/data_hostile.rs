//! Bytes that nobody meant as data: errors, never panics, never memory for what is not there.
//!
//! Sizes claimed by the damaged headers here go far beyond any machine's memory, so that an allocation made on the word
//! of a header would end the test.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plr_ir::Tensor;
use plr_ir::scalar::Precision;
use plr_run::data::csv::{self, CsvTargets};
use plr_run::data::{idx, npz};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn idx_file() -> Vec<u8> {
    [&[0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[0x3F; 24]].concat()
}

fn npz_file(name: &str) -> Vec<u8> {
    let path = path(name);
    let x = Tensor::from_f64([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Precision::F32);
    let y = Tensor::from_f64([2, 1], &[0.5, 0.25], Precision::F64);
    npz::write_arrays(&path, &BTreeMap::from([("x".to_owned(), x), ("y".to_owned(), y)])).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn no_truncation_of_a_binary_file_is_read() {
    let (idx_path, npz_path) = (path("truncated_idx"), path("truncated.npz"));
    let whole = idx_file();
    for length in 0..whole.len() {
        fs::write(&idx_path, &whole[..length]).unwrap();
        assert!(idx::read_file(&idx_path).is_err(), "{length} bytes of IDX");
    }
    let whole = npz_file("whole_for_truncation.npz");
    for length in 0..whole.len() {
        fs::write(&npz_path, &whole[..length]).unwrap();
        assert!(npz::read_sets(&npz_path).is_err(), "{length} bytes of NPZ");
    }
}

#[test]
fn no_truncation_of_a_csv_file_makes_it_panic() {
    let path = path("truncated.csv");
    let whole = "a,\"b\",label\n0.5,1e-3,2\n-1,\u{3b2},1\n";
    for length in 0..whole.len() {
        fs::write(&path, &whole.as_bytes()[..length]).unwrap();
        let _ = csv::read_file(&path, CsvTargets::Class);
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_bytes_are_no_idx_file(rank in 0..8_u8, code in 0..16_u8, rest in proptest::collection::vec(any::<u8>(), 0..64)) {
        let path = path("random_idx");
        fs::write(&path, [&[0, 0, code, rank][..], &rest].concat()).unwrap();
        if let Ok(array) = idx::read_file(&path) {
            prop_assert!(array.dims.iter().product::<usize>() <= rest.len());
        }
        fs::write(path.with_extension("gz"), &rest).unwrap();
        prop_assert!(idx::read_file(&path.with_extension("gz")).is_err());
    }

    #[test]
    fn a_damaged_npz_file_is_read_or_refused(at: prop::sample::Index, bytes in proptest::collection::vec(any::<u8>(), 1..9)) {
        let mut damaged = npz_file("damaged_whole.npz");
        let at = at.index(damaged.len());
        for (to, from) in damaged[at..].iter_mut().zip(&bytes) {
            *to = *from;
        }
        let path = path("damaged.npz");
        fs::write(&path, &damaged).unwrap();
        let _ = npz::read_sets(&path);
    }

    #[test]
    fn random_text_is_no_table(text in "[0-9a-zA-Z\",.\\-\n\r \u{fe}]{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..40), k in 0..4_usize) {
        let path = path("random.csv");
        for contents in [text.as_bytes(), &bytes] {
            fs::write(&path, contents).unwrap();
            let _ = csv::read_file(&path, CsvTargets::Class);
            let _ = csv::read_file(&path, CsvTargets::Values(k));
        }
    }
}
