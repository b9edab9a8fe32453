//! Contractions against an enumeration of their index space.

use std::collections::BTreeMap;

use plr_ir::builder::Builder;
use plr_ir::program::Contraction;
use plr_ir::{Precision, Tensor, Type};

use crate::sample::{Sample, assert_close, f64s, run};

/// Patterns of every kind: matrix products under permutations, several rows, columns and inner labels, inner and outer
/// products, labels kept by both, labels summed in one factor alone.
pub const PATTERNS: &[&str] = &[
    "bj,ij->bi",
    "bi,ij->bj",
    "bi,bj->ij",
    "bi,bj->ji",
    "ij,jk->ik",
    "ij,jk->ki",
    "ji,kj->ik",
    "i,i->",
    "bi,bi->",
    "bi,ib->",
    "i,j->ij",
    "i,j->ji",
    ",i->i",
    "i,->i",
    ",->",
    "ij,j->i",
    "i,ij->j",
    "abij,ijc->abc",
    "abij,jic->cba",
    "bi,bi->b",
    "bi,bj->bij",
    "bi,bij->bj",
    "bij,bjk->bik",
    "bij,bjk->kbi",
    "i,i->i",
    "ij,ij->ij",
    "ij,ji->ij",
    "ij,k->ik",
    "ij,k->",
    "ij,jk->i",
    "ijk,j->",
    "b,bij->ij",
];

/// Extents that differ, so that a confusion of axes shows.
pub fn extent(label: u8) -> usize {
    match label {
        b'a' => 2,
        b'b' => 5,
        b'c' => 3,
        b'i' => 4,
        b'j' => 3,
        _ => 6,
    }
}

pub fn dims(labels: &[u8]) -> Vec<usize> {
    labels.iter().map(|&label| extent(label)).collect()
}

/// The row-major position of the element at the labels' indices.
fn offset(labels: &[u8], at: &BTreeMap<u8, usize>) -> usize {
    labels.iter().fold(0, |offset, label| offset * extent(*label) + at[label])
}

/// Runs through the whole index space and adds each product to the element of the result that it belongs to. The
/// second sum is of the magnitudes.
fn enumerate(spec: &Contraction, lhs: &[f64], rhs: &[f64]) -> (Vec<f64>, Vec<f64>, usize) {
    let labels: std::collections::BTreeSet<u8> = spec.lhs.iter().chain(&spec.rhs).copied().collect();
    let points: usize = labels.iter().map(|&label| extent(label)).product();
    let count: usize = dims(&spec.out).iter().product();
    let (mut sums, mut magnitudes) = (vec![0.0; count], vec![0.0; count]);
    for point in 0..points {
        let mut rest = point;
        let mut at = BTreeMap::new();
        for &label in &labels {
            at.insert(label, rest % extent(label));
            rest /= extent(label);
        }
        let product = lhs[offset(&spec.lhs, &at)] * rhs[offset(&spec.rhs, &at)];
        sums[offset(&spec.out, &at)] += product;
        magnitudes[offset(&spec.out, &at)] += product.abs();
    }
    (sums, magnitudes, points / count)
}

#[test]
fn every_pattern_of_labels_is_within_the_stated_bound_of_its_enumeration() {
    let mut sample = Sample(1);
    for text in PATTERNS {
        let spec = Contraction::parse(text).unwrap();
        for precision in Precision::ALL {
            let inputs =
                [&spec.lhs, &spec.rhs].map(|labels| sample.tensor(&dims(labels), -1.0, 1.0).cast(precision));
            let mut b = Builder::new("contract", precision);
            let lhs = b.input("lhs", Type::real(dims(&spec.lhs)));
            let rhs = b.input("rhs", Type::real(dims(&spec.rhs)));
            let out = b.contract(text, lhs, rhs);
            b.output("out", out);
            let found = run(&b.finish(), &inputs).remove(0);
            assert_eq!(found.dims, dims(&spec.out), "{text}");
            let (sums, magnitudes, terms) = enumerate(&spec, &inputs[0].to_f64(), &inputs[1].to_f64());
            let epsilon = precision.choose(f64::from(f32::EPSILON), 4.0 * f64::EPSILON);
            for ((found, sum), magnitude) in found.to_f64().iter().zip(sums).zip(magnitudes) {
                assert!(
                    (found - sum).abs() <= terms as f64 * epsilon * magnitude,
                    "{text}: {found} instead of {sum}"
                );
            }
        }
    }
}

#[test]
fn a_layer_of_a_network_is_a_loop_over_batch_units_and_inputs() {
    let (batch, units, features) = (3, 2, 4);
    let mut sample = Sample(2);
    let (x, w) = (sample.tensor(&[batch, features], -1.0, 1.0), sample.tensor(&[units, features], -1.0, 1.0));
    let mut expected = vec![0.0; batch * units];
    let (xs, ws) = (x.to_f64(), w.to_f64());
    for b in 0..batch {
        for i in 0..units {
            for j in 0..features {
                expected[b * units + i] += ws[i * features + j] * xs[b * features + j];
            }
        }
    }
    let mut b = Builder::new("layer", Precision::F64);
    let x_value = b.input("x", Type::real([batch, features]));
    let w_value = b.input("w", Type::real([units, features]));
    let drive = b.contract("bj,ij->bi", x_value, w_value);
    b.output("drive", drive);
    assert_close(&run(&b.finish(), &[x, w])[0].to_f64(), &expected, 1e-15);
}

#[test]
fn large_products_of_small_whole_numbers_are_exact() {
    let (rows, inner, columns) = (64, 130, 70);
    let whole = |i: usize, j: usize, k: usize| ((i * 7 + j * k) % 5) as f64 - 2.0;
    let numbers =
        |n: usize, m: usize, k: usize| -> Vec<f64> { (0..n * m).map(|p| whole(p / m, p % m, k)).collect() };
    let (lhs, rhs) = (numbers(rows, inner, 3), numbers(inner, columns, 2));
    for precision in Precision::ALL {
        let mut b = Builder::new("product", precision);
        let l = b.input("l", Type::real([rows, inner]));
        let r = b.input("r", Type::real([inner, columns]));
        let out = b.contract("ij,jk->ki", l, r);
        b.output("out", out);
        let inputs =
            [f64s(&[rows, inner], &lhs).cast(precision), f64s(&[inner, columns], &rhs).cast(precision)];
        let found: Tensor = run(&b.finish(), &inputs).remove(0);
        let sum =
            |i: usize, k: usize| (0..inner).map(|j| lhs[i * inner + j] * rhs[j * columns + k]).sum::<f64>();
        let expected: Vec<f64> = (0..columns * rows).map(|p| sum(p % rows, p / rows)).collect();
        assert_eq!(found.to_f64(), expected);
    }
}
