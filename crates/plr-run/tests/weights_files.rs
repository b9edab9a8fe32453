//! Weights on disk: round trips, the published layout, mismatches, damaged files.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plr_ir::Tensor;
use plr_ir::scalar::Precision;
use plr_run::weights::{self, Difference, Expected, Weights, WeightsError};
use proptest::prelude::*;

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn example() -> Weights {
    let tensors = BTreeMap::from([
        (
            "W.h1".to_owned(),
            Tensor::from_f64([2, 3], &[1.0, -2.0, 3.5, 0.0, f64::MIN_POSITIVE, 1e30], Precision::F32),
        ),
        ("b".to_owned(), Tensor::from_f64([2], &[0.1, -0.1], Precision::F64)),
        ("updates".to_owned(), Tensor::from_f64([], &[12.0], Precision::F32)),
        ("empty".to_owned(), Tensor::from_f64([0, 4], &[], Precision::F32)),
    ]);
    let about = [("rule", "CentredEP"), ("beta", "0.2"), ("μ", "\"quoted\"\n")];
    Weights { tensors, about: about.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
}

#[test]
fn what_is_saved_is_loaded_and_the_bytes_are_always_the_same() {
    let path = directory("weights_round_trip").join("weights.safetensors");
    weights::save(&path, &example()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(weights::load(&path).unwrap(), example());
    weights::save(&path, &weights::load(&path).unwrap()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn the_library_reads_the_file_too() {
    let path = directory("weights_library").join("weights.safetensors");
    weights::save(&path, &example()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let bias = file.tensor("b").unwrap();
    assert_eq!((bias.dtype(), bias.shape()), (safetensors::Dtype::F64, &[2][..]));
    assert_eq!(bias.data(), [0.1_f64.to_le_bytes(), (-0.1_f64).to_le_bytes()].concat());
    assert_eq!(
        bias.data().as_ptr().addr().abs_diff(bytes.as_ptr().addr()) % 8,
        0,
        "f64 are aligned in the file"
    );
    assert_eq!(file.len(), 4);
}

#[test]
fn every_difference_from_the_network_is_reported() {
    let path = directory("weights_differ").join("weights.safetensors");
    weights::save(&path, &example()).unwrap();
    let tensor = |name: &str, dims: &[usize], precision| Expected {
        name: name.to_owned(),
        dims: dims.to_vec(),
        precision,
    };
    let right = [
        tensor("W.h1", &[2, 3], Precision::F32),
        tensor("b", &[2], Precision::F64),
        tensor("updates", &[], Precision::F32),
        tensor("empty", &[0, 4], Precision::F32),
    ];
    assert_eq!(weights::load_expected(&path, &right).unwrap(), example());
    let wrong = [
        tensor("W.h1", &[3, 2], Precision::F32),
        tensor("b", &[2], Precision::F32),
        tensor("updates", &[], Precision::F32),
        tensor("V", &[1], Precision::F32),
    ];
    let Err(WeightsError::Differ { differences, .. }) = weights::load_expected(&path, &wrong) else {
        panic!("the weights differ");
    };
    assert_eq!(
        differences,
        [
            Difference::Shape { name: "W.h1".to_owned(), expected: vec![3, 2], found: vec![2, 3] },
            Difference::Precision { name: "b".to_owned(), expected: Precision::F32, found: Precision::F64 },
            Difference::Missing { name: "V".to_owned() },
            Difference::Unexpected { name: "empty".to_owned() },
        ]
    );
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_nothing_is_left() {
    let directory = directory("weights_unwritable");
    let file = directory.join("file");
    fs::write(&file, "old").unwrap();
    for path in
        [file.join("below_a_file"), directory.join("missing/weights"), directory.clone(), PathBuf::from("/")]
    {
        assert!(
            matches!(weights::save(&path, &example()), Err(WeightsError::Write { .. })),
            "{}",
            path.display()
        );
    }
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    let beside = fs::read_dir(directory.parent().unwrap()).unwrap();
    assert!(beside.flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".partial")));
}

fn file_of(header: &str, body: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), body].concat()
}

#[test]
fn a_file_of_another_type_or_with_impossible_offsets_is_an_error() {
    let path = directory("weights_wrong").join("weights.safetensors");
    fs::write(&path, file_of(r#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, &[0; 8])).unwrap();
    assert!(matches!(weights::load(&path), Err(WeightsError::ElementType { name, .. }) if name == "a"));
    let huge = u64::MAX - 7;
    let half = huge / 2 + 1;
    let wrong = [
        format!(r#"{{"a":{{"dtype":"U8","shape":[{huge}],"data_offsets":[0,{huge}]}}}}"#),
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[{half}],"data_offsets":[0,{half}]}},"b":{{"dtype":"U8","shape":[{half}],"data_offsets":[{half},{huge}]}}}}"#
        ),
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#.to_owned(),
        r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#.to_owned(),
        r#"{"a":{"dtype":"F32","shape":[18446744073709551615,4],"data_offsets":[0,8]}}"#.to_owned(),
        "[".repeat(100_000),
        "{}".to_owned(),
    ];
    for header in wrong {
        fs::write(&path, file_of(&header, &[0; 8])).unwrap();
        assert!(matches!(weights::load(&path), Err(WeightsError::Malformed { .. })), "{header:.80}");
    }
    assert!(matches!(weights::load(&path.with_file_name("none")), Err(WeightsError::Read { .. })));
}

#[test]
fn no_truncation_of_a_file_is_read() {
    let path = directory("weights_truncated").join("weights.safetensors");
    weights::save(&path, &example()).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(matches!(weights::load(&path), Err(WeightsError::Malformed { .. })), "{length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..400_usize, byte: u8) {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weights_random");
        fs::write(&path, &bytes).unwrap();
        prop_assert!(weights::load(&path).is_err());
        weights::save(&path, &example()).unwrap();
        let mut damaged = fs::read(&path).unwrap();
        let at = at % damaged.len();
        damaged[at] = byte;
        fs::write(&path, &damaged).unwrap();
        // A changed number or name is still a file; only panics are excluded.
        let _ = weights::load(&path);
    }
}
