//! Plain text in columns.

use std::fmt;

/// Rows of cells; the columns are as wide as their widest cell, two spaces apart.
#[derive(Clone, Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table without a heading.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty table with a heading.
    pub fn with_head<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// An empty table with a heading of any length.
    pub fn with_columns(head: Vec<String>) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.cells(cells.to_vec());
    }

    /// Adds a row of any length.
    pub fn cells(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            widths.resize(row.len().max(widths.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let line = |cells: &[String]| -> String {
            let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        if !self.head.is_empty() {
            f.write_str(&line(&self.head))?;
            let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
            f.write_str(&line(&rule))?;
        }
        self.rows.iter().try_for_each(|row| f.write_str(&line(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_aligned_by_characters() {
        let mut table = Table::with_head(["what", "ok"]);
        table.row(["β".to_owned(), "yes".to_owned()]);
        table.row(["longer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "what    ok\n──────  ───\nβ       yes\nlonger\n");
    }
}
