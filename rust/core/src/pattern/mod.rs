//! Regular expressions as Go reads them, matched against the byte strings of a profile.

mod syntax;

use crate::error::{Error, ErrorKind, Result};
use crate::ids::StringId;
use regex::bytes::{Regex, RegexBuilder};
use std::borrow::Cow;

/// Bytes a compiled expression may take.
///
/// Measured: `\pL{1000}`, the most that Go's bound of 1000 copies allows of one class, takes 40 to 48 MiB here. What takes
/// more than this limit is refused as too large, though Go would take it.
const SIZE_LIMIT: usize = 64 << 20;

/// Parentheses inside each other. The translation has held Go's limit on what is nested; groups that only group are not
/// limited by Go, and cost the engine's parser no stack.
const NEST_LIMIT: u32 = u32::MAX;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `source`, which was given to `option`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPattern`] with Go's own message for what is wrong.
    pub fn new(option: &str, source: &str) -> Result<Self> {
        let bad = |detail: String| {
            Error::new(ErrorKind::InvalidPattern {
                option: option.to_owned(),
                pattern: source.to_owned(),
                detail,
            })
        };
        let translated = syntax::translate(source).map_err(|error| bad(error.to_string()))?;
        let regex = RegexBuilder::new(&translated)
            .size_limit(SIZE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
            .map_err(|error| bad(syntax::refused_by_engine(source, &error)))?;
        Ok(Self {
            source: source.to_owned(),
            regex,
        })
    }

    /// Compiles `source` unless it is empty, which stands for an option that was not given.
    ///
    /// # Errors
    ///
    /// As [`Pattern::new`].
    pub fn optional(option: &str, source: &str) -> Result<Option<Self>> {
        if source.is_empty() {
            Ok(None)
        } else {
            Self::new(option, source).map(Some)
        }
    }

    /// The expression as given.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether `text` has a match anywhere. A byte that is not UTF-8 counts as U+FFFD, as in Go.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        match std::str::from_utf8(text) {
            Ok(_) => self.regex.is_match(text),
            Err(_) => self.regex.is_match(replace_invalid(text).as_bytes()),
        }
    }
}

/// Text with every byte that is not part of valid UTF-8 replaced by U+FFFD.
fn replace_invalid(text: &[u8]) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len() + 8);
    for chunk in text.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(out)
}

/// A pattern that remembers its answer for each string of a profile.
#[derive(Debug)]
pub(crate) struct Memo<'a> {
    pattern: &'a Pattern,
    answers: Vec<Option<bool>>,
}

impl<'a> Memo<'a> {
    pub(crate) fn new(pattern: &'a Pattern, strings: usize) -> Self {
        Self {
            pattern,
            answers: vec![None; strings],
        }
    }

    pub(crate) fn is_match(&mut self, id: StringId, strings: &crate::table::Strings) -> bool {
        let pattern = self.pattern;
        *self.answers[id.index()].get_or_insert_with(|| pattern.is_match(strings.get(id)))
    }
}
