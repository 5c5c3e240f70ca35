//! Escapes that stand for one character.

use super::cursor::Cursor;
use super::{Code, SyntaxError};

/// The last code point.
pub(super) const MAX_CHAR: u32 = char::MAX as u32;

/// Reads an escape, its backslash included, and gives the code point it stands for (a surrogate is one too).
///
/// # Errors
///
/// An escape that is none, with what was read of it.
pub(super) fn escape(cursor: &mut Cursor<'_>) -> Result<u32, SyntaxError> {
    let start = *cursor;
    cursor.next();
    let Some(next) = cursor.next() else {
        return Err(SyntaxError::new(Code::TrailingBackslash, ""));
    };
    let code = match next {
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        'x' => hexadecimal(cursor),
        '0' => Some(octal(0, cursor)),
        // A single digit would be a back reference, which this kind of engine can not have.
        '1'..='7' if cursor.peek().is_some_and(|c| c.is_digit(8)) => {
            Some(octal(next.to_digit(8).unwrap_or(0), cursor))
        }
        _ if next.is_ascii() && !next.is_ascii_alphanumeric() => Some(u32::from(next)),
        _ => None,
    };
    code.ok_or_else(|| SyntaxError::new(Code::Escape, cursor.since(start)))
}

/// Up to two more octal digits.
fn octal(first: u32, cursor: &mut Cursor<'_>) -> u32 {
    let mut code = first;
    for _ in 0..2 {
        let Some(digit) = cursor.peek().and_then(|c| c.to_digit(8)) else {
            break;
        };
        cursor.next();
        code = code * 8 + digit;
    }
    code
}

/// Two digits, or any number of them in braces.
fn hexadecimal(cursor: &mut Cursor<'_>) -> Option<u32> {
    let first = cursor.next()?;
    if first != '{' {
        let second = cursor.next();
        return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
    }
    let mut code = None;
    loop {
        match cursor.next()? {
            '}' => return code,
            digit => {
                let next = code.unwrap_or(0) * 16 + digit.to_digit(16)?;
                if next > MAX_CHAR {
                    return None;
                }
                code = Some(next);
            }
        }
    }
}
