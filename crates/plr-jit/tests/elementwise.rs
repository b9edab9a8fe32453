//! Every scalar operation, compiled, against the same operation on the host: bit for bit, on edge values and ordinary ones,
//! at every length of a vector loop's remainder, and with every way of repeating an input.

mod compiled;
mod naive;

use compiled::{assert_same, tensor, uniform};
use naive::{indices, position};
use plr_ir::builder::Builder;
use plr_ir::program::{Local, Map, MapInput, MapInstruction, Op, Operation};
use plr_ir::scalar::{self, BinaryOp, CompareOp, Real, UnaryOp};
use plr_ir::{Location, Precision, Program, Tensor, Type};
use plr_jit::Context;

/// The outputs of one program on some threads.
fn run(program: &Program, inputs: &[Tensor], threads: usize) -> Vec<Tensor> {
    compiled::run(program, inputs, threads, Context::default())
}

/// Edge values, and a few hundred others over many magnitudes.
fn numbers<T: Real>() -> Vec<T> {
    let edges = [
        0.0,
        1.0,
        0.5,
        2.0,
        3.0,
        88.0,
        89.0,
        104.0,
        709.0,
        746.0,
        1e-3,
        1e-30,
        1e30,
        1e-40,
        1e-320,
        f64::INFINITY,
    ];
    let limits = match T::PRECISION {
        Precision::F32 => {
            [f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX), f64::from(f32::from_bits(1)), 8192.0]
        }
        Precision::F64 => [f64::MIN_POSITIVE, f64::MAX, f64::from_bits(1), 1_048_576.0],
    };
    let mut all: Vec<f64> = edges.into_iter().chain(limits).flat_map(|x| [x, -x]).chain([f64::NAN]).collect();
    let magnitudes = [0.05, 0.5, 4.0, 30.0, 500.0].into_iter().cycle();
    all.extend(uniform::<f64>(1, 400).into_iter().zip(magnitudes).map(|(x, magnitude)| x * magnitude));
    all.into_iter().map(T::from_f64).collect()
}

/// All pairs of edge values, and some pairs of others.
fn pairs<T: Real>() -> (Vec<T>, Vec<T>) {
    let all = numbers::<T>();
    let (edges, others) = all.split_at(41);
    let every = edges.iter().flat_map(|&a| edges.iter().map(move |&b| (a, b)));
    every.chain(others.iter().copied().zip(others.iter().rev().copied())).unzip()
}

fn unary_operations<T: Real>() {
    let x = numbers::<T>();
    for &op in UnaryOp::ALL {
        let mut b = Builder::new("unary", T::PRECISION);
        let input = b.input("x", Type::real([x.len()]));
        let result = b.unary(op, input);
        b.output("y", result);
        let expected: Vec<T> = x.iter().map(|&x| scalar::unary(&mut T::Host::default(), op, x)).collect();
        let found = run(&b.finish(), &[tensor(&[x.len()], &x)], 1);
        assert_same(&format!("{op} {}", T::PRECISION), &found[0], &expected);
    }
}

fn binary_operations<T: Real>() {
    let (x, y) = pairs::<T>();
    let dims = [x.len()];
    for &op in BinaryOp::ALL {
        let mut b = Builder::new("binary", T::PRECISION);
        let (p, q) = (b.input("x", Type::real(dims)), b.input("y", Type::real(dims)));
        let result = b.binary(op, p, q);
        b.output("z", result);
        let host = |(&x, &y)| scalar::binary(&mut T::Host::default(), op, x, y);
        let expected: Vec<T> = x.iter().zip(&y).map(host).collect();
        let found = run(&b.finish(), &[tensor(&dims, &x), tensor(&dims, &y)], 1);
        assert_same(&format!("{op} {}", T::PRECISION), &found[0], &expected);
    }
}

/// Comparisons and logic through memory: `select(not (x op y or x op x) and y op y, x, y)`.
fn truth_values<T: Real>() {
    let (x, y) = pairs::<T>();
    let dims = [x.len()];
    for &op in CompareOp::ALL {
        let mut b = Builder::new("compare", T::PRECISION);
        let (p, q) = (b.input("x", Type::real(dims)), b.input("y", Type::real(dims)));
        let (first, second, third) = (b.compare(op, p, q), b.compare(op, p, p), b.compare(op, q, q));
        let either = b.or(first, second);
        let neither = b.not(either);
        let both = b.and(neither, third);
        let results = [first, both].map(|condition| b.select(condition, p, q));
        b.output("first", results[0]);
        b.output("both", results[1]);
        let host = |a: T, b: T| scalar::compare(&mut T::Host::default(), op, a, b);
        let expected = |f: &dyn Fn(T, T) -> bool| -> Vec<T> {
            x.iter().zip(&y).map(|(&x, &y)| if f(x, y) { x } else { y }).collect()
        };
        let found = run(&b.finish(), &[tensor(&dims, &x), tensor(&dims, &y)], 1);
        assert_same(&format!("{op} {}", T::PRECISION), &found[0], &expected(&host));
        let both = |x, y| !(host(x, y) || host(x, x)) && host(y, y);
        assert_same(&format!("{op} with logic {}", T::PRECISION), &found[1], &expected(&both));
    }
}

