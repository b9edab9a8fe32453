//! A name that nothing in scope has.
//!
//! Allowed: `neuron { state x }  phase go { x = 1 }`. Forbidden: `phase go { y = 1 }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// What is called by where it is.
const PLACES: [&str; 7] = ["below", "above", "self", "input", "output", "pre", "post"];

/// More names than these are not listed.
const MOST_LISTED: usize = 7;

/// A name that nothing in scope has.
#[derive(Debug)]
pub struct UnknownName {
    /// Where it is used.
    pub at: Span,
    /// What is looked for: `variable`, `function`, `network`, …
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// What is in scope.
    pub known: Vec<String>,
}

impl Finding for UnknownName {
    fn code(&self) -> &'static str {
        "unknown_name"
    }

    fn message(&self) -> String {
        match self.populations() {
            Some(_) => format!("`{}` has no population without a name", self.name),
            None => format!("there is no {} named `{}`", self.kind, shown(&self.name)),
        }
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "not found")
    }

    fn help(&self) -> Option<String> {
        if self.kind == "function"
            && let Some(meant) = elsewhere(&self.name)
        {
            return Some(format!("write {meant}"));
        }
        if self.kind == "function above this one" {
            return Some(format!(
                "put `{}` above: a function sees only those that stand before it",
                shown(&self.name)
            ));
        }
        if self.kind == "variable" && self.name == "target" {
            let help = "the target is `target` by itself, known to output units: `output d = target - x`, which a synapse reads as \
                        `post.d`, and `T @ target` through a synapse from them";
            return Some(help.to_owned());
        }
        if let Some(populations) = self.populations() {
            let each: Vec<String> =
                populations.iter().map(|population| format!("`{}.{population}`", self.name)).collect();
            return Some(format!("say which is meant: {}", each.join(", ")));
        }
        if let Some(near) = closest(&self.name, &self.known) {
            return Some(format!("did you mean `{near}`?"));
        }
        let mut known: Vec<&String> = Vec::new();
        for name in &self.known {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        (1..=MOST_LISTED).contains(&list.len()).then(|| format!("there is {}", list.join(", ")))
    }
}

impl UnknownName {
    /// The populations of a layer that is known, where one without a name is asked for.
    fn populations(&self) -> Option<Vec<&String>> {
        let is_place = |name: &&String| PLACES.contains(&name.as_str());
        let asked = self.known.contains(&self.name) && is_place(&&self.name);
        let populations: Vec<&String> = self.known.iter().filter(|name| !is_place(name)).collect();
        (asked && !populations.is_empty()).then_some(populations)
    }
}

/// A name, or as much of it as fits into a line.
fn shown(name: &str) -> String {
    const MOST: usize = 60;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    format!("{}…", name.chars().take(MOST - 1).collect::<String>())
}

/// How something is said here that is a function in other languages.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "xavier" | "xavier_uniform" | "glorot_uniform" => "`glorot()`",
        "kaiming" | "kaiming_normal" | "he_normal" => "`he()`",
        "zeros" | "zeros_like" => "the number `0`",
        "ones" | "ones_like" => "the number `1`",
        "randn" => "`normal()`",
        "rand" | "random" => "`uniform()`",
        "clip" | "clamp" => "`max(a, min(b, x))`",
        "outer" => "the product of both ends, `post.d * pre.x`",
        "dot" | "matmul" => "`W @ below.x`",
        "where" => "`if c then a else b`",
        "mod" | "fmod" => "`x - n * floor(x / n)`",
        "pow" => "`x ^ n`",
        "ln" => "`log(x)`",
        "square" => "`x ^ 2`",
        _ => return None,
    })
}

/// The known name nearest to a wrong one, if one is near enough to be meant.
pub fn closest<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    const LONGEST: usize = 60;
    let length = name.chars().count();
    let limit = (length / 3).clamp(1, 3);
    let comparable = |k: &&String| length <= LONGEST && k.chars().count().abs_diff(length) <= limit;
    let known = known.iter().filter(comparable);
    let near = known.map(|k| (edit_distance(&name.to_lowercase(), &k.to_lowercase()), k.as_str()));
    // A name of which no letter is right is no slip of the pen.
    near.filter(|&(distance, _)| distance <= limit && distance < length).min().map(|(_, k)| k)
}

/// The number of characters to insert, delete, replace, or swap with a neighbour (Damerau's restricted distance).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("drive", "drive"), 0);
        assert_eq!(edit_distance("drvie", "drive"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn only_near_names_are_offered() {
        let known = ["gamma".to_owned(), "beta".to_owned()];
        assert_eq!(closest("gama", &known), Some("gamma"));
        assert_eq!(closest("lr", &known), None);
        assert_eq!(closest("V", &["W".to_owned()]), None);
        assert_eq!(closest("w", &["W".to_owned()]), Some("W"));
        // Names of any length cost nothing.
        let [one, other] = ["a", "b"].map(|letter| letter.repeat(1 << 20));
        assert_eq!(closest(&one, &[other]), None);
    }
}
