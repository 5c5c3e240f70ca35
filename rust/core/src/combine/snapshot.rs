//! Values that count what happened, and values that count what is there.
//!
//! Allocations, CPU time and waits are counted over a time: those of two profiles add up. Memory in use and goroutines
//! are counted at an instant: over the profiles of one process their sum means nothing, a mean or the last one does.

use serde::{Deserialize, Serialize};

/// What becomes of snapshot values when profiles are merged. Other values are always added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Snapshots {
    /// Added: right for profiles of different processes at one time. What pprof does.
    #[default]
    Sum,
    /// The mean over all profiles: right for profiles of one process over time.
    Mean,
    /// Those of the latest profile; profiles of one instant are added.
    Last,
}

impl Snapshots {
    /// A name that never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Last => "last",
        }
    }
}

/// Names of sample types that are snapshots. Sources: Go's `runtime/pprof` (heap, goroutine and threadcreate
/// profiles are absolute, and `delta-heap` leaves `inuse_*` absolute); the live-heap samples of the Datadog tracers for Java
/// (`heap-live-*`), Python and Ruby (`heap-live-*`), .NET (`inuse-*`) and Node (`objects`, `space` of its heap profile).
const SNAPSHOTS: &[&[u8]] = &[
    b"goroutine",
    b"goroutines",
    b"goroutineleak",
    b"threadcreate",
    b"objects",
    b"space",
    b"heap-space",
    b"heap-live-samples",
    b"heap-live-size",
    b"heap-live-objects",
    b"heap_live_samples",
    b"heap_live_size",
    b"heap_live_objects",
];
/// Beginnings of such names: memory in use of Go, gperftools, jemalloc and .NET.
const SNAPSHOT_BEGINNINGS: &[&[u8]] = &[b"inuse_", b"inuse-"];

/// Whether a sample type counts what is there at an instant.
#[must_use]
pub fn is_snapshot(sample_type: &[u8]) -> bool {
    SNAPSHOTS.contains(&sample_type)
        || SNAPSHOT_BEGINNINGS
            .iter()
            .any(|beginning| sample_type.starts_with(beginning))
}
