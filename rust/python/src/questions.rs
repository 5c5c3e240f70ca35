//! Questions to a profile: options in and answers out as JSON.

use crate::enter::enter_long;
use crate::profile::Profile;
use pprof_core::pattern::Pattern;
use pprof_core::{Error, ErrorKind, Result, summary};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Options from their JSON text.
pub(crate) fn parse<T: DeserializeOwned>(spec: &str) -> Result<T> {
    serde_json::from_str(spec).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument {
            argument: "spec",
            detail: format!("not the options of this call: {error}"),
        })
    })
}

/// An answer as JSON text.
pub(crate) fn json<T: Serialize>(answer: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(answer)
        .map_err(|error| Error::invalid(format!("an answer can not be written: {error}")))
}

fn ask<'py, Q: DeserializeOwned, A: Serialize>(
    profile: &Bound<'py, Profile>,
    spec: &str,
    question: impl FnOnce(&pprof_core::Profile, &Q) -> Result<A> + Send + 'static,
) -> PyResult<Bound<'py, PyBytes>> {
    let inner = Arc::clone(&profile.get().inner);
    answer(profile.py(), profile.get().is_long(), spec, move |query| {
        question(&inner, query)
    })
}

/// As [`ask`], about two profiles.
fn ask_both<'py, Q: DeserializeOwned, A: Serialize>(
    base: &Bound<'py, Profile>,
    profile: &Bound<'py, Profile>,
    spec: &str,
    question: impl FnOnce(&pprof_core::Profile, &pprof_core::Profile, &Q) -> Result<A> + Send + 'static,
) -> PyResult<Bound<'py, PyBytes>> {
    let is_long = base.get().is_long() || profile.get().is_long();
    let (base, inner) = (Arc::clone(&base.get().inner), Arc::clone(&profile.get().inner));
    answer(profile.py(), is_long, spec, move |query| {
        question(&base, &inner, query)
    })
}

fn answer<'py, Q: DeserializeOwned, A: Serialize>(
    py: Python<'py>,
    is_long: bool,
    spec: &str,
    question: impl FnOnce(&Q) -> Result<A> + Send + 'static,
) -> PyResult<Bound<'py, PyBytes>> {
    let spec = spec.to_owned();
    let bytes = enter_long(py, is_long, move || json(&question(&parse(&spec)?)?))?;
    Ok(PyBytes::new(py, &bytes))
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident: $query:ty),+ $(,)?) => {$(
        $(#[$doc])*
        #[pyfunction]
        pub(crate) fn $name<'py>(profile: &Bound<'py, Profile>, spec: &str) -> PyResult<Bound<'py, PyBytes>> {
            ask(profile, spec, |profile, query: &$query| summary::$name(profile, query))
        }
    )+};
}

questions! {
    /// Flat and cum by node.
    top: summary::TopQuery,
    /// Callers and callees.
    peek: summary::PeekQuery,
    /// Values by label.
    tags: summary::TagsQuery,
    /// Stacks.
    traces: summary::TracesQuery,
    /// Ways to a function.
    paths: summary::PathsQuery,
    /// Every function with what it costs.
    functions: summary::FunctionsQuery,
    /// What each line of some functions costs.
    lines: summary::LinesQuery,
    /// What the functions that patterns match cost.
    matching: summary::MatchingQuery,
    /// The heaviest way through a function.
    way: summary::WayQuery,
    /// How much of it a compiler can use.
    pgo: summary::PgoQuery,
}

/// Two profiles side by side, by node.
#[pyfunction]
pub(crate) fn diff_top<'py>(
    base: &Bound<'py, Profile>,
    profile: &Bound<'py, Profile>,
    spec: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    ask_both(base, profile, spec, summary::diff_top)
}

/// Two profiles side by side, by path.
#[pyfunction]
pub(crate) fn diff_paths<'py>(
    base: &Bound<'py, Profile>,
    profile: &Bound<'py, Profile>,
    spec: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    ask_both(base, profile, spec, summary::diff_paths)
}

/// Samples grouped by what is known of functions: `marks` has two bytes for each, the lower first.
#[pyfunction]
pub(crate) fn groups<'py>(
    profile: &Bound<'py, Profile>,
    spec: &str,
    marks: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let marks: Vec<u16> = marks
        .as_chunks()
        .0
        .iter()
        .map(|bytes| u16::from_le_bytes(*bytes))
        .collect();
    ask(profile, spec, move |profile, query| {
        summary::groups(profile, query, &marks)
    })
}

/// The heaviest ways through own code: `marks` as for [`groups`], `folds` has four bytes for each function, the lowest first.
#[pyfunction]
pub(crate) fn storylines<'py>(
    profile: &Bound<'py, Profile>,
    spec: &str,
    marks: &[u8],
    folds: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let marks: Vec<u16> = marks
        .as_chunks()
        .0
        .iter()
        .map(|bytes| u16::from_le_bytes(*bytes))
        .collect();
    let folds: Vec<u32> = folds
        .as_chunks()
        .0
        .iter()
        .map(|bytes| u32::from_le_bytes(*bytes))
        .collect();
    ask(profile, spec, move |profile, query| {
        summary::storylines(profile, query, &marks, &folds)
    })
}

/// For each name whether a regular expression, as Go reads it, matches.
#[pyfunction]
pub(crate) fn match_names(py: Python<'_>, pattern: &str, names: Vec<String>) -> PyResult<Vec<bool>> {
    let pattern = pattern.to_owned();
    enter_long(py, names.len() > 10_000, move || {
        let pattern = Pattern::new("function", &pattern)?;
        Ok(names
            .iter()
            .map(|name| pattern.is_match(name.as_bytes()))
            .collect())
    })
}

/// A number with the unit that fits it, as reports print it.
#[pyfunction]
pub(crate) fn unit_text(value: f64, unit: &str) -> String {
    pprof_core::unit::label_float(value, unit)
}

/// A number of one unit in another; None where they measure different things, or one is not known.
#[pyfunction]
#[pyo3(signature = (value, from_, to))]
pub(crate) fn unit_value(value: f64, from_: &str, to: &str) -> Option<f64> {
    pprof_core::unit::convert(value, from_, to)
}
