//! Interned columns: the parts of a profile, one table a file.
//!
//! A table is a set of equally long columns; a row is named by its position ([`crate::ids`]). Rows are only ever
//! added while a profile is built; afterwards nothing changes, so readers share tables without locks.

mod arena;
mod file_ids;
mod functions;
mod index;
mod labels;
mod locations;
mod mappings;
mod samples;
mod stacks;
mod strings;

pub use arena::{ByteArena, Interner};
pub use file_ids::FileIds;
pub use functions::{Function, Functions};
pub(crate) use index::{NO_ROW, RowIndex};
pub use labels::{Label, LabelSets, LabelSetsBuilder, LabelValue};
pub use locations::{Line, Location, Locations};
pub use mappings::{Mapping, Mappings};
pub use samples::Samples;
pub(crate) use stacks::{Packer, pack};
pub use stacks::{StackFrames, Stacks, StacksBuilder};
pub use strings::{Strings, StringsBuilder};
