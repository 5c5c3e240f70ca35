//! Numbers as Go writes and converts them.

/// An unsigned number; `base` 0 takes the base from a prefix and allows `_` between digits.
///
/// `None` for anything that is no number or has more than 64 bits.
pub(super) fn parse_uint(text: &[u8], base: u32) -> Option<u64> {
    let (digits, radix) = if base == 0 { prefixed(text) } else { (text, base) };
    if text.is_empty() || (base != 0 && digits.is_empty()) {
        return None;
    }
    let mut value = 0u64;
    for &byte in digits {
        if byte == b'_' && base == 0 {
            continue;
        }
        let digit = char::from(byte).to_digit(radix)?;
        value = value
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))?;
    }
    (base != 0 || underscores_separate_digits(text)).then_some(value)
}

/// A signed number, in the same notations.
pub(super) fn parse_int(text: &[u8], base: u32) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits, base)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The digits behind the prefix, and the base it names. A lone `0` in front means octal.
fn prefixed(text: &[u8]) -> (&[u8], u32) {
    match text {
        [b'0', b'b' | b'B', digits @ ..] if !digits.is_empty() => (digits, 2),
        [b'0', b'o' | b'O', digits @ ..] if !digits.is_empty() => (digits, 8),
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => (digits, 16),
        [b'0', digits @ ..] => (digits, 8),
        _ => (text, 10),
    }
}

/// Each `_` stands between two digits, where a prefix counts as one.
fn underscores_separate_digits(text: &[u8]) -> bool {
    let has_prefix = matches!(text, [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]);
    let digits = if has_prefix {
        text.get(2..).unwrap_or(&[])
    } else {
        text
    };
    let mut after_digit = has_prefix;
    for &byte in digits {
        if byte == b'_' && !after_digit {
            return false;
        }
        after_digit = byte != b'_';
    }
    after_digit || !digits.ends_with(b"_")
}

/// A float cut to an integer; what does not fit becomes the smallest integer, as on the machines profiles
/// come from.
pub(super) fn truncate(value: f64) -> i64 {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    if (-EDGE..EDGE).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_of_zero_is_taken_from_the_prefix() {
        let cases: [(&[u8], Option<i64>); 18] = [
            (b"0", Some(0)),
            (b"010", Some(8)),
            (b"08", None),
            (b"0x1F", Some(31)),
            (b"0x", None),
            (b"0b101", Some(5)),
            (b"0O17", Some(15)),
            (b"-12", Some(-12)),
            (b"+12", Some(12)),
            (b"1_000", Some(1000)),
            (b"0x_1", Some(1)),
            (b"1__0", None),
            (b"_1", None),
            (b"1_", None),
            (b"0_", None),
            (b"0_7", Some(7)),
            (b"", None),
            (b"-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_int(text, 0), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn the_ends_of_the_range_are_in_it() {
        assert_eq!(parse_int(b"-9223372036854775808", 10), Some(i64::MIN));
        assert_eq!(parse_int(b"9223372036854775808", 10), None);
        assert_eq!(parse_uint(b"ffffffffffffffff", 16), Some(u64::MAX));
        assert_eq!(parse_uint(b"18446744073709551616", 10), None);
        assert_eq!(parse_uint(b"1_0", 10), None);
    }

    #[test]
    fn floats_out_of_range_become_the_smallest_integer() {
        assert_eq!(truncate(-1.9), -1);
        assert_eq!(truncate(f64::NAN), i64::MIN);
        assert_eq!(truncate(1e19), i64::MIN);
        assert_eq!(truncate(-1e19), i64::MIN);
    }
}
