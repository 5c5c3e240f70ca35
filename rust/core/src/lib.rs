//! Opens, filters, aggregates, merges and writes pprof profiles, with pprof's own numbers.
//!
//! The way of a profile through this crate, in order:
//!
//! 1. [`wire::decode`] takes off compression, told by content, and reads the protobuf form or one of the older
//!    ones, under [`Limits`]. Every id is checked; what goes wrong is an [`Error`] with a [`Place`].
//! 2. A [`Profile`] is interned columns ([`table`]) and never changes.
//! 3. A [`view::View`] is a profile with filters applied, in the one order of [`view::FilterSpec`].
//! 4. [`aggregate`] sums a view over nodes and edges; [`combine`] makes one profile of several.
//! 5. [`summary`] answers questions in rows, [`report`] in pprof's own text; [`wire::encode`] writes a profile.
//!
//! There is no Python here, no network, no clock and no environment.
//!
//! ```
//! use pprof_core::table::{Function, Line, Location};
//! use pprof_core::wire::{Compression, decode, encode};
//! use pprof_core::{Limits, ProfileBuilder, summary};
//!
//! let mut builder = ProfileBuilder::default();
//! let cpu = builder.value_type(b"cpu", b"nanoseconds");
//! builder.header.sample_types.push(cpu);
//! let mut location = |name: &[u8]| {
//!     let name = builder.string(name);
//!     let function = builder.function(Function { name, ..Function::default() });
//!     builder.location(Location::default(), &[Line { function, ..Line::default() }])
//! };
//! let (main, work) = (location(b"main")?, location(b"work")?);
//! builder.sample(&[work, main], &[30_000_000], &mut [])?;
//! builder.sample(&[main], &[10_000_000], &mut [])?;
//!
//! let file = encode(&builder.finish(), Compression::Gzip(6))?;
//! let profile = decode(&file, &Limits::default())?;
//! let top = summary::top(&profile, &summary::TopQuery::default())?;
//! let rows: Vec<_> = top.rows.iter().map(|row| (row.place.name.as_str(), row.flat_pct, row.cum_pct)).collect();
//! assert_eq!(rows, [("work", 75.0, 75.0), ("main", 25.0, 100.0)]);
//! # Ok::<(), pprof_core::Error>(())
//! ```
#![deny(unsafe_code)]

pub mod aggregate;
pub mod combine;
pub mod error;
pub mod ids;
pub mod interrupt;
pub mod limits;
pub mod pattern;
pub mod picture;
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
