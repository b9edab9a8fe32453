//! The generated digits: reproducible, balanced, and made for a hidden layer.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]
#![allow(
    clippy::disallowed_methods,
    reason = "the two classifiers here are independent of the compiler's scalars"
)]

use plr_run::data::{Batches, Cells, Dataset, Targets, digits};

/// A plain classifier: layers of weights `[to][from]` and biases, relu between them, softmax and backprop.
struct Classifier {
    layers: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Classifier {
    fn new(sizes: &[usize]) -> Self {
        let mut state = 1_u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 8_388_608.0 - 1.0
        };
        let layers = sizes.windows(2).map(|pair| {
            let bound = (6.0 / pair[0] as f32).sqrt();
            ((0..pair[0] * pair[1]).map(|_| bound * uniform()).collect(), vec![0.0; pair[1]])
        });
        Self { layers: layers.collect() }
    }

    /// The values of every layer, the input first, the logits last.
    fn forward(&self, input: &[f32]) -> Vec<Vec<f32>> {
        let mut values = vec![input.to_vec()];
        for (number, (weights, biases)) in self.layers.iter().enumerate() {
            let below = &values[number];
            let mut above: Vec<f32> = weights
                .chunks_exact(below.len())
                .zip(biases)
                .map(|(row, bias)| bias + dot(row, below))
                .collect();
            if number + 1 < self.layers.len() {
                above.iter_mut().for_each(|v| *v = if *v > 0.0 { *v } else { 0.0 });
            }
            values.push(above);
        }
        values
    }

    /// One step of gradient descent on the cross entropy of one sample.
    fn learn(&mut self, input: &[f32], target: &[f32], rate: f32) {
        let values = self.forward(input);
        let logits = &values[self.layers.len()];
        let largest = logits.iter().copied().fold(f32::MIN, f32::max);
        let weights: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
        let total: f32 = weights.iter().sum();
        let mut error: Vec<f32> = weights.iter().zip(target).map(|(w, t)| w / total - t).collect();
        for (number, (weights, biases)) in self.layers.iter_mut().enumerate().rev() {
            let below = &values[number];
            let mut error_below = vec![0.0; below.len()];
            for ((row, bias), error) in weights.chunks_exact_mut(below.len()).zip(biases).zip(&error) {
                for ((w, e), b) in row.iter_mut().zip(&mut error_below).zip(below) {
                    *e += *w * error;
                    *w -= rate * error * b;
                }
                *bias -= rate * error;
            }
            error_below.iter_mut().zip(below).for_each(|(e, &b)| *e = if b > 0.0 { *e } else { 0.0 });
            error = error_below;
        }
    }
}

/// In eight sums, so that it is fast.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn sample(data: &Dataset, index: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut input, mut target) = (vec![0.0; data.features()], vec![0.0; data.outputs()]);
    data.gather(&[index], &mut input, &mut target);
    (input, target)
}

fn largest(values: &[f32]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

/// Test accuracy after `epochs` epochs of single-sample gradient descent.
fn accuracy(sizes: &[usize], train: &Dataset, test: &Dataset, epochs: u64) -> f32 {
    let mut classifier = Classifier::new(sizes);
    let batches = Batches::new(train.samples(), 1, 3).unwrap();
    for epoch in 0..epochs {
        let rate = 0.02 / (1.0 + epoch as f32 / 4.0);
        for &index in batches.epoch(epoch).order() {
            let (input, target) = sample(train, index);
            classifier.learn(&input, &target, rate);
        }
    }
    let right = (0..test.samples()).filter(|&index| {
        let (input, target) = sample(test, index);
        largest(&classifier.forward(&input)[sizes.len() - 1]) == largest(&target)
    });
    right.count() as f32 / test.samples() as f32
}

#[test]
fn a_linear_classifier_stays_behind_one_hidden_layer() {
    let (train, test) = digits::generate(4000, 1000, digits::SEED).unwrap();
    let test = test.unwrap();
    let linear = accuracy(&[784, 10], &train, &test, 8);
    let hidden = accuracy(&[784, 128, 10], &train, &test, 8);
    println!("linear {linear}, one hidden layer {hidden}");
    assert!((0.80..0.91).contains(&linear), "linear {linear}");
    assert!(hidden > 0.94 && hidden - linear > 0.06, "linear {linear}, one hidden layer {hidden}");
}

#[test]
fn an_image_depends_on_seed_and_number_only() {
    let (few, _) = digits::generate(30, 0, 9).unwrap();
    let (many, test) = digits::generate(50, 10, 9).unwrap();
    let indices: Vec<usize> = (0..30).collect();
    assert_eq!(many.select(&indices), few);
    let (longer, _) = digits::generate(60, 0, 9).unwrap();
    assert_eq!(longer.select(&(50..60).collect::<Vec<_>>()).inputs(), test.unwrap().inputs());
    assert_ne!(digits::generate(30, 0, 10).unwrap().0, few);
}

#[test]
fn the_images_are_the_same_on_every_machine_and_at_every_optimisation_level() {
    let (data, _) = digits::generate(200, 0, digits::SEED).unwrap();
    let Cells::Pixels(pixels) = data.inputs().cells() else { unreachable!("digits are grey levels") };
    // FNV-1a. A new number here means that every published result on the default data is void.
    let fnv = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    assert_eq!(pixels.iter().fold(0xCBF2_9CE4_8422_2325, fnv), 0x1EDB_26E4_2E31_C154);
}

#[test]
fn images_are_balanced_and_have_ink() {
    let (data, none) = digits::generate(2000, 0, 1).unwrap();
    assert!(none.is_none());
    assert_eq!((data.sample_shape(), data.outputs()), (&[28, 28][..], 10));
    let Targets::Labels { labels, .. } = data.targets() else { unreachable!("digits have labels") };
    let Cells::Pixels(pixels) = data.inputs().cells() else { unreachable!("digits are grey levels") };
    for digit in 0..10 {
        let count = labels.iter().filter(|&&label| label == digit).count();
        // Binomial with p = 1/10: standard deviation 13.4; five of them.
        assert!(count.abs_diff(200) < 67, "{count} images of {digit}");
    }
    for image in pixels.chunks_exact(784) {
        let ink = image.iter().filter(|&&level| level > 128).count();
        assert!((15..400).contains(&ink), "{ink} pixels of ink");
    }
}

#[test]
fn there_must_be_something_to_generate() {
    assert!(digits::generate(0, 5, 0).is_err());
    assert!(digits::generate(usize::MAX, 5, 0).is_err());
    assert!(digits::generate(usize::MAX / 100, 5, 0).is_err());
}
