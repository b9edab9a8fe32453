//! Drawing strokes on a canvas of grey levels.

use super::strokes::Point;
use super::{Draws, PIXELS, SIDE};

/// Ink per pixel, 0 to 1; pixel `(row, column)` has its centre at `(column + 0.5, row + 0.5)`.
pub(super) struct Canvas {
    ink: [f32; PIXELS],
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { ink: [0.0; PIXELS] }
    }

    /// Draws a polyline with a round pen whose radius goes from the first to the second of `radii`, in pixels.
    pub(super) fn stroke(&mut self, path: &[Point], radii: (f32, f32), ink: f32) {
        let segments = path.len().saturating_sub(1) as f32;
        for (number, ends) in path.windows(2).enumerate() {
            let along = (number as f32 + 0.5) / segments;
            self.segment(ends[0], ends[1], radii.0 + (radii.1 - radii.0) * along, ink);
        }
    }

    /// A pixel has full ink inside the pen's radius and none half a pixel outside it, by the distance of its centre.
    fn segment(&mut self, from: Point, to: Point, radius: f32, ink: f32) {
        let reach = radius + 0.5;
        for row in pixels(from.y, to.y, reach) {
            for column in pixels(from.x, to.x, reach) {
                let centre = Point { x: column as f32 + 0.5, y: row as f32 + 0.5 };
                let cover = within(reach - distance(centre, from, to), 0.0, 1.0);
                let pixel = &mut self.ink[row * SIDE + column];
                if cover * ink > *pixel {
                    *pixel = cover * ink;
                }
            }
        }
    }

    /// The grey levels, with uniform noise of the given amplitude.
    pub(super) fn finish(&self, noise: f32, draws: &mut Draws) -> [u8; PIXELS] {
        self.ink.map(|ink| {
            let noisy = ink + draws.between(-noise, noise);
            (within(noisy, 0.0, 1.0) * 255.0 + 0.5) as u8
        })
    }
}

/// The rows or columns whose centres can be within `reach` of a segment from `a` to `b`.
fn pixels(a: f32, b: f32, reach: f32) -> std::ops::Range<usize> {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let side = SIDE as f32;
    let first = within((low - reach - 0.5).floor(), 0.0, side);
    let last = within((high + reach + 0.5).floor(), 0.0, side);
    first as usize..last as usize
}

/// `value`, or the nearer bound if it is outside.
fn within(value: f32, low: f32, high: f32) -> f32 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

/// The distance of `point` from the segment between `from` and `to`.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx * dx + dy * dy;
    let along = (point.x - from.x) * dx + (point.y - from.y) * dy;
    let t = if length > 0.0 { within(along / length, 0.0, 1.0) } else { 0.0 };
    let (x, y) = (point.x - from.x - t * dx, point.y - from.y - t * dy);
    (x * x + y * y).sqrt()
}
