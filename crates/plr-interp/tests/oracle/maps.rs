//! Maps mean what their instructions mean one by one, forwards and in reverse.

use plr_ir::builder::Builder;
use plr_ir::program::{Local, Map, MapInput, MapInstruction};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Location, Op, Operation, Precision, Program, Type, Value};

use crate::finite_differences::assert_differentiable;
use crate::sample::{Sample, pull, run};

const DIMS: [usize; 2] = [4, 3];

fn builder() -> (Builder, [Value; 3]) {
    let mut b = Builder::new("map", Precision::F64);
    let matrix = b.input("matrix", Type::real(DIMS));
    let row = b.input("row", Type::real([3]));
    let scalar = b.input("scalar", Type::real([]));
    (b, [matrix, row, scalar])
}

/// `p = tanh(matrix)·row + 0.5`, `q = scalar` where `p < matrix` and not `p < scalar` or `row < scalar`, else `p²`.
fn separate() -> Program {
    let (mut b, [matrix, row, scalar]) = builder();
    let (row, scalar) = (b.broadcast(row, &[1], &DIMS), b.broadcast(scalar, &[], &DIMS));
    let squashed = b.unary(UnaryOp::Tanh, matrix);
    let product = b.binary(BinaryOp::Mul, squashed, row);
    let half = b.constant(0.5, &DIMS);
    let p = b.binary(BinaryOp::Add, product, half);
    let below = b.compare(CompareOp::Lt, p, matrix);
    let small = b.compare(CompareOp::Lt, p, scalar);
    let large = b.not(small);
    let both = b.and(below, large);
    let other = b.compare(CompareOp::Lt, row, scalar);
    let either = b.or(both, other);
    let square = b.binary(BinaryOp::Mul, p, p);
    let q = b.select(either, scalar, square);
    b.output("p", p);
    b.output("q", q);
    b.finish()
}

fn fused() -> Program {
    use MapInstruction as I;
    let (b, [matrix, row, scalar]) = builder();
    let mut program = b.finish();
    let body = vec![
        I::Input(0),
        I::Input(1),
        I::Input(2),
        I::Unary(UnaryOp::Tanh, Local(0)),
        I::Binary(BinaryOp::Mul, Local(3), Local(1)),
        I::Constant(0.5),
        I::Binary(BinaryOp::Add, Local(4), Local(5)),
        I::Compare(CompareOp::Lt, Local(6), Local(0)),
        I::Compare(CompareOp::Lt, Local(6), Local(2)),
        I::Not(Local(8)),
        I::And(Local(7), Local(9)),
        I::Compare(CompareOp::Lt, Local(1), Local(2)),
        I::Or(Local(10), Local(11)),
        I::Binary(BinaryOp::Mul, Local(6), Local(6)),
        I::Select(Local(12), Local(2), Local(13)),
    ];
    let input = |value, axes: &[usize]| MapInput { value, axes: axes.to_vec() };
    let inputs = vec![input(matrix, &[0, 1]), input(row, &[1]), input(scalar, &[])];
    let map = Map { inputs, body, results: vec![Local(6), Local(14)] };
    let results = vec![program.new_value(Type::real(DIMS)), program.new_value(Type::real(DIMS))];
    program.outputs = vec!["p".to_owned(), "q".to_owned()];
    program.body.results.clone_from(&results);
    program.body.operations =
        vec![Operation { results, op: Op::Map(Box::new(map)), location: Location::default() }];
    program
}

#[test]
fn a_map_is_its_instructions_one_by_one() {
    let (separate, fused) = (separate(), fused());
    for seed in 20..40 {
        let mut sample = Sample(seed);
        let (inputs, cotangents) = (sample.inputs(&fused, -1.0, 1.0), sample.cotangents(&fused));
        assert_eq!(run(&fused, &inputs), run(&separate, &inputs));
        assert_eq!(pull(&fused, &inputs, &cotangents), pull(&separate, &inputs, &cotangents));
        assert_differentiable(&fused, &inputs, 1e-8, "map");
    }
}