/// `tanh(x)·y − x`, by single operations and as one map that also gives `x < y`, at every length.
fn every_length<T: Real>() {
    let x = numbers::<T>();
    let mut host = T::Host::default();
    for n in (1..=67).chain([128, 300]) {
        let (p, q) = (&x[..n], &x[x.len() - n..]);
        let expected: Vec<T> = p
            .iter()
            .zip(q)
            .map(|(&p, &q)| {
                let t = scalar::unary(&mut host, UnaryOp::Tanh, p);
                let product = scalar::binary(&mut host, BinaryOp::Mul, t, q);
                scalar::binary(&mut host, BinaryOp::Sub, product, p)
            })
            .collect();
        for threads in [1, 3] {
            for program in [single_operations(T::PRECISION, n), one_map(T::PRECISION, n)] {
                let found = run(&program, &[tensor(&[n], p), tensor(&[n], q)], threads);
                assert_same(&format!("length {n}"), &found[0], &expected);
            }
        }
    }
}

fn single_operations(precision: Precision, n: usize) -> Program {
    let mut b = Builder::new("single", precision);
    let (x, y) = (b.input("x", Type::real([n])), b.input("y", Type::real([n])));
    let t = b.unary(UnaryOp::Tanh, x);
    let product = b.binary(BinaryOp::Mul, t, y);
    let result = b.binary(BinaryOp::Sub, product, x);
    b.output("z", result);
    b.finish()
}

fn one_map(precision: Precision, n: usize) -> Program {
    let mut b = Builder::new("map", precision);
    let (x, y) = (b.input("x", Type::real([n])), b.input("y", Type::real([n])));
    let mut program = b.finish();
    let result = program.new_value(Type::real([n]));
    let input = |value| MapInput { value, axes: vec![0] };
    let map = Map {
        inputs: vec![input(x), input(y)],
        body: vec![
            MapInstruction::Input(0),
            MapInstruction::Input(1),
            MapInstruction::Unary(UnaryOp::Tanh, Local(0)),
            MapInstruction::Binary(BinaryOp::Mul, Local(2), Local(1)),
            MapInstruction::Binary(BinaryOp::Sub, Local(3), Local(0)),
        ],
        results: vec![Local(4)],
    };
    let operation =
        Operation { results: vec![result], op: Op::Map(Box::new(map)), location: Location::default() };
    program.body.operations.push(operation);
    program.outputs.push("z".to_owned());
    program.body.results.push(result);
    program
}

/// `a + b·c` over a space of three axes, each input having any subset of them.
fn every_way_of_repeating<T: Real>() {
    let subsets: [&[usize]; 8] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];
    let x = numbers::<T>();
    for dims in [[3, 5, 7], [2, 1, 9], [1, 4, 6], [4, 3, 1], [1, 1, 1]] {
        for (case, a) in subsets.iter().enumerate() {
            for c in subsets {
                let axes = [*a, &[0, 1, 2], c];
                let mut b = Builder::new("repeated", T::PRECISION);
                let own = axes.map(|axes| axes.iter().map(|&axis| dims[axis]).collect::<Vec<usize>>());
                let inputs = own
                    .each_ref()
                    .map(|own| b.input(format!("input {}", own.len()), Type::real(own.clone())));
                let whole = [0, 1, 2].map(|i| b.broadcast(inputs[i], axes[i], &dims));
                let product = b.binary(BinaryOp::Mul, whole[1], whole[2]);
                let sum = b.binary(BinaryOp::Add, whole[0], product);
                b.output("y", sum);
                let mut program = b.finish();
                program.inputs = ["a", "b", "c"].map(str::to_owned).to_vec();
                let data = [0, 1, 2].map(|i| x[60 + case + i..][..own[i].iter().product()].to_vec());
                let at = |i: usize, index: &[usize]| {
                    data[i][position(&own[i], &axes[i].iter().map(|&axis| index[axis]).collect::<Vec<_>>())]
                };
                let expected: Vec<T> =
                    indices(&dims).iter().map(|i| at(0, i) + at(1, i) * at(2, i)).collect();
                let tensors = [0, 1, 2].map(|i| tensor(&own[i], &data[i]));
                assert_same(&format!("{axes:?} of {dims:?}"), &run(&program, &tensors, 1)[0], &expected);
            }
        }
    }
}

/// One test for each precision.
macro_rules! in_both_precisions {
    ($($case:ident: $single:ident, $double:ident;)*) => { $(
        #[test]
        fn $single() {
            $case::<f32>();
        }

        #[test]
        fn $double() {
            $case::<f64>();
        }
    )* };
}

in_both_precisions! {
    unary_operations: unary_operations_f32, unary_operations_f64;
    binary_operations: binary_operations_f32, binary_operations_f64;
    truth_values: truth_values_f32, truth_values_f64;
    every_length: every_length_f32, every_length_f64;
    every_way_of_repeating: every_way_of_repeating_f32, every_way_of_repeating_f64;
}
