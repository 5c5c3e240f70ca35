//! Pictures: SVG and what is to be said about it.

use crate::enter::enter_long;
use crate::profile::Profile;
use crate::questions::{json, parse};
use pprof_core::picture;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

type Picture<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// A flame graph of a profile, or of what changed since another.
#[pyfunction]
pub(crate) fn flamegraph<'py>(
    profile: &Bound<'py, Profile>,
    base: Option<&Bound<'py, Profile>>,
    spec: &str,
) -> PyResult<Picture<'py>> {
    let py = profile.py();
    let inner = Arc::clone(&profile.get().inner);
    let base = base.map(|base| Arc::clone(&base.get().inner));
    let spec = spec.to_owned();
    let (svg, facts) = enter_long(py, profile.get().is_long(), move || {
        let drawn = picture::flamegraph(&inner, base.as_deref(), &parse(&spec)?)?;
        let facts = json(&drawn)?;
        Ok((drawn.svg, facts))
    })?;
    Ok((PyBytes::new(py, &svg), PyBytes::new(py, &facts)))
}

/// The call graph.
#[pyfunction]
pub(crate) fn callgraph<'py>(profile: &Bound<'py, Profile>, spec: &str) -> PyResult<Picture<'py>> {
    let py = profile.py();
    let inner = Arc::clone(&profile.get().inner);
    let spec = spec.to_owned();
    let (svg, facts) = enter_long(py, profile.get().is_long(), move || {
        let drawn = picture::callgraph(&inner, &parse(&spec)?)?;
        let facts = json(&drawn)?;
        Ok((drawn.svg, facts))
    })?;
    Ok((PyBytes::new(py, &svg), PyBytes::new(py, &facts)))
}
