//! The reference as a document: its fenced blocks and its rules.

use std::{fs, io};

use plr_tests::root;

/// Where it is, from the root of the repository.
pub const PATH: &str = "grammar/README.md";

/// The reference.
pub struct Document {
    /// The whole text.
    pub text: String,
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone)]
pub struct Block {
    /// What stands behind the fence.
    pub info: String,
    /// The lines between the fences.
    pub text: String,
    /// The line of the first fence, from 1.
    pub line: usize,
}

impl Document {
    /// Reads it.
    ///
    /// # Errors
    /// If it cannot be read, or a block has no end.
    pub fn read() -> io::Result<Self> {
        let text = fs::read_to_string(root().join(PATH))?;
        let mut blocks = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let mut block = Block { info: info.to_owned(), text: String::new(), line: at + 1 };
            loop {
                match lines.next() {
                    Some((_, "```")) => break,
                    Some((_, line)) => block.text.extend([line, "\n"]),
                    None => {
                        return Err(io::Error::other(format!("the block of line {} has no end", block.line)));
                    }
                }
            }
            blocks.push(block);
        }
        Ok(Self { text, blocks })
    }

    /// The numbers of the rules, in order: those of the lines `- **R1.1** …`.
    pub fn numbers(&self) -> Vec<&str> {
        let number =
            |line: &'_ str| -> Option<usize> { line.strip_prefix("- **R")?.find("**").map(|end| end + 1) };
        self.text.lines().filter_map(|line| number(line).map(|end| &line[4..4 + end])).collect()
    }
}
