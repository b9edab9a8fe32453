//! The shapes of the digits: for each several styles, each a list of strokes.
//!
//! Coordinates are in the unit square, `x` to the right, `y` downwards. Curved strokes run through their points as
//! Catmull–Rom splines, so that moved points give a smoothly bent stroke.

use super::Draws;

/// A point in the unit square, or in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// How the points of a stroke are joined.
#[derive(Clone, Copy)]
enum Join {
    /// By straight lines.
    Straight,
    /// By a smooth curve.
    Curve,
    /// By a smooth curve that returns to its first point.
    Loop,
}

/// One movement of the pen.
pub(super) struct Stroke {
    join: Join,
    pub(super) points: &'static [Point],
}

/// Pieces per span between two points of a curve.
const PIECES: usize = 5;

impl Stroke {
    /// The polyline of this stroke through the moved points `points`.
    pub(super) fn path(&self, points: &[Point]) -> Vec<Point> {
        match self.join {
            Join::Straight => points.to_vec(),
            Join::Curve => {
                let last = points.len() - 1;
                let at = |i: usize| points[i.saturating_sub(1).min(last)];
                let mut path: Vec<Point> =
                    (0..last).flat_map(|i| span([at(i), at(i + 1), at(i + 2), at(i + 3)])).collect();
                path.push(points[last]);
                path
            }
            Join::Loop => {
                let count = points.len();
                let at = |i: usize| points[i % count];
                let mut path: Vec<Point> =
                    (0..count).flat_map(|i| span([at(i), at(i + 1), at(i + 2), at(i + 3)])).collect();
                path.push(path[0]);
                path
            }
        }
    }
}

/// Points on the uniform Catmull–Rom curve from the second to the third of four points (Catmull and Rom 1974).
fn span(p: [Point; 4]) -> [Point; PIECES] {
    std::array::from_fn(|piece| {
        let t = piece as f32 / PIECES as f32;
        let blend = |a: f32, b: f32, c: f32, d: f32| {
            b + 0.5 * t * ((c - a) + t * ((2.0 * a - 5.0 * b + 4.0 * c - d) + t * (3.0 * (b - c) + d - a)))
        };
        Point { x: blend(p[0].x, p[1].x, p[2].x, p[3].x), y: blend(p[0].y, p[1].y, p[2].y, p[3].y) }
    })
}

/// The strokes of `digit` (0 to 9) in a style drawn at random.
pub(super) fn style(digit: usize, draws: &mut Draws) -> &'static [Stroke] {
    let styles = STYLES[digit];
    styles[draws.below(styles.len())]
}

macro_rules! strokes {
    ($($join:ident [$(($x:literal, $y:literal)),* $(,)?]),* $(,)?) => {
        &[$(Stroke { join: Join::$join, points: &[$(Point { x: $x, y: $y }),*] }),*]
    };
}

/// The styles of each digit.
const STYLES: [&[&[Stroke]]; 10] = [ZERO, ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE];

const ZERO: &[&[Stroke]] = &[
    // An ellipse.
    strokes![Loop[(0.5, 0.0), (0.16, 0.22), (0.1, 0.55), (0.26, 0.9), (0.5, 1.0), (0.78, 0.86), (0.9, 0.5), (0.8, 0.16)]],
    // A narrow one, open at the top.
    strokes![Curve[(0.56, 0.02), (0.28, 0.16), (0.18, 0.55), (0.3, 0.92), (0.56, 0.98), (0.76, 0.75), (0.8, 0.36), (0.66, 0.06), (0.46, 0.06)]],
    // Slashed.
    strokes![
        Loop[(0.5, 0.02), (0.18, 0.2), (0.12, 0.55), (0.28, 0.9), (0.52, 0.98), (0.8, 0.82), (0.88, 0.48), (0.78, 0.14)],
        Straight[(0.72, 0.2), (0.3, 0.8)],
    ],
];

const ONE: &[&[Stroke]] = &[
    // A bar.
    strokes![Straight[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)]],
    // With a flag.
    strokes![Straight[(0.3, 0.24), (0.54, 0.0), (0.54, 0.5), (0.54, 1.0)]],
    // With flag and foot.
    strokes![Straight[(0.32, 0.22), (0.52, 0.0), (0.52, 1.0)], Straight[(0.28, 1.0), (0.76, 1.0)]],
];

const TWO: &[&[Stroke]] = &[
    // A hook and a straight foot.
    strokes![
        Curve[(0.16, 0.24), (0.3, 0.05), (0.58, 0.0), (0.82, 0.16), (0.78, 0.42), (0.5, 0.7), (0.14, 1.0)],
        Straight[(0.14, 1.0), (0.88, 0.98)],
    ],
    // In one line, with a loop at the lower left.
    strokes![Curve[(0.2, 0.2), (0.42, 0.02), (0.74, 0.1), (0.76, 0.4), (0.5, 0.72), (0.22, 0.94), (0.16, 0.8), (0.36, 0.8), (0.62, 0.96), (0.9, 0.9)]],
    // Angular.
    strokes![Straight[(0.16, 0.04), (0.78, 0.06), (0.8, 0.42), (0.2, 0.6), (0.16, 0.98), (0.86, 0.98)]],
];

