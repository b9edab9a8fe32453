//! Generated programs: the parser reads the tree that was written, and the formatter keeps it with as few parentheses
//! as the grammar allows.

use plr_syntax::ast::{BinaryOp, ExprKind, Item};
use plr_syntax::{dump, format, parse};

/// xorshift64*: a fixed sequence for a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// A random expression as the dump shows it: with all its parentheses.
    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&["x", "W", "1.0", "0.5", "target", "above", "μ", "steps"]).to_owned();
        }
        let mut sub = || {
            let depth = self.below(depth);
            self.expression(depth)
        };
        let (a, b, c) = (sub(), sub(), sub());
        match self.below(12) {
            0 => format!("(-{a})"),
            1 => format!("(not {a})"),
            2 => format!("(if {a} then {b} else {c})"),
            3 => format!("f'({a}, {b})"),
            4 => format!("g({a}, gain = {b})"),
            5 => format!("{}.y", self.base(a)),
            6 => format!("{}[free]", self.base(a)),
            _ => {
                let op = self.one_of(&[
                    "or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "@", "^", "+", "-",
                    "*", "@", "^",
                ]);
                format!("({a} {op} {b})")
            }
        }
    }

    /// What can stand before `.y`: a bare number cannot.
    fn base(&mut self, expression: String) -> String {
        if expression.starts_with(|c: char| c.is_ascii_digit()) { "x".to_owned() } else { expression }
    }

    /// A line end, a comment or a space where one may stand.
    fn gap(&mut self) -> &'static str {
        match self.below(12) {
            0 => "\n",
            1 => " // note\n",
            2 => "\n\n  // note\n",
            3 => "  ",
            _ => " ",
        }
    }

    /// The expression with other gaps; all its spaces stand inside parentheses.
    fn spread(&mut self, expression: &str) -> String {
        let mut words = expression.split(' ');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |text, word| text + self.gap() + word)
    }

    fn statement(&mut self) -> String {
        let head = self.one_of(&["x", "hidden x", "P.x", "output P: x", "over", "clamp x", "clamp input x"]);
        let op = if head.starts_with("clamp") { "=" } else { self.one_of(&["=", "+=", "-="]) };
        let (gap, after) = (self.gap(), self.gap());
        let expression = self.expression(3);
        let expression = self.spread(&expression);
        format!("{head}{gap}{op}{after}{expression}")
    }

    /// Statements in a block, separated by lines or semicolons.
    fn block(&mut self, each: fn(&mut Self) -> String) -> String {
        let mut text = "{".to_owned();
        for i in 0..self.below(4) {
            if i > 0 {
                text.push_str(self.one_of(&[";", "\n", ";\n\n\n", " // note\n", "\n// note\n"]));
            }
            text.push_str(self.gap());
            text.push_str(&each(self));
        }
        text.push_str(self.gap());
        text.push('}');
        text
    }

    fn scheduled(&mut self) -> String {
        match self.below(4) {
            0 => {
                let block = self.block(|random| format!("x += {}", random.expression(2)));
                format!("sweep{}up {block}", self.gap())
            }
            1 => format!("in turn {}", self.block(Self::statement)),
            _ => self.statement(),
        }
    }

    fn member(&mut self) -> String {
        match self.below(6) {
            0 => format!("neuron {}", self.block(|random| format!("let e = {}", random.expression(2)))),
            1 => format!("signal R ={}{}", self.gap(), self.expression(2)),
            2 => format!(
                "learn (sum){}{}",
                self.gap(),
                self.block(|random| format!("W += {}", random.expression(3)))
            ),
            3 => format!("check law {}", self.block(Self::claim)),
            _ => format!(
                "phase p (steps = {}){}{}",
                self.expression(1),
                self.gap(),
                self.block(Self::scheduled)
            ),
        }
    }

    fn claim(&mut self) -> String {
        let clauses = [
            "at output",
            "after 5 * 2 updates",
            "when beta = (1 + x), a = 2",
            "within (0.1)",
            "over 0.1, (0.2)",
        ];
        let (first, gap) = (self.below(clauses.len()), self.gap());
        format!(
            "expect angle(W) < (2 + 3){gap}deg {} {}",
            clauses[first],
            clauses[(first + 1) % clauses.len()]
        )
    }
}

#[test]
fn an_expression_is_read_as_it_is_written() {
    let mut random = Random(11);
    for _ in 0..3000 {
        let expression = random.expression(4);
        let source = format!("fn f() = {expression}");
        let parsed = parse(&source);
        assert!(parsed.findings.is_empty(), "{source}: {:?}", parsed.findings);
        assert_eq!(dump(&parsed.file), format!("fn f(; )\n  = {expression}\n"));
    }
}

#[test]
fn formatting_keeps_the_tree_and_no_parentheses_too_many() {
    let mut random = Random(12);
    for _ in 0..1000 {
        let source = format!("fn f() = {}", random.expression(3));
        let tree = dump(&parse(&source).file);
        let text = format(&source).expect("it parses");
        assert_eq!(dump(&parse(&text).file), tree, "{source}\n{text}");
        assert_eq!(format(&text).expect("it parses"), text);
        for without in without_one_pair(&text["fn f()".len()..]) {
            let parsed = parse(&format!("fn f(){without}"));
            assert!(
                parsed.findings.any_error() || dump(&parsed.file) != tree,
                "{text} needs not be{without}"
            );
        }
    }
}

/// Whether the parentheses hold what arrives, beside another factor: these are kept as written.
fn is_arriving_factor(before: &str, inside: &str, after: &str) -> bool {
    let beside = before.trim_end().ends_with(['*', '/']) || after.trim_start().starts_with(['*', '/']);
    let arrives = |item: &Item| matches!(item, Item::Function(f) if matches!(f.body.kind, ExprKind::Binary(BinaryOp::Arrive, ..)));
    beside && parse(&format!("fn f() = {inside}")).file.items.iter().any(arrives)
}

/// The text without one pair of its parentheses, for each pair that must be needed.
fn without_one_pair(text: &str) -> Vec<String> {
    let mut open = Vec::new();
    let mut results = Vec::new();
    for (i, c) in text.char_indices() {
        if c == '(' {
            open.push(i);
        } else if c == ')' {
            let start: usize = open.pop().expect("balanced");
            let (before, inside, after) = (&text[..start], &text[start + 1..i], &text[i + 1..]);
            if !is_arriving_factor(before, inside, after) {
                results.push(format!("{before} {inside} {after}"));
            }
        }
    }
    results
}

#[test]
fn formatting_keeps_the_tree_of_any_layout() {
    let mut random = Random(13);
    for _ in 0..1500 {
        let source = format!("rule A {}", random.block(Random::member));
        let parsed = parse(&source);
        assert!(parsed.findings.is_empty(), "{source}\n{:?}", parsed.findings);
        let text = format(&source).expect("it parses");
        let again = parse(&text);
        assert_eq!(dump(&again.file), dump(&parsed.file), "{source}\n{text}");
        assert_eq!(again.comments.len(), parsed.comments.len(), "{source}\n{text}");
        assert_eq!(format(&text).expect("it parses"), text, "{source}");
    }
}
