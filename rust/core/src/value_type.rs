//! What a value counts, and which of the values of a sample is looked at.

use crate::error::{Error, ErrorKind, Result};
use crate::ids::StringId;
use crate::profile::Profile;

/// A type (`cpu`, `alloc_space`) and its unit (`nanoseconds`, `bytes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ValueType {
    /// What is counted.
    pub type_: StringId,
    /// In what.
    pub unit: StringId,
}

impl Profile {
    /// The names of the sample types, in order.
    #[must_use]
    pub fn sample_type_names(&self) -> Vec<String> {
        self.header
            .sample_types
            .iter()
            .map(|st| self.strings.text(st.type_).into_owned())
            .collect()
    }

    /// The sample type that is meant by `asked`.
    ///
    /// Empty means the profile's default sample type if it names one that exists, else the last. Digits are an index
    /// from 0. A name is looked up as it is and without a leading `inuse_`, so that `inuse_space` finds `space`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownSampleType`] with the names that exist.
    pub fn sample_index(&self, asked: &str) -> Result<usize> {
        let types = &self.header.sample_types;
        let unknown = || {
            Error::new(ErrorKind::UnknownSampleType {
                asked: asked.to_owned(),
                available: self.sample_type_names(),
            })
        };
        if asked.is_empty() {
            let default = self.header.default_sample_type;
            let named = types
                .iter()
                .position(|st| !default.is_empty() && st.type_ == default);
            return named.or_else(|| types.len().checked_sub(1)).ok_or_else(unknown);
        }
        if let Ok(index) = asked.parse::<i64>() {
            return usize::try_from(index)
                .ok()
                .filter(|&index| index < types.len())
                .ok_or_else(unknown);
        }
        let without_prefix = asked.strip_prefix("inuse_").unwrap_or(asked);
        types
            .iter()
            .position(|st| {
                let name = self.strings.get(st.type_);
                name == asked.as_bytes() || name == without_prefix.as_bytes()
            })
            .ok_or_else(unknown)
    }
}
