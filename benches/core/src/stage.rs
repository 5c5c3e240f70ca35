//! The stages of the core, as they are timed and counted.

#![allow(clippy::expect_used, reason = "a benchmark that meets a surprise should stop")]

use crate::workload::WORKLOADS;
use flate2::{Compression, write::GzEncoder};
use pprof_core::{Limits, Profile, combine, summary, wire};
use std::io::{self, Write};

/// The second sample type: bytes, nanoseconds.
const VALUE: usize = 1;

/// The first files of a workload in every form that a stage takes.
#[derive(Debug)]
pub struct Input {
    /// Name of the workload.
    pub name: &'static str,
    /// Files, compressed.
    pub zipped: Vec<Vec<u8>>,
    /// Files, not compressed.
    pub raw: Vec<Vec<u8>>,
    /// Files, decoded.
    pub profiles: Vec<Profile>,
}

impl Input {
    /// Makes the first `files` files of the workload of that name.
    ///
    /// # Errors
    ///
    /// There is no such workload.
    pub fn new(name: &str, files: u64) -> io::Result<Self> {
        let workload = WORKLOADS
            .iter()
            .find(|workload| workload.name == name)
            .ok_or_else(|| io::Error::other(format!("no workload '{name}'")))?;
        let (mut raw, mut zipped) = (Vec::new(), Vec::new());
        for file in 0..files {
            let (bytes, _) = workload.write(Vec::new(), file)?;
            let mut zipper = GzEncoder::new(Vec::new(), Compression::new(workload.level()));
            zipper.write_all(&bytes)?;
            zipped.push(zipper.finish()?);
            raw.push(bytes);
        }
        Ok(Self {
            name: workload.name,
            zipped,
            profiles: raw.iter().map(|bytes| decode(bytes)).collect(),
            raw,
        })
    }
}

/// Bytes to profile.
///
/// # Panics
///
/// The bytes are no profile.
#[must_use]
pub fn decode(bytes: &[u8]) -> Profile {
    wire::decode(bytes, &Limits::default()).expect("what was written can be read")
}

/// Profile to bytes, not compressed.
///
/// # Panics
///
/// Never: without compression nothing can fail.
#[must_use]
pub fn encode(profile: &Profile) -> Vec<u8> {
    wire::encode(profile, wire::Compression::None).expect("no compression can not fail")
}

/// Files, compressed, to one profile: inflated, folded into a partial and put in order, on one thread.
///
/// # Panics
///
/// The files do not go together.
#[must_use]
pub fn merge(zipped: &[Vec<u8>]) -> Profile {
    let mut partial = combine::Partial::default();
    for bytes in zipped {
        partial
            .add("", bytes, &Limits::default())
            .expect("what was written can be read");
    }
    let merged = partial.finish().expect("profiles of one program go together");
    merged.profile
}

/// The total, and what the heaviest function has of it.
///
/// # Panics
///
/// There is no second sample type.
#[must_use]
pub fn top(profile: &Profile) -> (i64, i64) {
    let query = summary::TopQuery {
        filters: summary::Filters {
            sample_index: VALUE.to_string(),
            ..summary::Filters::default()
        },
        nodefraction: 0.005,
        limit: 80,
        ..summary::TopQuery::default()
    };
    let top = summary::top(profile, &query).expect("the sample type is there");
    (top.total, top.rows.first().map_or(0, |row| row.flat))
}

/// The sum of all samples.
#[must_use]
pub fn sum(profile: &Profile) -> i64 {
    profile.samples.values[VALUE].iter().sum()
}
