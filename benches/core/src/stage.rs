//! The stages of the core, as they are timed and counted.

#![allow(clippy::expect_used, reason = "a benchmark that meets a surprise should stop")]

use crate::workload::WORKLOADS;
use flate2::{Compression, write::GzEncoder};
use pprof_core::aggregate::{GraphBuilder, GraphOptions, SampleValue, total, trim::Trim};
use pprof_core::view::{Granularity, View};
use pprof_core::{Limits, Profile, combine, wire};
use std::io::{self, Write};

/// The second sample type: bytes, nanoseconds.
const VALUE: SampleValue = SampleValue {
    index: 1,
    mean: false,
};

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

/// Profiles to one.
///
/// # Panics
///
/// The profiles do not go together.
#[must_use]
pub fn merge(profiles: &[Profile]) -> Profile {
    let parts: Vec<&Profile> = profiles.iter().collect();
    combine::merge(&parts).expect("profiles of one program go together")
}

/// The total, and what the heaviest function has of it: all of a top table but its text.
#[must_use]
pub fn top(profile: &Profile) -> (i64, i64) {
    let mut view = View::new(profile);
    let total = total(&view, VALUE);
    view.aggregate(Granularity::Functions, false, false);
    let trim = Trim {
        nodecount: 80,
        nodefraction: 0.005,
        edgefraction: 0.001,
        cum_sort: false,
        visual: false,
    };
    let options = GraphOptions {
        only_inlined_edges: true,
        ..GraphOptions::plain(VALUE)
    };
    let graph = GraphBuilder::new(&view, options).trimmed(&trim).graph;
    let heaviest = graph.order.first().map_or(0, |&id| graph.nodes[id].flat.value);
    (total, heaviest)
}

/// The sum of all samples.
#[must_use]
pub fn sum(profile: &Profile) -> i64 {
    profile.samples.values[VALUE.index].iter().sum()
}
