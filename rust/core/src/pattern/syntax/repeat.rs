//! Repetitions: `*`, `+`, `?`, `{2,5}`.

use super::cursor::Cursor;
use super::frame::{MAX_COPIES, Part, Shape};
use super::{Code, SyntaxError};

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Star,
    Plus,
    Quest,
    /// At least and at most; no bound above when `None`.
    Counted(u64, Option<u64>),
}

/// Numbers from here on are too large to say more of.
const HUGE: u64 = 100_000_000;

impl Repeat {
    /// Reads `{2}`, `{2,}` or `{2,5}`, if one comes next. Anything else in braces is text.
    ///
    /// # Errors
    ///
    /// Counts over 1000 or in the wrong order.
    pub(super) fn counted(cursor: &mut Cursor<'_>) -> Result<Option<Self>, SyntaxError> {
        let mut ahead = *cursor;
        let Some((low, high)) = counts(&mut ahead) else {
            return Ok(None);
        };
        let read = ahead.since(*cursor);
        *cursor = ahead;
        if low > MAX_COPIES || high.is_some_and(|high| high > MAX_COPIES || low > high) {
            return Err(SyntaxError::new(Code::RepeatSize, read));
        }
        Ok(Some(Self::Counted(low, high)))
    }

    /// `part` repeated: its measures by Go's count.
    pub(super) fn of(self, part: Part) -> Part {
        let (size, copies) = match self {
            Self::Star | Self::Counted(0, None) => (part.size.saturating_add(2), part.copies),
            Self::Plus | Self::Quest => (part.size.saturating_add(1), part.copies),
            Self::Counted(low, None) => (
                part.size.saturating_mul(low).saturating_add(1),
                part.copies.saturating_mul(low),
            ),
            Self::Counted(low, Some(high)) => (
                part.size.saturating_mul(high).saturating_add(high - low),
                part.copies.saturating_mul(high),
            ),
        };
        Part {
            shape: Shape::Repeat,
            height: part.height + 1,
            size: size.max(1),
            copies,
            start: part.start,
        }
    }

    /// Whether Go counts the copies that this makes.
    pub(super) fn multiplies(self) -> bool {
        matches!(self, Self::Counted(low, high) if low >= 2 || high.is_some_and(|high| high >= 2))
    }

    /// As the engine writes it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Star => "*".to_owned(),
            Self::Plus => "+".to_owned(),
            Self::Quest => "?".to_owned(),
            Self::Counted(low, None) => format!("{{{low},}}"),
            Self::Counted(low, Some(high)) => format!("{{{low},{high}}}"),
        }
    }
}

fn counts(cursor: &mut Cursor<'_>) -> Option<(u64, Option<u64>)> {
    if !cursor.eat("{") {
        return None;
    }
    let low = number(cursor)?;
    let high = if cursor.eat(",") {
        if cursor.peek()? == '}' {
            None
        } else {
            Some(number(cursor)?)
        }
    } else {
        Some(low)
    };
    cursor.eat("}").then_some((low, high))
}

/// A number without leading zeros.
fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.peek()?.to_digit(10)?;
    if first == 0 && cursor.peek_second().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut number = 0;
    while let Some(digit) = cursor.peek().and_then(|c| c.to_digit(10)) {
        cursor.next();
        number = (number * 10 + u64::from(digit)).min(HUGE);
    }
    Some(number)
}
