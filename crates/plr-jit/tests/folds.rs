//! Contractions against sums in double precision, within the bound that the IR states; reductions against plain loops,
//! bit for bit.

mod compiled;
mod naive;

use compiled::{assert_same, run, tensor, uniform};
use plr_ir::builder::Builder;
use plr_ir::program::{Contraction, ReduceKind};
use plr_ir::scalar::{self, BinaryOp, Real};
use plr_ir::{Precision, Tensor, Type};
use plr_jit::Context;

/// The extent of each label.
fn dims(labels: &[u8], extents: &[(u8, usize)]) -> Vec<usize> {
    labels
        .iter()
        .map(|l| extents.iter().find(|(label, _)| label == l).expect("an extent for each label").1)
        .collect()
}

/// The factors of one contraction and its result, the same on several numbers of threads.
fn contraction_on_threads<T: Real>(text: &str, extents: &[(u8, usize)]) -> (Vec<T>, Vec<T>, Tensor) {
    let spec = Contraction::parse(text).expect("well-formed");
    let [lhs, rhs] = [&spec.lhs, &spec.rhs].map(|labels| dims(labels, extents));
    let mut b = Builder::new("contraction", T::PRECISION);
    let (p, q) = (b.input("a", Type::real(lhs.clone())), b.input("b", Type::real(rhs.clone())));
    let result = b.contract(text, p, q);
    b.output("c", result);
    let program = b.finish();
    let (x, y) = (uniform::<T>(1, lhs.iter().product()), uniform::<T>(2, rhs.iter().product()));
    let inputs = [tensor(&lhs, &x), tensor(&rhs, &y)];
    let all = [1, 2, 3, 7].map(|threads| run(&program, &inputs, threads, Context::default()));
    assert!(all.iter().all(|found| compiled::same(found, &all[0])), "{text}: threads change the result");
    let [[result], ..] = all.map(|found| <[Tensor; 1]>::try_from(found).expect("one output"));
    (x, y, result)
}

/// One contraction against sums in double precision.
fn contraction<T: Real>(text: &str, extents: &[(u8, usize)]) {
    let (x, y, result) = contraction_on_threads::<T>(text, extents);
    let spec = Contraction::parse(text).expect("well-formed");
    let [lhs, rhs, out] = [&spec.lhs, &spec.rhs, &spec.out].map(|labels| dims(labels, extents));
    let mut summed: Vec<u8> =
        spec.lhs.iter().chain(&spec.rhs).filter(|l| !spec.out.contains(l)).copied().collect();
    summed.sort_unstable();
    summed.dedup();
    let terms = dims(&summed, extents).iter().product::<usize>() as f64;
    let epsilon = match T::PRECISION {
        Precision::F32 => f64::from(f32::EPSILON),
        Precision::F64 => f64::EPSILON,
    };
    let expected = naive::contract(&spec, (&x, &lhs), (&y, &rhs), &out);
    for (i, (found, (sum, magnitude))) in result.to_f64().into_iter().zip(expected).enumerate() {
        // In f64 the sum it is compared with is itself rounded, with the same bound.
        let bound = 2.0 * terms * epsilon * magnitude;
        assert!(
            (found - sum).abs() <= bound,
            "{text} {extents:?}: element {i} is {found:e}, not {sum:e} ± {bound:e}"
        );
    }
}

/// Every pattern that rules lower to, and ones nobody would write.
const PATTERNS: [&str; 22] = [
    "bj,ij->bi",
    "bj,ji->bi",
    "bi,ij->bj",
    "bi,bj->ij",
    "bi,bj->ji",
    "ij,j->i",
    "ij,i->j",
    "j,ij->i",
    "i,i->",
    "i,j->ij",
    "i,j->ji",
    "bi,bi->b",
    "bi,bi->bi",
    "bi,b->bi",
    "bij,bj->bi",
    "bij,bi->bj",
    "bi,bj->bij",
    "bi,bij->j",
    "bij,bkj->bik",
    "bij,bij->",
    "bi,j->b",
    "kb,ik->ib",
];

fn patterns<T: Real>() {
    let small = [(b'b', 3), (b'i', 5), (b'j', 7), (b'k', 6)];
    let lanes = [(b'b', 4), (b'i', 17), (b'j', 33), (b'k', 9)];
    let larger = [(b'b', 9), (b'i', 21), (b'j', 70), (b'k', 11)];
    let ones = [(b'b', 1), (b'i', 9), (b'j', 1), (b'k', 1)];
    let online = [(b'b', 1), (b'i', 70), (b'j', 90), (b'k', 2)];
    for text in PATTERNS {
        for extents in [small, lanes, larger, ones, online] {
            contraction::<T>(text, &extents);
        }
    }
}

#[test]
fn contractions_f32() {
    patterns::<f32>();
}

#[test]
fn contractions_f64() {
    patterns::<f64>();
}

