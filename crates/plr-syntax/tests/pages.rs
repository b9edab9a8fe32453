//! Every finding of this crate has its page, and the examples on the pages are true.

use std::path::PathBuf;

use plr_syntax::finding::CODES;
use plr_syntax::parse;

/// The fenced blocks of a page whose info string is `info`.
fn blocks(page: &str, info: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(info) {
            blocks.push(
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .fold(String::new(), |text, l| text + l + "\n"),
            );
        } else if line.starts_with("```") {
            lines.by_ref().find(|line| *line == "```");
        }
    }
    blocks
}

#[test]
fn every_code_has_a_page_with_true_examples() {
    for code in CODES {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../grammar/errors")
            .join(code)
            .with_extension("md");
        let page =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        for wrong in blocks(&page, "plr,error") {
            let parsed = parse(&wrong);
            let codes: Vec<&str> = parsed.findings.sorted().iter().map(|finding| finding.code()).collect();
            assert_eq!(codes, [code], "{wrong}");
        }
        let right = blocks(&page, "plr");
        assert!(!right.is_empty(), "{code} has no right example");
        for right in right {
            assert!(parse(&right).findings.is_empty(), "{right}");
        }
    }
}
