//! Errors of the core as exceptions of `pprof_mcp.errors`.
//!
//! The classes are Python's; `errors.from_native` picks one by the stable code. What goes along is data.

use pprof_core::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Every code that `errors.from_native` can be given, for the test that it knows them all.
#[pyfunction]
pub(crate) fn error_codes() -> Vec<&'static str> {
    let mut codes = ErrorKind::CODES.to_vec();
    codes.push("internal_error");
    codes
}

fn details<'py>(py: Python<'py>, kind: &ErrorKind) -> PyResult<Bound<'py, PyDict>> {
    let details = PyDict::new(py);
    match kind {
        ErrorKind::UnknownSampleType { asked, available } => {
            details.set_item("asked", asked)?;
            details.set_item("available", available)?;
        }
        ErrorKind::InvalidPattern { option, pattern, .. } => {
            details.set_item("option", option)?;
            details.set_item("pattern", pattern)?;
        }
        ErrorKind::TooLarge { what, limit, setting } => {
            details.set_item("what", what)?;
            details.set_item("limit", limit)?;
            details.set_item("setting", setting)?;
        }
        ErrorKind::Incompatible { detail } => details.set_item("reason", detail)?,
        ErrorKind::InvalidArgument { argument, .. } => details.set_item("argument", argument)?,
        _ => {}
    }
    Ok(details)
}

fn raise(
    py: Python<'_>,
    code: &str,
    message: &str,
    place: Option<String>,
    details: &Bound<'_, PyDict>,
) -> PyErr {
    let made = py
        .import("pprof_mcp.errors")
        .and_then(|module| module.getattr("from_native"))
        .and_then(|make| make.call1((code, message, place, details)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The Python exception of an error of the core.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    match details(py, &error.kind) {
        Ok(details) => {
            if let Some(input) = &error.input {
                // What is not set is only not told.
                let _ = details.set_item("input", input);
            }
            let place = error.place.as_ref().map(ToString::to_string);
            let message = match &error.input {
                Some(input) => format!("{input}: {}", error.kind),
                None => error.kind.to_string(),
            };
            raise(py, error.code(), &message, place, &details)
        }
        Err(error) => error,
    }
}

/// The exception of a panic.
pub(crate) fn internal(py: Python<'_>, text: &str) -> PyErr {
    raise(py, "internal_error", text, None, &PyDict::new(py))
}
