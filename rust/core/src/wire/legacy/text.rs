//! Small readings of one line.

use super::numbers::parse_uint;
use super::pattern::{Pattern, compile};
use crate::error::{Error, Result};
use std::str::from_utf8;

/// Bytes of a line that are shown in an error.
const SHOWN: usize = 80;

/// The lines behind which a memory map begins.
static SENTINEL: Pattern = Pattern::new(|| compile("--- Memory map: ---|MAPPED_LIBRARIES:"));

/// Bytes of the white space at the front of `text`: ASCII's, and what UTF-8 says is white space.
fn space_in_front(text: &[u8]) -> usize {
    match text.first() {
        Some(b'\t'..=b'\r' | b' ') => 1,
        Some(0x80..) => (2..=3)
            .find(|&len| text.get(..len).is_some_and(is_one_space))
            .unwrap_or(0),
        _ => 0,
    }
}

fn space_behind(text: &[u8]) -> usize {
    let from = |len: usize| text.len().checked_sub(len).and_then(|start| text.get(start..));
    match text.last() {
        Some(b'\t'..=b'\r' | b' ') => 1,
        Some(0x80..) => (2..=3)
            .find(|&len| from(len).is_some_and(is_one_space))
            .unwrap_or(0),
        _ => 0,
    }
}

fn is_one_space(bytes: &[u8]) -> bool {
    let Ok(text) = from_utf8(bytes) else { return false };
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_whitespace) && chars.next().is_none()
}

/// `text` without white space at its ends.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let space @ 1.. = space_in_front(text) {
        text = text.get(space..).unwrap_or(&[]);
    }
    while let space @ 1.. = space_behind(text) {
        text = text.get(..text.len() - space).unwrap_or(&[]);
    }
    text
}

/// Whether there is nothing in the line, or a comment.
pub(super) fn is_space_or_comment(line: &[u8]) -> bool {
    matches!(trim(line).first(), None | Some(b'#'))
}

/// Whether a memory map begins behind the line.
pub(super) fn is_memory_map_sentinel(line: &[u8]) -> bool {
    SENTINEL.is_match(line)
}

/// The line for an error: escaped, and not much of it.
pub(super) fn shown(line: &[u8]) -> String {
    match line.get(..SHOWN) {
        Some(start) if line.len() > SHOWN => format!("{:?}...", String::from_utf8_lossy(start)),
        _ => format!("{:?}", String::from_utf8_lossy(line)),
    }
}

/// All numbers of the form `0x` and lower-case hexadecimal digits, whatever stands between them.
///
/// # Errors
///
/// A number of more than 64 bits.
pub(super) fn hex_addresses(text: &[u8]) -> Result<Vec<u64>> {
    let mut addresses = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| byte == b'0') {
        rest = rest.get(at + 1..).unwrap_or(&[]);
        let Some(behind) = rest.strip_prefix(b"x") else {
            continue;
        };
        let len = behind
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        let (digits, after) = behind.split_at_checked(len).unwrap_or((behind, &[]));
        rest = after;
        if digits.is_empty() {
            continue;
        }
        let Some(address) = parse_uint(digits, 16) else {
            return Err(Error::invalid(format!(
                "address 0x{} has more than 64 bits",
                digits.escape_ascii()
            )));
        };
        addresses.push(address);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_of_unicode_is_trimmed_and_broken_utf8_is_kept() {
        assert_eq!(
            trim("\u{a0}\u{2003}\t a b\u{85}\u{3000}\u{b} ".as_bytes()),
            b"a b"
        );
        assert_eq!(trim(b"\x85 a \xa0"), b"\x85 a \xa0");
        assert_eq!(trim(b" \t\r\n"), b"");
        assert_eq!(trim("é \u{e9}".as_bytes()), "é é".as_bytes());
    }

    #[test]
    fn comments_and_blank_lines_are_told_from_content() {
        assert!(is_space_or_comment(b"  # x"));
        assert!(is_space_or_comment(b" \t"));
        assert!(!is_space_or_comment(b" 1 #"));
    }

    #[test]
    fn addresses_are_found_between_anything() {
        assert_eq!(
            hex_addresses(b"a 0x1f,00x2 0x 0xG 0x0x3 @0x00000000000000004"),
            Ok(vec![0x1f, 2, 0, 4])
        );
        assert_eq!(hex_addresses(b"0x0xff 0xAB 0x1A"), Ok(vec![0, 1]));
    }

    #[test]
    fn an_address_of_more_than_64_bits_is_an_error() {
        assert_eq!(hex_addresses(b"0xffffffffffffffff"), Ok(vec![u64::MAX]));
        assert_eq!(
            hex_addresses(b"0x10000000000000000").unwrap_err().code(),
            "invalid_profile"
        );
    }
}
