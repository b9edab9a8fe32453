//! How far an epoch has come: a bar on a terminal, nothing in a pipe, where the line at its end is enough.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plr_run::session::Progress;

const TEMPLATE: &str = "epoch {msg:>3}  {bar:40}  {pos}/{len} minibatches  {eta} left";
const REDRAWS_PER_SECOND: u8 = 10;

/// A bar, drawn on the standard error if that is a terminal.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that is not visible before its first minibatch.
    pub fn new(terminal: bool) -> Self {
        let target = if terminal {
            ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        // A template with a mistake in it would be ours; the default bar is then as good.
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(bar)
    }

    /// Begins anew, in an epoch of that number.
    pub fn begin(&self, epoch: u64) {
        self.0.reset();
        self.0.set_message((epoch + 1).to_string());
    }

    /// Shows how far the epoch is.
    pub fn show(&self, progress: Progress) {
        self.0.set_length(progress.of as u64);
        self.0.set_position(progress.minibatch as u64);
    }

    /// Takes the bar away, so that a line can be printed in its place.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A duration in the unit that fits: `870 µs`, `45.2 ms`, `2.31 s`, `12 min 5 s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.2} s"),
        _ => format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!(duration(Duration::from_micros(870)), "870 µs");
        assert_eq!(duration(Duration::from_micros(45_200)), "45.2 ms");
        assert_eq!(duration(Duration::from_millis(2_310)), "2.31 s");
        assert_eq!(duration(Duration::from_secs(725)), "12 min 5 s");
    }
}
