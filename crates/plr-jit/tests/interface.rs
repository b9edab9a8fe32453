//! What callers see: refusals, texts, and executables that come and go.

mod compiled;

use compiled::{compile, outputs, tensor};
use plr_ir::builder::Builder;
use plr_ir::choices::Choices;
use plr_ir::program::{Law, ReduceKind};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor, Type};
use plr_jit::{Context, Error, Executable, Options};

/// `y = tanh(x) + 1` on three elements.
fn program() -> Program {
    let mut b = Builder::new("example", Precision::F32);
    let x = b.input("x", Type::real([3]));
    let (t, one) = (b.unary(UnaryOp::Tanh, x), b.constant(1.0, &[3]));
    let y = b.binary(BinaryOp::Add, t, one);
    b.output("y", y);
    b.finish()
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let program = program();
    let mut executable = compile(&program, 1);
    let good = tensor(&[3], &[0.0_f32; 3]);
    let mut out = outputs(&program);
    let mut refuse = |inputs: &[&Tensor], outputs: &mut [Tensor]| {
        executable.run(inputs, outputs, Context::default()).expect_err("the tensors do not fit")
    };
    assert_eq!(refuse(&[], &mut out), Error::Count { of: "inputs", expected: 1, found: 0 });
    assert_eq!(refuse(&[&good], &mut []), Error::Count { of: "outputs", expected: 1, found: 0 });
    let mismatch = |name: &str, dims: &[usize], precision| Error::Mismatch {
        name: name.to_owned(),
        expected: (vec![3], Precision::F32),
        found: (dims.to_vec(), precision),
    };
    let (long, double) = (tensor(&[4], &[0.0_f32; 4]), tensor(&[3], &[0.0_f64; 3]));
    assert_eq!(refuse(&[&long], &mut out), mismatch("x", &[4], Precision::F32));
    assert_eq!(refuse(&[&double], &mut out), mismatch("x", &[3], Precision::F64));
    assert_eq!(refuse(&[&good], &mut [double]), mismatch("y", &[3], Precision::F64));
    // Dimensions that promise more than there is.
    let hollow = Tensor { dims: vec![3], data: Data::F32(vec![0.0]) };
    assert_eq!(refuse(&[&hollow], &mut out), mismatch("x", &[3], Precision::F32));
}

#[test]
fn a_malformed_program_is_refused_as_a_bug() {
    let mut program = program();
    program.body.operations.clear();
    let error = Executable::compile(&program, &Options::default()).expect_err("the output is not defined");
    assert!(error.to_string().starts_with("this is a bug in plrc: program example is malformed"), "{error}");
}

#[test]
fn a_program_that_needs_more_memory_than_there_is_is_refused() {
    let n = 1 << 56;
    let mut b = Builder::new("too large", Precision::F32);
    let draws = b.random(Law::Normal, 0, None, &[n]);
    let sum = b.reduce(ReduceKind::Sum, draws, &[0]);
    b.output("sum", sum);
    let error = Executable::compile(&b.finish(), &Options::default()).expect_err("nobody has that much");
    assert_eq!(error, Error::Memory { bytes: 4 * n });
}

#[test]
fn a_program_that_needs_more_memory_than_it_may_have_is_refused() {
    let mut b = Builder::new("two steps", Precision::F32);
    let x = b.input("x", Type::real([16, 16]));
    let square = b.contract("ij,jk->ik", x, x);
    let fourth = b.contract("ij,jk->ik", square, square);
    b.output("fourth", fourth);
    let program = b.finish();
    let with = |memory| Executable::compile(&program, &Options { memory, ..Options::default() }).map(drop);
    assert_eq!(with(1024), Ok(()));
    assert_eq!(with(1023), Err(Error::Memory { bytes: 1024 }));
}

#[test]
fn texts_are_kept_on_request() {
    let narrow = Choices { wide: false, ..Choices::default() };
    let with = |choices| {
        let options =
            Options { threads: 1, verify_clif: true, keep_text: true, choices, ..Options::default() };
        Executable::compile(&program(), &options).expect("it compiles")
    };
    for choices in [Choices::default(), narrow] {
        let executable = with(choices);
        assert_eq!(executable.kernels().len(), executable.plan().kernels());
        assert!(!executable.clif().is_empty() && !executable.asm().is_empty());
    }
    let executable = with(narrow);
    assert!(executable.clif().contains("function u0:0"), "{}", executable.clif());
    let plan = executable.plan().to_string();
    assert!(
        plan.starts_with("plan example f32: ") && plan.contains("2 steps") && plan.contains("of output y"),
        "{plan}"
    );
    assert!(compile(&program(), 1).kernels().is_empty());
}

/// One kernel serves all layers: neither sizes nor buffers are in its code.
#[test]
fn equal_kernels_are_compiled_once() {
    let mut b = Builder::new("layers", Precision::F32);
    for (i, n) in [5, 100, 784].into_iter().enumerate() {
        let (x, bias) =
            (b.input(format!("x{i}"), Type::real([4, n])), b.input(format!("b{i}"), Type::real([n])));
        let bias = b.broadcast(bias, &[1], &[4, n]);
        let sum = b.binary(BinaryOp::Add, x, bias);
        b.output(format!("y{i}"), sum);
    }
    assert_eq!(compile(&b.finish(), 1).plan().kernels(), 1);
}

#[test]
fn inputs_are_not_written() {
    let mut b = Builder::new("inputs", Precision::F32);
    let x = b.input("x", Type::real([9]));
    let twice = b.binary(BinaryOp::Add, x, x);
    b.output("x", x);
    b.output("y", twice);
    let program = b.finish();
    let x = tensor(&[9], &[1.5_f32; 9]);
    let mut out = outputs(&program);
    compile(&program, 1).run(&[&x], &mut out, Context::default()).expect("the tensors fit");
    assert_eq!(x, tensor(&[9], &[1.5_f32; 9]));
    assert_eq!(out, [x, tensor(&[9], &[3.0_f32; 9])]);
}

/// More code in turn than there are address spaces for if one were never given back: 2 TiB of reservations.
#[test]
fn executables_come_and_go() {
    let program = program();
    let x = tensor(&[3], &[0.0_f32; 3]);
    for threads in (1..4).cycle().take(300) {
        let mut executable = compile(&program, threads);
        let mut out = outputs(&program);
        executable.run(&[&x], &mut out, Context::default()).expect("the tensors fit");
        assert_eq!(out[0].to_f64(), [1.0; 3]);
    }
}

#[test]
fn executables_run_on_several_threads_at_once() {
    let program = program();
    let x = tensor(&[3], &[0.0_f32; 3]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut executable = compile(&program, 2);
            let (program, x) = (&program, &x);
            scope.spawn(move || {
                for _ in 0..100 {
                    let mut out = outputs(program);
                    executable.run(&[x], &mut out, Context::default()).expect("the tensors fit");
                    assert_eq!(out[0].to_f64(), [1.0; 3]);
                }
            });
        }
    });
}
