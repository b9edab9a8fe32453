//! Ranks against counting, bit for bit, whatever the shape and the number of threads.

mod compiled;
mod naive;

use compiled::{assert_same, run, tensor, uniform};
use plr_ir::builder::Builder;
use plr_ir::scalar::{BinaryOp, Real};
use plr_ir::{Tensor, Type};
use plr_jit::Context;

/// Numbers of which many are equal, among them zeros of both signs, infinities and NaN.
fn coarse<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let special = [0.0, -0.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY, -f64::NAN];
    let number = |(i, x): (usize, T)| match i % 3 {
        0 => T::from_f64(special[i / 3 % 6]),
        _ => T::from_f64((4.0 * x.to_f64()).round()),
    };
    uniform::<T>(seed, count).into_iter().enumerate().map(number).collect()
}

fn ranks<T: Real>() {
    let shapes: [&[usize]; 8] =
        [&[1], &[19], &[5, 1], &[1, 700], &[33, 40], &[3, 5, 6], &[300, 7], &[5, 3000]];
    for dims in shapes {
        let count = dims.iter().product();
        for x in [uniform::<T>(5, count), coarse(6, count), vec![T::from_f64(f64::NAN); count]] {
            let mut b = Builder::new("ranks", T::PRECISION);
            let input = b.input("x", Type::real(dims));
            let result = b.rank(input);
            b.output("y", result);
            let program = b.finish();
            let expected = naive::ranks(&x, dims[dims.len() - 1]);
            for threads in [1, 2, 3, 7] {
                let found: Vec<Tensor> = run(&program, &[tensor(dims, &x)], threads, Context::default());
                assert_same(&format!("ranks of {dims:?} on {threads} threads"), &found[0], &expected);
            }
        }
    }
}

#[test]
fn ranks_f32() {
    ranks::<f32>();
}

#[test]
fn ranks_f64() {
    ranks::<f64>();
}

/// Of what is nowhere in memory, of a value that is used again, and of itself in a loop.
#[test]
fn ranks_of_constants_of_repeated_rows_and_in_loops() {
    let mut b = Builder::new("ranks", <f32 as Real>::PRECISION);
    let x = b.input("x", Type::real([3]));
    let constant = b.constant(2.0, &[2, 3]);
    let of_constant = b.rank(constant);
    let rows = b.broadcast(x, &[1], &[2, 3]);
    let of_rows = b.rank(rows);
    let columns = b.broadcast(x, &[0], &[3, 2]);
    let of_columns = b.rank(columns);
    let looped = b.repeat(3, &[x], |b, _, carried| {
        let rank = b.rank(carried[0]);
        let twice = b.rank(rank);
        vec![b.binary(BinaryOp::Add, rank, twice)]
    });
    for (name, value) in [("c", of_constant), ("r", of_rows), ("k", of_columns), ("l", looped[0])] {
        b.output(name, value);
    }
    let found = run(&b.finish(), &[tensor(&[3], &[5.0_f32, 9.0, 7.0])], 2, Context::default());
    let found: Vec<Vec<f64>> = found.iter().map(Tensor::to_f64).collect();
    assert_eq!(found[0], [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    assert_eq!(found[1], [2.0, 0.0, 1.0, 2.0, 0.0, 1.0]);
    assert_eq!(found[2], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    // 5 9 7: ranks 2 0 1, of which the ranks are 0 2 1; in sum 2 2 2. Then 0 1 2 and 2 1 0, in sum 2 2 2 again.
    assert_eq!(found[3], [2.0, 2.0, 2.0]);
}

/// Ranks that are only compared with numbers: `compared` says how, of ranks `$0`.
fn compared<T: Real>(extent: usize, (compared, matter): (&str, Option<usize>)) {
    let text = format!(
        r#"program "compared" {} (
  %0 "x": real[7,{extent}],
) {{
  %1: real[7,{extent}] = rank %0
  %2: real[7,{extent}] = map (%1 axes(0,1), %0 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = constant 5.0
    $3 = constant 2.5
    $4 = constant -1.0
    $5 = constant 0.0
{compared}    $8 = select $7, $1, $5
    yield $8
  }}
  output "y" = %2
}}
"#,
        T::PRECISION
    );
    let program = plr_ir::text::parse(&text).expect("the text is a program");
    for x in [uniform::<T>(5, 7 * extent), coarse(6, 7 * extent)] {
        let expected = naive::run(&program, std::slice::from_ref(&x), naive::Draws { seed: 0, update: 0 });
        let found = run(&program, &[tensor(&[7, extent], &x)], 2, Context::default());
        assert_same(&format!("{extent} elements: {compared}"), &found[0], &expected[0]);
    }
    let plan = compiled::compile(&program, 1).plan().to_string();
    let said = matter.map_or("matter".to_owned(), |count| format!("of which {count} matter"));
    assert_eq!(plan.contains(&said), matter.is_some(), "{plan}");
}

#[test]
fn ranks_that_are_compared_with_numbers() {
    let comparisons = [
        ("    $6 = lt $0, $2\n    $7 = not $6\n", Some(6)),
        ("    $6 = le $3, $0\n    $7 = not $6\n", Some(3)),
        ("    $6 = eq $0, $2\n    $7 = not $6\n", Some(6)),
        ("    $6 = lt $0, $4\n    $7 = not $6\n", Some(0)),
        ("    $6 = le $0, $5\n    $7 = not $6\n", Some(1)),
        ("    $6 = lt $0, $3\n    $7 = eq $0, $2\n", Some(6)),
        ("    $6 = lt $0, $1\n    $7 = not $6\n", None),
        ("    $6 = add $0, $2\n    $7 = lt $6, $2\n", None),
    ];
    for extent in [1, 5, 6, 7, 300] {
        for comparison in comparisons {
            compared::<f32>(extent, comparison);
            compared::<f64>(extent, comparison);
        }
    }
}
