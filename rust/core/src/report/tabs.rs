//! Elastic tab stops: the one mode of Go's `text/tabwriter` that a report uses.
//!
//! Cells end with a tab and are flush right; a column is as wide as its widest cell plus one blank, and lasts for as
//! many lines as have it. Widths count code points. What is behind the last tab of a line belongs to no column.

use super::out::{rune_count, spaces};

/// Brackets text that is taken as it is; not counted in widths.
const ESCAPE: u8 = 0xff;

/// One cell: its bytes in the text, and its width.
#[derive(Clone, Copy)]
struct Cell {
    start: usize,
    end: usize,
    width: usize,
}

/// A run of lines that share columns: from one form feed to the next.
#[derive(Default)]
struct Section {
    lines: Vec<Vec<Cell>>,
}

impl Section {
    /// Cells of a line that belong to columns.
    fn columns(&self, line: usize) -> usize {
        self.lines
            .get(line)
            .map_or(0, |cells| cells.len().saturating_sub(1))
    }

    fn write(&self, text: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut widths: Vec<usize> = Vec::new();
        for (row, cells) in self.lines.iter().enumerate() {
            let columns = self.columns(row);
            widths.truncate(columns);
            for column in widths.len()..columns {
                let block = self.lines[row..]
                    .iter()
                    .take_while(|cells| cells.len() > column + 1);
                widths.push(block.map(|cells| cells[column].width + 1).max().unwrap_or(0));
            }
            for (column, cell) in cells.iter().enumerate() {
                spaces(
                    out,
                    widths
                        .get(column)
                        .map_or(0, |width| width.saturating_sub(cell.width)),
                );
                out.extend_from_slice(&text[cell.start..cell.end]);
            }
            if !(last && row + 1 == self.lines.len()) {
                out.push(b'\n');
            }
        }
    }
}

/// `text` with its tabs replaced by blanks.
pub(super) fn align_right(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut section = Section::default();
    let mut line: Vec<Cell> = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    let mut escapes = 0;
    let cell = |start: usize, end: usize, escapes: usize| Cell {
        start,
        end,
        width: rune_count(&text[start..end]).saturating_sub(escapes),
    };
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            ESCAPE => {
                escapes += if escaped { 2 } else { 0 };
                escaped = !escaped;
            }
            b'\t' | 0x0b | b'\n' | 0x0c if !escaped => {
                line.push(cell(start, at, escapes));
                escapes = 0;
                start = at + 1;
                if matches!(byte, b'\n' | 0x0c) {
                    section.lines.push(std::mem::take(&mut line));
                }
                if byte == 0x0c {
                    section.write(text, false, &mut out);
                    section.lines.clear();
                }
            }
            _ => {}
        }
    }
    if start < text.len() {
        line.push(cell(start, text.len(), escapes));
    }
    section.lines.push(line);
    section.write(text, true, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(text: &str) -> String {
        String::from_utf8(align_right(text.as_bytes())).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_flush_right() {
        assert_eq!(
            aligned("bytes:\t Total 5 of 9\n \t3 (33%):\t 1kB\n \t10 (11%):\t 2kB\n\n"),
            " bytes: Total 5 of 9\n         3 (33%): 1kB\n        10 (11%): 2kB\n\n"
        );
    }

    #[test]
    fn columns_last_as_long_as_the_lines_that_have_them() {
        assert_eq!(
            aligned("a\tb\tc\td\ne\tf\ng\thhhh\ti\tj\n"),
            " a b cd\n ef\n g hhhh ij\n"
        );
    }

    #[test]
    fn a_line_without_tabs_ends_all_columns() {
        assert_eq!(aligned("a\tb\n\nlonger\tb\n"), " ab\n\n longerb\n");
        assert_eq!(aligned("a\tx\x0clonger\tb\n"), " ax\n longerb\n");
    }

    #[test]
    fn widths_count_code_points() {
        assert_eq!(aligned("éé\tx\nabc\ty\n"), "  ééx\n abcy\n");
    }

    #[test]
    fn escaped_text_is_left_alone() {
        assert_eq!(align_right(b"\xffa\tb\xff\tc\nd\te"), b" \xffa\tb\xffc\n   de");
        assert_eq!(align_right(b"\xffa\tb\n"), b"\xffa\tb\n");
    }

    #[test]
    fn many_columns_cost_no_stack() {
        let tabs = "\t".repeat(200_000);
        // Behind the last tab there is no cell, so the last one ends the line and has no width.
        assert_eq!(align_right(tabs.as_bytes()).len(), 199_999);
    }
}
