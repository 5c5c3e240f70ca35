//! Memory maps: `/proc/self/maps` and the briefer listings of other tools.

use super::draft::{Draft, DraftMapping};
use super::lines::Lines;
use super::numbers::parse_uint;
use super::pattern::{Pattern, compile, group};
use super::substitutions::Substitutions;
use super::text::{is_memory_map_sentinel, trim};
use crate::error::Result;

/// Bytes of a line that may be a mapping. Specified: pprof reads no longer ones.
const LONGEST_LINE: usize = 64 << 10;

/// `start-limit perm offset device inode file`, as the kernel writes it.
static PROC_MAPS: Pattern = Pattern::new(|| {
    compile(concat!(
        r"^[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+)[\t\n\f\r -]?[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+):?",
        r"(?:[\t\n\f\r ]+([-rwxp]+))?",
        r"(?:[\t\n\f\r ]+([[:xdigit:]]+))?",
        r"[\t\n\f\r ]+[[:xdigit:]]+:[[:xdigit:]]+[\t\n\f\r ]+[[:digit:]]+",
        r"(?:[\t\n\f\r ]+([^\t\n\f\r ]+))?",
    ))
});

/// `start-limit perm file (@offset) build_id`, most of it optional.
static BRIEF_MAPS: Pattern = Pattern::new(|| {
    compile(concat!(
        r"^[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+)[\t\n\f\r -]?[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+):?",
        r"(?:[\t\n\f\r ]+([-rwxp]+))?",
        r"(?:[\t\n\f\r ]+([^\t\n\f\r ]+))?",
        r"(?:[\t\n\f\r ]+\(@([[:xdigit:]]+)\))?",
        r"(?:[\t\n\f\r ]+([[:xdigit:]]+))?",
    ))
});

/// What a logger puts in front: `... file:line] `.
static LOG_PREFIX: Pattern = Pattern::new(|| compile(r"^[^\[\]]+:[0-9]+\][\t\n\f\r ]"));

/// Goes on to the line behind which a memory map begins, reads the map if there is one, and settles the draft.
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
                    substitutions.add(trim(name), trim(value.get(1..).unwrap_or(&[])));
                }
            }
        }
    }
    draft.settle(mappings);
    Ok(())
}

/// What a line of a map is.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Mapping(DraftMapping),
    /// A mapping that no code runs in.
    NotExecutable,
    Unrecognized,
}

fn entry(line: &[u8]) -> Entry {
    let (found, perm, file, offset, build_id) = if let Some(found) = PROC_MAPS.captures(line) {
        let (perm, offset, file) = (group(&found, 3), group(&found, 4), group(&found, 5));
        (found, perm, file, offset, [].as_slice())
    } else if let Some(found) = BRIEF_MAPS.captures(line) {
        let (perm, file, offset) = (group(&found, 3), group(&found, 4), group(&found, 5));
        let build_id = group(&found, 6);
        (found, perm, file, offset, build_id)
    } else {
        return Entry::Unrecognized;
    };
    if !perm.is_empty() && !perm.contains(&b'x') {
        return Entry::NotExecutable;
    }
    let offset = if offset.is_empty() {
        Some(0)
    } else {
        parse_uint(offset, 16)
    };
    match (
        parse_uint(group(&found, 1), 16),
        parse_uint(group(&found, 2), 16),
        offset,
    ) {
        (Some(start), Some(limit), Some(offset)) => {
            let (file, build_id) = (file.to_vec(), build_id.to_vec());
            Entry::Mapping(DraftMapping {
                start,
                limit,
                offset,
                file,
                build_id,
            })
        }
        _ => Entry::Unrecognized,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn mapping(start: u64, limit: u64, offset: u64, file: &str, build_id: &str) -> Entry {
        Entry::Mapping(DraftMapping {
            start,
            limit,
            offset,
            file: file.into(),
            build_id: build_id.into(),
        })
    }

    #[test]
    fn every_known_form_of_a_mapping_is_read() {
        let cases = [
            (
                "00400000-00fcb000 r-xp 00001000 fc:01 41 /bin/x",
                mapping(0x40_0000, 0xfc_b000, 0x1000, "/bin/x", ""),
            ),
            (
                "00400000-00fcb000: r-xp 00000000 00:00 0",
                mapping(0x40_0000, 0xfc_b000, 0, "", ""),
            ),
            (
                "  40000-80000 /path/to/binary      (@FF00)   abc123456",
                mapping(0x4_0000, 0x8_0000, 0xff00, "/path/to/binary", "abc123456"),
            ),
            (
                "0x40000 0x80000 r-xp /bin/x abc",
                mapping(0x4_0000, 0x8_0000, 0, "/bin/x", "abc"),
            ),
            ("0x40000-0x80000:", mapping(0x4_0000, 0x8_0000, 0, "", "")),
            ("40000-80000 rw-p 00000000 00:00 0 [heap]", Entry::NotExecutable),
            ("build=/path", Entry::Unrecognized),
            ("11111111111111111-2 /bin/x", Entry::Unrecognized),
        ];
        for (line, expected) in cases {
            assert_eq!(entry(line.as_bytes()), expected, "{line}");
        }
    }

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