/// Large enough to be cut into blocks. Sums of small integers are exact, whatever the order.
#[test]
fn large_integer_products_are_exact() {
    let (m, n, k) = (64, 300, 517);
    let integers = |seed, count| {
        uniform::<f32>(seed, count).into_iter().map(|x| (8.0 * x).round()).collect::<Vec<f32>>()
    };
    let (x, y) = (integers(3, m * k), integers(4, n * k));
    // Distances from row to row and from term to term in each factor.
    for (spec, [lhs, rhs], [a, b]) in [
        ("bj,ij->bi", [[m, k], [n, k]], [[k, 1], [k, 1]]),
        ("bj,ji->bi", [[m, k], [k, n]], [[k, 1], [1, n]]),
        ("jb,ji->bi", [[k, m], [k, n]], [[1, m], [1, n]]),
    ] {
        let mut builder = Builder::new("exact", Precision::F32);
        let (p, q) = (builder.input("a", Type::real(lhs)), builder.input("b", Type::real(rhs)));
        let result = builder.contract(spec, p, q);
        builder.output("c", result);
        let program = builder.finish();
        let sum = |i, j| (0..k).map(|term| x[i * a[0] + term * a[1]] * y[j * b[0] + term * b[1]]).sum();
        let expected: Vec<f32> = (0..m * n).map(|at| sum(at / n, at % n)).collect();
        for threads in [1, 2, 3, 7] {
            let found = run(&program, &[tensor(&lhs, &x), tensor(&rhs, &y)], threads, Context::default());
            assert_same(spec, &found[0], &expected);
        }
    }
}

/// Rounded sums of a product that is cut into blocks are the same on any number of threads.
#[test]
fn threads_do_not_change_large_products() {
    contraction_on_threads::<f32>("bj,ij->bi", &[(b'b', 64), (b'i', 300), (b'j', 517)]);
    contraction_on_threads::<f64>("bi,bj->ij", &[(b'b', 64), (b'i', 300), (b'j', 517)]);
}

/// The fold that the IR describes: in row-major order of the folded axes, from the first element.
fn fold<T: Real>(kind: ReduceKind, x: &[T], dims: &[usize], axes: &[usize]) -> Vec<T> {
    let kept: Vec<usize> = (0..dims.len()).filter(|axis| !axes.contains(axis)).collect();
    let pick = |from: &[usize], which: &[usize]| which.iter().map(|&axis| from[axis]).collect::<Vec<_>>();
    let kept_dims = pick(dims, &kept);
    let results = naive::indices(&kept_dims).into_iter().map(|of| {
        let terms = naive::indices(dims).into_iter().filter(|index| pick(index, &kept) == of);
        let mut terms = terms.map(|index| x[naive::position(dims, &index)]);
        let first = terms.next().expect("no axis is empty");
        terms.fold(first, |a, b| match kind {
            ReduceKind::Sum => a + b,
            ReduceKind::Max => scalar::binary(&mut T::Host::default(), BinaryOp::Max, a, b),
            ReduceKind::Min => scalar::binary(&mut T::Host::default(), BinaryOp::Min, a, b),
        })
    });
    results.collect()
}

fn reductions<T: Real>() {
    let shapes: [&[usize]; 7] = [&[1], &[19], &[5, 7], &[20, 37], &[3, 18], &[3, 5, 6], &[2, 1, 9]];
    for dims in shapes {
        let count = dims.iter().product();
        let mut x = uniform::<T>(5, count);
        for (i, special) in [0.0, -0.0, f64::INFINITY, f64::NAN].into_iter().enumerate() {
            // Every reduction meets some of them, none only them.
            x[(7 * i + 3) % count] = T::from_f64(special);
        }
        for (kind, mask) in [ReduceKind::Sum, ReduceKind::Max, ReduceKind::Min]
            .into_iter()
            .flat_map(|kind| (1..8).map(move |m| (kind, m)))
        {
            let axes: Vec<usize> = (0..dims.len()).filter(|axis| mask >> axis & 1 == 1).collect();
            if axes.is_empty() || mask >> dims.len() != 0 {
                continue;
            }
            for x in [x.clone(), uniform(6, count), vec![T::from_f64(-0.0); count]] {
                let mut b = Builder::new("reduction", T::PRECISION);
                let input = b.input("x", Type::real(dims));
                let result = b.reduce(kind, input, &axes);
                b.output("y", result);
                let found: Vec<Tensor> = run(&b.finish(), &[tensor(dims, &x)], 3, Context::default());
                assert_same(
                    &format!("{kind} of {dims:?} along {axes:?}"),
                    &found[0],
                    &fold(kind, &x, dims, &axes),
                );
            }
        }
    }
}

#[test]
fn reductions_f32() {
    reductions::<f32>();
}

#[test]
fn reductions_f64() {
    reductions::<f64>();
}
