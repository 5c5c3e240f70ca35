//! Go's regular-expression syntax, put into the engine's own.
//!
//! Both engines match in linear time and mean the same by most of what people write. They differ in what `\d`, `\w`,
//! `\s` and `\b` cover, in what may be escaped, in what a bracket inside brackets means and in what is refused. So the
//! expression is read in full by Go's rules and written anew without anything on which the two disagree: no flags
//! stay open, every class is spelled out, every character that could mean something is escaped.
//!
//! Source: the grammar of Go's `regexp/syntax` with its Perl flags, checked against Go on random expressions.

mod class;
mod cursor;
mod escape;
mod frame;
mod group;
mod parser;
mod property;
mod repeat;

use std::fmt;

/// What is wrong with an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    CharRange,
    Escape,
    NamedCapture,
    PerlOp,
    RepeatOp,
    RepeatSize,
    MissingBracket,
    MissingParen,
    MissingRepeatArgument,
    TrailingBackslash,
    UnexpectedParen,
    NestingDepth,
    Large,
}

impl Code {
    const fn text(self) -> &'static str {
        match self {
            Self::CharRange => "invalid character class range",
            Self::Escape => "invalid escape sequence",
            Self::NamedCapture => "invalid named capture",
            Self::PerlOp => "invalid or unsupported Perl syntax",
            Self::RepeatOp => "invalid nested repetition operator",
            Self::RepeatSize => "invalid repeat count",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
            Self::NestingDepth => "expression nests too deeply",
            Self::Large => "expression too large",
        }
    }
}

/// What is wrong with an expression, and the part of it that is, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    code: Code,
    fragment: String,
}

impl SyntaxError {
    pub(super) fn new(code: Code, fragment: impl Into<String>) -> Self {
        Self {
            code,
            fragment: fragment.into(),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "error parsing regexp: {}: `{}`",
            self.code.text(),
            self.fragment
        )
    }
}

/// The expression as the engine writes it: over UTF-8 bytes, with Unicode on and no other flag.
///
/// # Errors
///
/// What Go refuses, with Go's message.
pub(super) fn translate(go: &str) -> Result<String, SyntaxError> {
    parser::Parser::new(go).run()
}

/// What to say when the engine refuses a translated expression: it does so for its size only.
pub(super) fn refused_by_engine(source: &str, error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => SyntaxError::new(Code::Large, source).to_string(),
        other => format!("error parsing regexp: {other}"),
    }
}
