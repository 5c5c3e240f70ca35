//! One line of a memory map.

use super::draft::DraftMapping;
use super::numbers::parse_uint;
use super::pattern::{Pattern, compile, group};

/// Bytes in front of the file name. Chosen: addresses, permissions, offset, device and inode come to about a
/// hundred, and this bounds what a line of nothing but digits costs.
const HEAD_BYTES: usize = 512;

/// `start-limit perm offset device inode`, as the kernel writes it; the file follows.
static PROC_MAPS: Pattern = Pattern::new(|| {
    compile(concat!(
        r"^[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+)[\t\n\f\r -]?[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+):?",
        r"(?:[\t\n\f\r ]+([-rwxp]+))?",
        r"(?:[\t\n\f\r ]+([[:xdigit:]]+))?",
        r"[\t\n\f\r ]+[[:xdigit:]]+:[[:xdigit:]]+[\t\n\f\r ]+[[:digit:]]+",
    ))
});

/// `start-limit perm`; `file (@offset) build_id` may follow.
static BRIEF_MAPS: Pattern = Pattern::new(|| {
    compile(concat!(
        r"^[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+)[\t\n\f\r -]?[\t\n\f\r ]*(?:0x)?([[:xdigit:]]+):?",
        r"(?:[\t\n\f\r ]+([-rwxp]+))?",
    ))
});

/// What a line of a map is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Mapping(DraftMapping),
    /// A mapping that no code runs in.
    NotExecutable,
    Unrecognized,
}

/// Reads one line.
pub(super) fn entry(line: &[u8]) -> Entry {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    let is_proc = PROC_MAPS.captures(head);
    let (found, is_proc) = match is_proc {
        Some(found) => (found, true),
        None => match BRIEF_MAPS.captures(head) {
            Some(found) => (found, false),
            None => return Entry::Unrecognized,
        },
    };
    let perm = group(&found, 3);
    if !perm.is_empty() && !perm.contains(&b'x') {
        return Entry::NotExecutable;
    }
    let end = found.get(0).map_or(0, |all| all.end());
    let (file, rest) = word(line.get(end..).unwrap_or(&[]), |byte| !is_space(byte));
    let (offset, build_id) = if is_proc {
        (group(&found, 4), [].as_slice())
    } else {
        let (offset, rest) = at_offset(rest);
        (offset, word(rest, |byte| byte.is_ascii_hexdigit()).0)
    };
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

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// `text` behind the white space at its front; `None` if there is none.
fn behind_space(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|&&byte| is_space(byte)).count();
    text.get(len..).filter(|_| len > 0)
}

/// The bytes that `is_part` knows, behind white space, and the rest; nothing and all of `text` if there are
/// none.
fn word(text: &[u8], is_part: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let Some(behind) = behind_space(text) else {
        return (&[], text);
    };
    let len = behind.iter().take_while(|&&byte| is_part(byte)).count();
    match behind.split_at_checked(len) {
        Some((word @ [_, ..], rest)) => (word, rest),
        _ => (&[], text),
    }
}

/// The digits of ` (@digits)` and the rest; nothing and all of `text` if that is not there.
fn at_offset(text: &[u8]) -> (&[u8], &[u8]) {
    let found = behind_space(text).and_then(|behind| {
        let digits = behind.strip_prefix(b"(@")?;
        let len = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (digits, rest) = digits.split_at_checked(len).filter(|_| len > 0)?;
        Some((digits, rest.strip_prefix(b")")?))
    });
    found.unwrap_or((&[], text))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_line_of_nothing_but_digits_costs_little_and_is_no_mapping() {
        assert_eq!(entry(&vec![b'a'; 1 << 24]), Entry::Unrecognized);
    }

    #[test]
    fn a_file_name_may_be_of_any_length() {
        let name = "/x".repeat(5000);
        assert_eq!(
            entry(format!("10-18 r-xp {name} (@8) ab").as_bytes()),
            mapping(0x10, 0x18, 8, &name, "ab")
        );
        let line = format!("10-18 r-xp 8 00:00 0\t{name} c");
        assert_eq!(entry(line.as_bytes()), mapping(0x10, 0x18, 8, &name, ""));
    }
}
