//! Why a form did not take the bytes.

use crate::error::Error;

/// What a form says about bytes it does not take.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another form may know better. The error is there when the bytes began like this form, and is what the
    /// reader hears if no other form takes them.
    Unrecognized(Option<Error>),
    /// The bytes are of this form and broken: no other form is tried.
    Failed(Error),
}

impl Refusal {
    /// Bytes that do not begin like this form.
    pub(super) const FOREIGN: Self = Self::Unrecognized(None);
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
