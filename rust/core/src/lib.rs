//! Opens, filters, aggregates, merges and writes pprof profiles.
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod combine;
pub mod error;
pub mod ids;
pub mod limits;
pub mod pattern;
pub mod profile;
pub mod report;
pub mod summary;
pub mod table;
pub mod unit;
pub mod value_type;
pub mod view;
pub mod wire;

pub use error::{Error, ErrorKind, Place, Result};
pub use limits::Limits;
pub use profile::{Header, Note, Profile, ProfileBuilder};
pub use value_type::ValueType;
