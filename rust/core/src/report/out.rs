//! Small helpers to write text as `fmt` of Go does: padding counts code points, stray bytes pass through.

use std::io::Write;

/// Number of code points; a byte that is not part of valid UTF-8 counts as one.
pub(super) fn rune_count(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// Writes `text` flush right in `width` columns (`%10s`).
pub(super) fn pad_left(out: &mut Vec<u8>, text: &[u8], width: usize) {
    spaces(out, width.saturating_sub(rune_count(text)));
    out.extend_from_slice(text);
}

/// Writes `count` blanks.
pub(super) fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

/// Writes formatted text; a vector never refuses it.
pub(super) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// `text` with every `from` replaced by `to`.
pub(super) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Where `needle` first stands in `text`; an empty needle stands nowhere.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        None
    } else {
        text.windows(needle.len()).position(|window| window == needle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_count_code_points_and_stray_bytes() {
        assert_eq!(rune_count("añ€😀".as_bytes()), 4);
        assert_eq!(rune_count(b"a\xff\xe2\x82b"), 5);
        let mut out = Vec::new();
        pad_left(&mut out, "µs".as_bytes(), 4);
        assert_eq!(out, "  µs".as_bytes());
    }

    #[test]
    fn replacements_do_not_overlap() {
        assert_eq!(replace(b":::a::", b"::", b"-"), b"-:a-");
        assert_eq!(replace(b"abc", b"", b"-"), b"abc");
    }
}
