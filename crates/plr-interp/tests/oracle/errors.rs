//! What a caller can get wrong is an error that names it.

use plr_interp::{Context, Error, evaluate, gradient, vjp};
use plr_ir::builder::Builder;
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor, Type};

use crate::sample::{f32s, f64s};

fn program() -> Program {
    let mut b = Builder::new("errors", Precision::F64);
    let x = b.input("x", Type::real([2, 3]));
    let y = b.input("y", Type::real([]));
    b.output("x", x);
    b.output("y", y);
    b.finish()
}

fn inputs() -> (Tensor, Tensor) {
    (Tensor::zeros([2, 3], Precision::F64), Tensor::zeros([], Precision::F64))
}

#[test]
fn inputs_that_do_not_fit_are_errors() {
    let program = program();
    let (x, y) = inputs();
    let found = |inputs: &[&Tensor]| evaluate(&program, inputs, Context::default()).unwrap_err();
    assert_eq!(found(&[&x]), Error::InputCount { expected: 2, found: 1 });
    assert_eq!(found(&[&x, &y, &y]), Error::InputCount { expected: 2, found: 3 });
    let single = f32s(&[], &[1.0]);
    let (expected, name) = (Precision::F64, "y".to_owned());
    assert_eq!(found(&[&x, &single]), Error::Precision { name, expected, found: Precision::F32 });
    let turned = f64s(&[3, 2], &[0.0; 6]);
    let (expected, name) = (vec![2, 3], "x".to_owned());
    assert_eq!(found(&[&turned, &y]), Error::Dimensions { name, expected, found: vec![3, 2] });
    let short = Tensor { dims: vec![2, 3], data: Data::F64(vec![0.0; 5]) };
    let error = found(&[&short, &y]);
    assert_eq!(error, Error::ElementCount { name: "x".to_owned(), expected: 6, found: 5 });
    assert_eq!(error.to_string(), "`x` is given with 5 elements, its dimensions need 6");
}

#[test]
fn seeds_and_positions_that_do_not_fit_are_errors() {
    let program = program();
    let (x, y) = inputs();
    let found = |seeds: &[(&str, Tensor)], wanted: &[usize]| {
        gradient(&program, &[&x, &y], Context::default(), seeds, wanted).unwrap_err()
    };
    assert_eq!(found(&[("z", y.clone())], &[0]), Error::NoSuchOutput { name: "z".to_owned() });
    assert_eq!(found(&[("y", y.clone())], &[0, 2]), Error::NoSuchInput { position: 2, count: 2 });
    let (expected, name) = (vec![2, 3], "x".to_owned());
    assert_eq!(found(&[("x", y.clone())], &[0]), Error::Dimensions { name, expected, found: vec![] });
    let (expected, name) = (Precision::F64, "y".to_owned());
    assert_eq!(
        found(&[("y", f32s(&[], &[1.0]))], &[0]),
        Error::Precision { name, expected, found: Precision::F32 }
    );
    let error = vjp(&program, &[&x, &y], Context::default(), std::slice::from_ref(&x)).unwrap_err();
    assert_eq!(error, Error::CotangentCount { expected: 2, found: 1 });
}
