//! Minibatches, splits and gathering.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use std::collections::BTreeSet;

use plr_run::data::{Batches, Cells, ContentFault, DataError, Dataset, Epoch, Splits, Table, Targets};

fn numbered(samples: usize) -> Dataset {
    let cells = Cells::F32((0..samples).map(|i| i as f32).collect());
    let labels = (0..samples).map(|i| (i % 3) as u32).collect();
    Dataset::new("numbered", Table::new(1, cells).unwrap(), Targets::labels(labels)).unwrap()
}

#[test]
fn an_epoch_takes_every_sample_once_and_keeps_the_smaller_last_batch() {
    let batches = Batches::new(103, 20, 7).unwrap();
    let epoch = batches.epoch(4);
    let sizes: Vec<usize> = epoch.batches().map(<[usize]>::len).collect();
    assert_eq!(sizes, [20, 20, 20, 20, 20, 3]);
    assert_eq!(batches.per_epoch(), sizes.len());
    let seen: BTreeSet<usize> = epoch.batches().flatten().copied().collect();
    assert_eq!(seen, (0..103).collect());
}

#[test]
fn the_order_depends_on_seed_and_epoch_only() {
    let order = |seed, batch, epoch| Batches::new(50, batch, seed).unwrap().epoch(epoch).order().to_vec();
    assert_eq!(order(1, 10, 3), order(1, 7, 3), "the size of a minibatch does not change the order");
    assert_ne!(order(1, 10, 3), order(1, 10, 4));
    assert_ne!(order(1, 10, 3), order(2, 10, 3));
}

#[test]
fn all_permutations_of_three_are_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    let batches = Batches::new(3, 3, 11).unwrap();
    for epoch in 0..6000 {
        *counts.entry(batches.epoch(epoch).order().to_vec()).or_insert(0_i32) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Binomial with p = 1/6: standard deviation 28.9; five of them.
    assert!(counts.values().all(|&count| (count - 1000).abs() < 145), "{counts:?}");
}

#[test]
fn a_batch_must_have_samples_and_not_more_than_there_are() {
    assert!(matches!(Batches::new(10, 0, 0), Err(DataError::Batch { batch: 0, samples: 10 })));
    let error = Batches::new(10, 11, 0).unwrap_err();
    assert_eq!(error.to_string(), "a minibatch of 11 samples is larger than the training set of 10");
    assert_eq!(Batches::new(10, 10, 0).unwrap().per_epoch(), 1);
    assert_eq!(Epoch::in_order(5, 2).batches().collect::<Vec<_>>(), [&[0, 1][..], &[2, 3], &[4]]);
}