const THREE: &[&[Stroke]] = &[
    // Two bows.
    strokes![
        Curve[(0.18, 0.12), (0.46, 0.0), (0.78, 0.14), (0.72, 0.38), (0.4, 0.48)],
        Curve[(0.4, 0.48), (0.8, 0.56), (0.84, 0.82), (0.52, 1.0), (0.14, 0.88)],
    ],
    // A flat top.
    strokes![
        Straight[(0.18, 0.02), (0.8, 0.02), (0.42, 0.4)],
        Curve[(0.42, 0.4), (0.76, 0.48), (0.86, 0.74), (0.58, 0.98), (0.16, 0.9)],
    ],
    // With a small loop at the waist.
    strokes![Curve[(0.2, 0.14), (0.5, 0.0), (0.78, 0.18), (0.6, 0.42), (0.36, 0.5), (0.44, 0.4), (0.76, 0.56), (0.8, 0.82), (0.5, 1.0), (0.18, 0.9)]],
];

const FOUR: &[&[Stroke]] = &[
    // Open at the top.
    strokes![Straight[(0.2, 0.04), (0.14, 0.56), (0.86, 0.56)], Straight[(0.7, 0.06), (0.68, 1.0)]],
    // Closed.
    strokes![Straight[(0.66, 1.0), (0.66, 0.0), (0.1, 0.66), (0.9, 0.66)]],
    // Round, open.
    strokes![
        Curve[(0.24, 0.02), (0.14, 0.34), (0.26, 0.54), (0.56, 0.52), (0.8, 0.4)],
        Straight[(0.78, 0.02), (0.72, 1.0)],
    ],
];

const FIVE: &[&[Stroke]] = &[
    // A cap, a neck and a bow.
    strokes![
        Straight[(0.8, 0.02), (0.26, 0.02), (0.22, 0.44)],
        Curve[(0.22, 0.44), (0.56, 0.38), (0.84, 0.6), (0.74, 0.9), (0.44, 1.0), (0.14, 0.88)],
    ],
    // Like an S.
    strokes![Curve[(0.84, 0.04), (0.5, 0.02), (0.22, 0.18), (0.3, 0.42), (0.66, 0.54), (0.8, 0.76), (0.58, 0.98), (0.16, 0.94)]],
    // Angular.
    strokes![Straight[(0.82, 0.04), (0.2, 0.02), (0.2, 0.46), (0.78, 0.48), (0.8, 0.94), (0.16, 0.98)]],
];

const SIX: &[&[Stroke]] = &[
    // A long neck and a bowl.
    strokes![Curve[(0.72, 0.02), (0.38, 0.18), (0.18, 0.54), (0.24, 0.88), (0.52, 1.0), (0.8, 0.84), (0.76, 0.58), (0.48, 0.5), (0.22, 0.66)]],
    // Straight neck.
    strokes![
        Straight[(0.62, 0.0), (0.2, 0.66)],
        Loop[(0.2, 0.7), (0.34, 0.96), (0.64, 0.98), (0.82, 0.76), (0.66, 0.54), (0.36, 0.54)],
    ],
    // A bent neck.
    strokes![Curve[(0.8, 0.14), (0.56, 0.0), (0.26, 0.2), (0.16, 0.6), (0.36, 0.96), (0.7, 0.92), (0.8, 0.68), (0.56, 0.5), (0.2, 0.64)]],
];

const SEVEN: &[&[Stroke]] = &[
    // Straight.
    strokes![Straight[(0.14, 0.04), (0.86, 0.04), (0.4, 1.0)]],
    // Crossed.
    strokes![Straight[(0.14, 0.04), (0.84, 0.04), (0.38, 1.0)], Straight[(0.3, 0.52), (0.76, 0.5)]],
    // With a serif and a bent stem.
    strokes![
        Straight[(0.14, 0.18), (0.16, 0.02), (0.84, 0.04)],
        Curve[(0.84, 0.04), (0.6, 0.38), (0.46, 0.7), (0.42, 1.0)],
    ],
];

const EIGHT: &[&[Stroke]] = &[
    // Two loops.
    strokes![
        Loop[(0.5, 0.0), (0.24, 0.12), (0.28, 0.38), (0.5, 0.46), (0.74, 0.36), (0.76, 0.1)],
        Loop[(0.5, 0.46), (0.2, 0.6), (0.18, 0.88), (0.5, 1.0), (0.82, 0.88), (0.8, 0.6)],
    ],
    // In one line.
    strokes![Loop[(0.74, 0.12), (0.46, 0.0), (0.24, 0.18), (0.42, 0.42), (0.74, 0.66), (0.74, 0.92), (0.46, 1.0), (0.22, 0.84), (0.36, 0.58), (0.66, 0.36)]],
    // Open at the upper right.
    strokes![Curve[(0.8, 0.1), (0.5, 0.02), (0.24, 0.16), (0.34, 0.4), (0.68, 0.6), (0.76, 0.86), (0.5, 1.0), (0.24, 0.86), (0.34, 0.58), (0.66, 0.38), (0.82, 0.2)]],
];

const NINE: &[&[Stroke]] = &[
    // A bowl and a straight stem.
    strokes![
        Loop[(0.76, 0.24), (0.54, 0.0), (0.24, 0.12), (0.2, 0.38), (0.44, 0.52), (0.7, 0.42)],
        Straight[(0.78, 0.16), (0.72, 1.0)],
    ],
    // With a bent tail.
    strokes![Curve[(0.76, 0.3), (0.6, 0.02), (0.28, 0.06), (0.2, 0.36), (0.46, 0.5), (0.74, 0.32), (0.8, 0.6), (0.66, 0.92), (0.28, 0.98)]],
    // In one line from the bowl.
    strokes![Curve[(0.78, 0.14), (0.48, 0.0), (0.2, 0.2), (0.32, 0.48), (0.66, 0.42), (0.8, 0.12), (0.74, 0.56), (0.56, 1.0)]],
];
