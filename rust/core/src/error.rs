//! What can go wrong, as data: a kind, the place, and a sentence for people.

use std::fmt;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Where in the input something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Byte offset in the decompressed bytes.
    Offset(u64),
    /// Byte offset in the bytes as given.
    InputOffset(u64),
    /// Line of a text form, counted from 1.
    Line(u64),
    /// A row named by the id the file gives it.
    Row {
        /// `sample`, `location`, `function` or `mapping`.
        table: &'static str,
        /// The id in the file, or for samples the position counted from 0.
        id: u64,
    },
    /// An entry of a zip bundle.
    Entry(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(at) => write!(f, "byte {at} of the decompressed profile"),
            Self::InputOffset(at) => write!(f, "byte {at} of the input"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row { table, id } => write!(f, "{table} {id}"),
            Self::Entry(name) => write!(f, "entry {name:?}"),
        }
    }
}

/// The kinds of error, each with a stable code ([`ErrorKind::code`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are no profile of any form that is read here.
    #[error("not a profile: {found}")]
    NotAProfile {
        /// What the first bytes look like.
        found: String,
    },
    /// There are no bytes.
    #[error("empty input: there are no bytes to read")]
    EmptyInput,
    /// The bytes end in the middle of something.
    #[error("truncated profile: {detail}")]
    Truncated {
        /// What was being read.
        detail: String,
    },
    /// Two profiles one behind the other in one file.
    #[error(
        "two profiles in one file: the second begins after the first; split them and merge with `pprof-mcp merge`"
    )]
    Concatenated,
    /// The form is known but its content breaks a rule of the format.
    #[error("invalid profile: {detail}")]
    Invalid {
        /// Which rule, with the numbers found.
        detail: String,
    },
    /// A limit of [`crate::Limits`] was passed.
    #[error("profile too large: {what} over the limit of {limit}")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The limit in force.
        limit: u64,
        /// The field of [`crate::Limits`].
        setting: &'static str,
    },
    /// A regular expression does not compile.
    #[error("{option}: bad regular expression {pattern:?}: {detail}")]
    InvalidPattern {
        /// The option it was given to (`focus`, ...).
        option: String,
        /// The pattern as given.
        pattern: String,
        /// What the engine said.
        detail: String,
    },
    /// No such sample type.
    #[error("unknown sample type {asked:?}; this profile has: {}", .available.join(", "))]
    UnknownSampleType {
        /// What was asked for.
        asked: String,
        /// The sample types of the profile.
        available: Vec<String>,
    },
    /// Profiles that can not be combined.
    #[error("incompatible profiles: {detail}")]
    Incompatible {
        /// How they differ.
        detail: String,
    },
    /// An argument outside its range.
    #[error("{argument}: {detail}")]
    InvalidArgument {
        /// The argument.
        argument: &'static str,
        /// What is allowed.
        detail: String,
    },
    /// An expression that a report is about matches nothing in it.
    #[error("no matches found for regexp: {pattern}")]
    NoMatches {
        /// The pattern as given.
        pattern: String,
    },
    /// A file that can not be read.
    #[error("can not be read: {detail}")]
    Unreadable {
        /// What the system said.
        detail: String,
    },
    /// Whoever asked no longer wants the answer.
    #[error("cancelled")]
    Cancelled,
}

impl ErrorKind {
    /// A name that never changes, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAProfile { .. } => "not_a_profile",
            Self::EmptyInput => "empty_input",
            Self::Truncated { .. } => "truncated_profile",
            Self::Concatenated => "concatenated_profile",
            Self::Invalid { .. } => "invalid_profile",
            Self::TooLarge { .. } => "profile_too_large",
            Self::InvalidPattern { .. } => "invalid_pattern",
            Self::UnknownSampleType { .. } => "unknown_sample_type",
            Self::Incompatible { .. } => "incompatible_profiles",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::NoMatches { .. } => "no_matches",
            Self::Unreadable { .. } => "unreadable",
            Self::Cancelled => "cancelled",
        }
    }

    /// Every code there is, so that a caller can prove that it maps all of them.
    pub const CODES: &'static [&'static str] = &[
        "not_a_profile",
        "empty_input",
        "truncated_profile",
        "concatenated_profile",
        "invalid_profile",
        "profile_too_large",
        "invalid_pattern",
        "unknown_sample_type",
        "incompatible_profiles",
        "invalid_argument",
        "no_matches",
        "unreadable",
        "cancelled",
    ];
}

/// An error: what kind, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub kind: Box<ErrorKind>,
    /// Where, when a place is known.
    pub place: Option<Place>,
    /// Which of several inputs, when there are several.
    pub input: Option<String>,
}

impl Error {
    /// An error without a place.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            place: None,
            input: None,
        }
    }

    /// The same error at `place`, unless it already has one (the innermost place is the most precise).
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    /// A broken rule of the format.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid {
            detail: detail.into(),
        })
    }

    /// Input that ends too early.
    #[must_use]
    pub fn truncated(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Truncated {
            detail: detail.into(),
        })
    }

    /// Input that is of no known form.
    #[must_use]
    pub fn not_a_profile(found: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotAProfile { found: found.into() })
    }

    /// A passed limit.
    #[must_use]
    pub fn too_large(what: &'static str, limit: u64, setting: &'static str) -> Self {
        Self::new(ErrorKind::TooLarge { what, limit, setting })
    }

    /// Profiles that do not go together.
    #[must_use]
    pub fn incompatible(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Incompatible {
            detail: detail.into(),
        })
    }

    /// The same error, naming the input it is about.
    #[must_use]
    pub fn of_input(mut self, name: &str) -> Self {
        self.input = Some(name.to_owned());
        self
    }

    /// The stable code of the kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = &self.input {
            write!(f, "{input}: ")?;
        }
        match &self.place {
            Some(place) => write!(f, "{} (at {place})", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for Error {}