#[test]
fn gathering_makes_labels_one_hot_and_pixels_fractions() {
    let inputs = Table::new(2, Cells::Pixels(vec![0, 255, 51, 102, 1, 2])).unwrap();
    let data = Dataset::new("pixels", inputs, Targets::Labels { labels: vec![2, 0, 1], classes: 4 }).unwrap();
    let (mut x, mut y) = (vec![9.0_f64; 4], vec![9.0_f64; 8]);
    data.gather(&[1, 0], &mut x, &mut y);
    assert_eq!(x, [0.2, 0.4, 0.0, 1.0]);
    assert_eq!(y, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let (mut x, mut y) = (vec![9.0_f32; 2], vec![9.0_f32; 4]);
    data.gather(&[2], &mut x, &mut y);
    assert_eq!(x, [1.0 / 255.0, 2.0 / 255.0]);
    assert_eq!(y, [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn every_grey_level_is_rounded_correctly_in_both_precisions() {
    let inputs = Table::new(256, Cells::Pixels((0..=255).collect())).unwrap();
    let data = Dataset::new("levels", inputs, Targets::None).unwrap();
    let (mut single, mut double) = (vec![0.0_f32; 256], vec![0.0_f64; 256]);
    data.gather(&[0], &mut single, &mut []);
    data.gather(&[0], &mut double, &mut []);
    for level in 0..256 {
        assert_eq!(single[level], level as f32 / 255.0);
        assert_eq!(double[level], level as f64 / 255.0);
    }
}

#[test]
fn validation_samples_are_taken_from_the_training_set_and_do_not_depend_on_it() {
    let splits = Splits::new(numbered(100), Some(numbered(9)), 30).unwrap();
    let values = |data: &Dataset| -> Vec<usize> {
        (0..data.samples()).map(|i| data.inputs().cells().get::<f64>(i) as usize).collect()
    };
    let (train, validation) = (values(&splits.train), values(splits.validation.as_ref().unwrap()));
    assert_eq!((train.len(), validation.len(), splits.test_samples()), (70, 30, 9));
    let both: BTreeSet<usize> = train.iter().chain(&validation).copied().collect();
    assert_eq!(both, (0..100).collect());
    assert!(train.is_sorted(), "training samples keep their order");
    assert!(
        validation.iter().any(|&i| i < 50) && validation.iter().any(|&i| i >= 50),
        "drawn from everywhere"
    );
    let Targets::Labels { labels, .. } = splits.train.targets() else { unreachable!("labels stay labels") };
    assert!(
        train.iter().zip(labels).all(|(i, &label)| i % 3 == label as usize),
        "labels stay with their samples"
    );
    assert_eq!(splits.into_test().unwrap(), numbered(9));
}

#[test]
fn splits_that_do_not_work_are_errors() {
    let error = Splits::new(numbered(10), None, 10).unwrap_err();
    assert!(matches!(error, DataError::ValidationTooLarge { validation: 10, samples: 10 }));
    let wide = Table::new(2, Cells::F32(vec![0.0; 4])).unwrap();
    let wide = Dataset::new("wide", wide, Targets::labels(vec![0, 2])).unwrap();
    let error = Splits::new(numbered(10), Some(wide), 0).unwrap_err();
    assert!(matches!(error, DataError::SetDiffers { set: "test", train: (1, 3), other: (2, 3) }));
}

fn fault(inputs: Table, targets: Targets) -> ContentFault {
    match Dataset::new("a test", inputs, targets) {
        Err(DataError::Contents { origin, fault }) => {
            assert_eq!(origin, "a test");
            fault
        }
        other => panic!("expected a fault, got {other:?}"),
    }
}

#[test]
fn contents_are_checked() {
    let two = || Table::new(2, Cells::F32(vec![0.0; 4])).unwrap();
    assert_eq!(fault(Table::new(3, Cells::F64(vec![])).unwrap(), Targets::None), ContentFault::Empty);
    assert_eq!(
        fault(two(), Targets::labels(vec![0, 1, 2])),
        ContentFault::CountsDiffer { inputs: 2, targets: 3 }
    );
    assert_eq!(
        fault(two(), Targets::Labels { labels: vec![0, 3], classes: 3 }),
        ContentFault::LabelOutOfRange { sample: 1, label: 3, classes: 3 }
    );
    let infinite = Table::new(2, Cells::F64(vec![0.0, 0.0, 0.0, f64::INFINITY])).unwrap();
    assert_eq!(
        fault(infinite.clone(), Targets::None),
        ContentFault::InputNotFinite { sample: 1, feature: 1, value: f64::INFINITY }
    );
    assert_eq!(
        fault(two(), Targets::Values(infinite)),
        ContentFault::TargetNotFinite { sample: 1, output: 1, value: f64::INFINITY }
    );
    let huge = Table::new(1, Cells::F64(vec![1e300])).unwrap();
    assert!(matches!(fault(huge, Targets::None), ContentFault::InputNotFinite { value: 1e300, .. }));
    let nan = Table::new(2, Cells::F32(vec![0.0, f32::NAN])).unwrap();
    assert!(matches!(fault(nan, Targets::None), ContentFault::InputNotFinite { sample: 0, feature: 1, .. }));
    assert!(Table::new(3, Cells::F32(vec![0.0; 4])).is_none());
}
