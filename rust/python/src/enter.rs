//! The one door between the interpreter and the core.

use crate::error::to_python;
use pprof_core::Error;
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body` with the interpreter released; errors become Python's, a panic becomes an `InternalError`.
pub(crate) fn enter<T: Ungil + Send>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, Error> + Ungil + Send,
) -> PyResult<T> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(body)));
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_python(py, &error)),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "unknown panic".to_owned());
            Err(crate::error::internal(py, &text))
        }
    }
}
