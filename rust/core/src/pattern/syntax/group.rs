//! What may stand behind an opening parenthesis and a question mark: names and flags.

use super::cursor::Cursor;
use super::frame::Flags;
use super::{Code, SyntaxError};

/// What the beginning of a group means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// `(?P<name>` or `(?<name>`
    Named,
    /// `(?i:`: a group with flags of its own.
    Flagged(Flags),
    /// `(?i)`: flags for the rest of the group around.
    Flags(Flags),
}

/// Reads the beginning of a group, from its parenthesis on; a question mark follows it.
///
/// # Errors
///
/// Names that are none, and all that Perl has and Go has not: lookaround, conditions, comments, other flags.
pub(super) fn opening(cursor: &mut Cursor<'_>, mut flags: Flags) -> Result<Opening, SyntaxError> {
    let start = *cursor;
    let rest = cursor.rest();
    let is_named = ["(?P<", "(?<"]
        .iter()
        .any(|prefix| rest.len() > prefix.len() && rest.starts_with(prefix));
    if is_named {
        return named(cursor);
    }
    cursor.eat("(?");
    let mut on = true;
    // Whether a flag came since the sign: a sign without one means nothing.
    let mut any = false;
    while let Some(next) = cursor.next() {
        let flag = match next {
            'i' => &mut flags.fold,
            'm' => &mut flags.multi_line,
            's' => &mut flags.dot_newline,
            'U' => &mut flags.lazy,
            '-' if on => {
                (on, any) = (false, false);
                continue;
            }
            ':' if on || any => return Ok(Opening::Flagged(flags)),
            ')' if on || any => return Ok(Opening::Flags(flags)),
            _ => break,
        };
        *flag = on;
        any = true;
    }
    Err(SyntaxError::new(Code::PerlOp, cursor.since(start)))
}

fn named(cursor: &mut Cursor<'_>) -> Result<Opening, SyntaxError> {
    let start = *cursor;
    cursor.until("<");
    let Some(name) = cursor.until(">") else {
        return Err(SyntaxError::new(Code::NamedCapture, start.rest()));
    };
    if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
        return Err(SyntaxError::new(Code::NamedCapture, cursor.since(start)));
    }
    Ok(Opening::Named)
}
