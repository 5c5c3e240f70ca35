//! Memory maps: `/proc/self/maps` and the briefer listings of other tools.

use super::draft::Draft;
use super::lines::Lines;
use super::map_entry::{Entry, entry};
use super::pattern::{Pattern, compile};
use super::substitutions::Substitutions;
use super::text::{is_memory_map_sentinel, trim};
use crate::error::Result;

/// What a logger puts in front: `... file:line] `.
static LOG_PREFIX: Pattern = Pattern::new(|| compile(r"^[^\[\]]+:[0-9]+\][\t\n\f\r ]"));

/// Goes on to the line behind which a memory map begins, reads the map if there is one, and settles the
/// draft.
///
/// # Errors
///
/// A passed limit.
pub(super) fn read_sections(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<()> {
    while !is_memory_map_sentinel(lines.text()) && lines.scan() {}
    read_map(lines, draft)
}

/// Reads all lines that are left as a memory map and settles the draft.
///
/// # Errors
///
/// A passed limit.
pub(super) fn read_map(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<()> {
    let mut mappings = Vec::new();
    let mut substitutions = Substitutions::default();
    while lines.scan() {
        let line = lines.text();
        let prefix = LOG_PREFIX.find(line).map_or(0, |found| found.end());
        let line = line.get(prefix..).unwrap_or(&[]);
        let line = substitutions
            .apply(line)
            .map_err(|error| error.at(lines.place()))?;
        match entry(&line) {
            Entry::Mapping(mapping) => {
                draft
                    .check_rows(mappings.len())
                    .map_err(|error| error.at(lines.place()))?;
                mappings.push(mapping);
            }
            Entry::NotExecutable => {}
            Entry::Unrecognized => {
                if let Some(at) = line.iter().position(|&byte| byte == b'=') {
                    let (name, value) = line.split_at_checked(at).unwrap_or_default();
                    let value = trim(value.get(1..).unwrap_or(&[]));
                    substitutions
                        .add(trim(name), value)
                        .map_err(|error| error.at(lines.place()))?;
                }
            }
        }
    }
    draft.settle(mappings);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn files(text: &str) -> Vec<String> {
        let mut draft = Draft::new(1, &Limits::default());
        read_sections(&mut Lines::new(text.as_bytes()), &mut draft).unwrap();
        draft
            .mappings
            .into_iter()
            .map(|mapping| String::from_utf8(mapping.file).unwrap())
            .collect()
    }

    #[test]
    fn names_stand_for_their_values_in_the_lines_behind_them() {
        let text = "junk\n--- Memory map: ---\n  10-18: $build/early\n  build=/home/b\n  20-28: $build/x\n\n";
        assert_eq!(files(text), ["$build/early", "/home/b/x"]);
    }

    #[test]
    fn a_loggers_prefix_is_taken_off() {
        assert_eq!(
            files("MAPPED_LIBRARIES:\nI0101 prog.cc:12] 10-18 /bin/x\n"),
            ["/bin/x"]
        );
    }

    #[test]
    fn without_a_sentinel_there_is_no_map() {
        assert!(files("10-18 /bin/x\n").is_empty());
    }

    #[test]
    fn more_mappings_than_the_limit_are_refused_with_the_line() {
        let mut draft = Draft::new(
            1,
            &Limits {
                table_rows: 1,
                ..Limits::default()
            },
        );
        let error = read_map(&mut Lines::new(b"10-18 /a\n20-28 /b\n"), &mut draft).unwrap_err();
        assert_eq!(error.place, Some(crate::error::Place::Line(2)));
    }
}
