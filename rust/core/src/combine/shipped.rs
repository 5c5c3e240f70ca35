//! A partial merge as bytes, for another process to go on with: a head in JSON and the rows as a profile.

use super::gathered::Gathered;
use super::partial::{MergeOptions, Partial};
use super::snapshot::Snapshots;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::wire::{decode_proto, encode_proto};
use serde::{Deserialize, Serialize};

impl Partial {
    /// The partial as bytes, for another process to go on with. Equal partials give equal bytes.
    ///
    /// # Errors
    ///
    /// None in practice; the form of the header is fixed.
    pub fn to_bytes(mut self) -> Result<Vec<u8>> {
        self.reorder_columns();
        let state = State {
            options: self.options,
            gathered: self.gathered.clone(),
        };
        let head = serde_json::to_vec(&state)
            .map_err(|error| Error::invalid(format!("a partial merge can not be written: {error}")))?;
        let sums = vec![Snapshots::Sum; self.columns.len()];
        let profile = encode_proto(&self.build(&sums, 1, true));
        let mut bytes = MAGIC.to_vec();
        bytes.extend((head.len() as u64).to_le_bytes());
        bytes.extend(head);
        bytes.extend(profile);
        Ok(bytes)
    }

    /// A partial from [`Partial::to_bytes`].
    ///
    /// # Errors
    ///
    /// Bytes that are none, or that were changed.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let parts = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk::<8>);
        let Some((len, rest)) = parts else {
            return Err(Error::not_a_profile("no partial merge of this version"));
        };
        let len = usize::try_from(u64::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let Some((head, content)) = rest.split_at_checked(len) else {
            return Err(Error::truncated(
                "the bytes end inside the head of a partial merge",
            ));
        };
        let state: State = serde_json::from_slice(head)
            .map_err(|error| Error::invalid(format!("the head of a partial merge: {error}")))?;
        let mut partial = Self::new(state.options);
        let shapes = &state.gathered.shapes;
        if shapes.count() == 0 {
            return Ok(partial);
        }
        partial.add_profile("", &decode_proto(content, limits)?);
        let columns = if state.options.intersect_types || shapes.agree() {
            shapes.shared()
        } else {
            partial.columns.clone()
        };
        if columns != partial.columns || state.gathered.magnitudes.len() != columns.len() {
            return Err(Error::invalid(
                "a partial merge whose head does not fit its samples",
            ));
        }
        partial.gathered = state.gathered;
        Ok(partial)
    }
}

/// What stands before the profile in the bytes of a partial.
#[derive(Serialize, Deserialize)]
struct State {
    options: MergeOptions,
    gathered: Gathered,
}

/// First bytes of a partial; the number counts versions of the form.
const MAGIC: &[u8] = b"pprof partial merge 1\n";
