//! The private module `pprof_mcp._native`: bytes in, aggregates out.
//!
//! Nothing here computes: arguments become Rust values, the core runs with the interpreter released ([`enter`]), and what
//! comes back becomes bytes, mostly JSON for a typed model. Errors take one way out ([`error`]).

mod enter;
mod error;
mod merge;
mod picture;
mod profile;
mod questions;
mod report;

use pyo3::prelude::*;
use std::collections::BTreeMap;

/// Version and build profile, so that a debug build is seen.
#[pyfunction]
fn build_info() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("version", env!("CARGO_PKG_VERSION")),
        (
            "profile",
            if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        ),
    ])
}

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::build_info;
    #[pymodule_export]
    use super::enter::Cancellation;
    #[pymodule_export]
    use super::error::error_codes;
    #[pymodule_export]
    use super::merge::{combine_partials, finish_partials, merge_inputs, merge_partly};
    #[pymodule_export]
    use super::picture::{callgraph, flamegraph};
    #[pymodule_export]
    use super::profile::{
        Profile, default_limits, diff, is_program, merge, prepare_source, sniff, unpack, zip_entries,
    };
    #[pymodule_export]
    use super::questions::{
        diff_paths, diff_top, functions, groups, lines, match_names, matching, paths, peek, pgo, storylines,
        tags, top, traces, unit_text, unit_value, way,
    };
    #[pymodule_export]
    use super::report::report;
}
