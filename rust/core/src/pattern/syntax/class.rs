//! Classes of characters: `[a-z]`, `[^[:alpha:]\d]`, `\w`.

use super::cursor::Cursor;
use super::escape::{MAX_CHAR, escape};
use super::property::unicode_class;
use super::{Code, SyntaxError};
use std::fmt::Write;

/// Matches nothing at all.
pub(super) const NOTHING: &str = r"[^\x00-\x{10FFFF}]";
const EVERYTHING: &str = r"[\x00-\x{10FFFF}]";

/// Ranges of ASCII, as they stand inside brackets.
type Ranges = &'static str;

const DIGIT: Ranges = "0-9";
const WORD: Ranges = "0-9A-Z_a-z";

/// The class that `\d`, `\s` or `\w` stands for; Go's are ASCII only, and `\s` has no vertical tab.
fn perl(letter: char) -> Option<Ranges> {
    match letter {
        'd' => Some(DIGIT),
        's' => Some(r"\t\n\x0C\r\x20"),
        'w' => Some(WORD),
        _ => None,
    }
}

fn posix(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => r"\x00-\x7F",
        "blank" => r"\t\x20",
        "cntrl" => r"\x00-\x1F\x7F",
        "digit" => DIGIT,
        "graph" => r"\x21-\x7E",
        "lower" => "a-z",
        "print" => r"\x20-\x7E",
        "punct" => r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "space" => r"\t-\r\x20",
        "upper" => "A-Z",
        "word" => WORD,
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    })
}

/// Reads `\d`, `\D`, `\s`, `\S`, `\w` or `\W`, if one comes next.
pub(super) fn perl_class(cursor: &mut Cursor<'_>) -> Option<String> {
    let (Some('\\'), Some(letter)) = (cursor.peek(), cursor.peek_second()) else {
        return None;
    };
    let ranges = perl(letter.to_ascii_lowercase())?;
    cursor.next();
    cursor.next();
    Some(set(letter.is_ascii_uppercase(), ranges))
}

fn set(negated: bool, content: &str) -> String {
    format!("[{}{content}]", if negated { "^" } else { "" })
}

/// Reads a class in brackets, its opening bracket included.
///
/// # Errors
///
/// A bracket that does not close, a range that runs backwards, a class name or escape that is none.
pub(super) fn bracketed(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = *cursor;
    cursor.next();
    let negated = cursor.eat("^");
    let mut content = String::new();
    let mut first = true;
    // A bracket that closes at once is one of the characters.
    while first || cursor.peek() != Some(']') {
        first = false;
        if let Some(class) = posix_class(cursor)? {
            content.push_str(&class);
        } else if let Some(class) = unicode_class(cursor)? {
            content.push_str(&class);
        } else if let Some(class) = perl_class(cursor) {
            content.push_str(&class);
        } else {
            let range = *cursor;
            let low = character(cursor, start)?;
            let mut high = low;
            if cursor.peek() == Some('-') && cursor.peek_second().is_some_and(|c| c != ']') {
                cursor.next();
                high = character(cursor, start)?;
                if high < low {
                    return Err(SyntaxError::new(Code::CharRange, cursor.since(range)));
                }
            }
            push_range(low, high, &mut content);
        }
    }
    cursor.next();
    Ok(match (content.is_empty(), negated) {
        (true, false) => NOTHING.to_owned(),
        (true, true) => EVERYTHING.to_owned(),
        (false, negated) => set(negated, &content),
    })
}

/// Reads `[:alpha:]` or `[:^alpha:]`, if one comes next.
fn posix_class(cursor: &mut Cursor<'_>) -> Result<Option<String>, SyntaxError> {
    let start = *cursor;
    if !cursor.eat("[:") {
        return Ok(None);
    }
    let Some(name) = cursor.until(":]") else {
        *cursor = start;
        return Ok(None);
    };
    let (negated, plain) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    match posix(plain) {
        Some(ranges) => Ok(Some(set(negated, ranges))),
        None => Err(SyntaxError::new(Code::CharRange, cursor.since(start))),
    }
}

/// Reads one character of a class that began at `class`.
fn character(cursor: &mut Cursor<'_>, class: Cursor<'_>) -> Result<u32, SyntaxError> {
    match cursor.peek() {
        None => Err(SyntaxError::new(Code::MissingBracket, class.rest())),
        Some('\\') => escape(cursor),
        Some(other) => {
            cursor.next();
            Ok(u32::from(other))
        }
    }
}

/// Adds a range, without the surrogates: no text has them, and the engine has no way to write them.
fn push_range(low: u32, high: u32, content: &mut String) {
    const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
    for (low, high) in [
        (low, high.min(SURROGATES.0 - 1)),
        (low.max(SURROGATES.1 + 1), high.min(MAX_CHAR)),
    ] {
        if low <= high {
            // Writing to a string does not fail.
            let _ = write!(content, r"\x{{{low:X}}}-\x{{{high:X}}}");
        }
    }
}
