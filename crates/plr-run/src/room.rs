//! How much memory there is: what does not fit is refused with its size, instead of being killed half-way.

use std::fmt;
use std::fs;

/// Files that say how many bytes a control group may use and uses, of both versions of the mechanism.
const GROUPS: [(&str, &str); 2] = [
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
];

/// Something needs more memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// Bytes needed.
    pub needed: u64,
    /// Bytes free.
    pub free: u64,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of memory, but only {} are free", size(self.needed), size(self.free))
    }
}

impl std::error::Error for NoRoom {}

/// Bytes that can still be had, as far as the system says; more than can be counted where it says nothing.
pub fn free() -> u64 {
    let group = |(limit, used)| Some(number(limit)?.saturating_sub(number(used)?));
    let groups = GROUPS.into_iter().filter_map(group);
    groups.chain(machine()).chain(process()).min().unwrap_or(u64::MAX)
}

/// Whether so many bytes can be had.
///
/// # Errors
/// If not.
pub fn check(needed: u64) -> Result<(), NoRoom> {
    let free = free();
    if needed <= free { Ok(()) } else { Err(NoRoom { needed, free }) }
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What this process may still ask for, if it is limited (`ulimit -v`).
fn process() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let used = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB"))?;
    Some(limit.saturating_sub(1024 * used.trim().parse::<u64>().ok()?))
}

/// What the machine as a whole has left.
fn machine() -> Option<u64> {
    let about = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = about.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.strip_suffix("kB"))?;
    Some(1024 * kilobytes.trim().parse::<u64>().ok()?)
}

/// Bytes in the unit that fits: `812 B`, `3.2 GB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let power = bytes.max(1).ilog10() / 3;
    let unit = UNITS[power as usize];
    match power {
        0 => format!("{bytes} {unit}"),
        _ => format!("{:.1} {unit}", bytes as f64 / 1000_u64.pow(power) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::{NoRoom, check, size};

    #[test]
    fn sizes_have_the_unit_that_fits() {
        assert_eq!(size(812), "812 B");
        assert_eq!(size(3_210_000_000), "3.2 GB");
        assert_eq!(size(1_000_000), "1.0 MB");
        assert_eq!(size(u64::MAX), "18.4 EB");
    }

    #[test]
    fn little_fits_and_too_much_does_not() {
        assert_eq!(check(1000), Ok(()));
        assert!(matches!(check(u64::MAX), Ok(()) | Err(NoRoom { needed: u64::MAX, .. })));
    }
}
