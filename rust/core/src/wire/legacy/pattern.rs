//! Compiled expressions.

use regex::bytes::{Captures, Regex, RegexBuilder};
use std::sync::LazyLock;

/// An expression compiled at its first use.
///
/// Expressions work on bytes, so that a name in any encoding passes, and on ASCII classes only. White space
/// is spelled out in them: pprof's `\s` has no vertical tab.
pub(super) type Pattern = LazyLock<Regex>;

/// Compiles a literal of this module.
#[allow(
    clippy::expect_used,
    reason = "the sources are literals, and the tests of each form use them"
)]
pub(super) fn compile(source: &'static str) -> Regex {
    RegexBuilder::new(source)
        .unicode(false)
        .build()
        .expect("a literal expression compiles")
}

/// The bytes of a group; empty when it took no part in the match.
pub(super) fn group<'t>(captures: &Captures<'t>, index: usize) -> &'t [u8] {
    captures.get(index).map_or(&[], |found| found.as_bytes())
}
