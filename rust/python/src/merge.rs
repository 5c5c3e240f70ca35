//! Many inputs -> one profile, or a partial merge as bytes that another process goes on with.

use crate::enter::enter;
use crate::error::to_python;
use crate::profile::{Profile, limits};
use crate::questions::json;
use pprof_core::combine::{
    Combined, Failure, Input, Inputs, MergeOptions, Merged, Partial, Progress, Snapshots, Work, merge_all,
};
use pprof_core::{Error, ErrorKind, Limits, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Where an input comes from.
enum Source {
    /// A file that is opened here, for callers that may open any.
    Path(PathBuf),
    Bytes(PyBackedBytes),
    Profile(Arc<pprof_core::Profile>),
    /// A Python function that gives bytes.
    Read(Py<PyAny>),
}

struct Sources {
    named: Vec<(String, Source)>,
    most: u64,
    /// What a Python function raised, by the number of the input: the error itself is to reach the caller.
    raised: Mutex<BTreeMap<String, PyErr>>,
}

impl Sources {
    fn of(inputs: Vec<(String, Bound<'_, PyAny>)>, limits: &Limits) -> PyResult<Self> {
        let named = inputs
            .into_iter()
            .map(|(name, source)| {
                let source = if let Ok(profile) = source.cast::<Profile>() {
                    Source::Profile(Arc::clone(&profile.get().inner))
                } else if source.is_instance_of::<PyBytes>() {
                    Source::Bytes(source.extract()?)
                } else if source.is_instance_of::<PyString>() {
                    Source::Path(source.extract()?)
                } else {
                    Source::Read(source.unbind())
                };
                Ok((name, source))
            })
            .collect::<PyResult<_>>()?;
        Ok(Self {
            named,
            most: limits.input_bytes,
            raised: Mutex::new(BTreeMap::new()),
        })
    }

    fn file(&self, path: &PathBuf, buffer: &mut Vec<u8>) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        // One byte more than is allowed shows that there is more.
        buffer.reserve(usize::try_from(size.min(self.most)).unwrap_or(0) + 1);
        (&mut file).take(self.most + 1).read_to_end(buffer)?;
        Ok(())
    }
}

impl Inputs for Sources {
    fn len(&self) -> usize {
        self.named.len()
    }

    fn name(&self, at: usize) -> String {
        self.named[at].0.clone()
    }

    fn read(&self, at: usize, buffer: &mut Vec<u8>) -> Result<Input> {
        match &self.named[at].1 {
            Source::Profile(profile) => return Ok(Input::Profile(Arc::clone(profile))),
            Source::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Source::Path(path) => self.file(path, buffer).map_err(|error| {
                Error::new(ErrorKind::Unreadable {
                    detail: error.to_string(),
                })
            })?,
            Source::Read(read) => Python::attach(|py| {
                let content = read.bind(py).call0().and_then(|found| {
                    let bytes: PyBackedBytes = found.extract()?;
                    buffer.extend_from_slice(&bytes);
                    Ok(())
                });
                content.map_err(|error| {
                    let detail = error.value(py).to_string();
                    let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
                    raised.insert(self.named[at].0.clone(), error);
                    Error::new(ErrorKind::Unreadable { detail })
                })
            })?,
        }
        Ok(Input::Bytes)
    }
}

/// How a merge came out, as JSON for a typed model.
#[derive(Serialize)]
struct Outcome {
    inputs: u64,
    failures: Vec<Failed>,
    combined: Vec<Combined>,
    types_differ: bool,
    /// Earliest and latest time of the inputs, in nanoseconds since 1970; 0 when unknown.
    times: [i64; 2],
}

#[derive(Serialize)]
struct Failed {
    name: String,
    code: &'static str,
    message: String,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.error.code(),
            message: failure.error.to_string(),
            name: failure.name,
        }
    }
}

fn work(
    intersect_types: bool,
    snapshots: &str,
    keep_going: bool,
    threads: usize,
    limits: Limits,
) -> Result<Work> {
    let snapshots = match snapshots {
        "sum" => Snapshots::Sum,
        "mean" => Snapshots::Mean,
        "last" => Snapshots::Last,
        other => {
            return Err(Error::new(ErrorKind::InvalidArgument {
                argument: "snapshots",
                detail: format!("{other:?} is none of sum, mean, last"),
            }));
        }
    };
    Ok(Work {
        options: MergeOptions {
            intersect_types,
            snapshots,
        },
        limits,
        keep_going,
        threads,
    })
}

fn run(
    py: Python<'_>,
    sources: &Sources,
    work: &Work,
    watch: Option<Py<PyAny>>,
) -> PyResult<(Partial, Vec<Failure>)> {
    let mut stopped: Option<PyErr> = None;
    let outcome = enter(py, || {
        let mut tell = |progress: Progress| {
            let told = Python::attach(|py| {
                // Ctrl-C is only seen by a thread that holds the interpreter, and only where it asks.
                py.check_signals()?;
                match &watch {
                    Some(watch) => watch
                        .call1(
                            py,
                            (progress.done, progress.total, progress.bytes, progress.failed),
                        )
                        .map(drop),
                    None => Ok(()),
                }
            });
            told.map_err(|error| stopped = Some(error)).is_ok()
        };
        Ok(merge_all(sources, work, &mut tell))
    })?;
    if let Some(error) = stopped {
        return Err(error);
    }
    outcome.map_err(|error| {
        let mut raised = sources.raised.lock().unwrap_or_else(PoisonError::into_inner);
        match error.input.as_ref().and_then(|input| raised.remove(input)) {
            Some(raised) => raised,
            None => to_python(py, &error),
        }
    })
}

fn outcome(merged: Merged, failures: Vec<Failure>) -> Result<(Profile, Vec<u8>)> {
    let text = json(&Outcome {
        inputs: merged.inputs,
        failures: failures.into_iter().map(Failed::from).collect(),
        combined: merged.combined,
        types_differ: merged.types_differ,
        times: merged.times,
    })?;
    Ok((Profile::from(merged.profile), text))
}

/// Merges inputs, each a name with a path, bytes, a profile, or a function that gives bytes. The result depends on neither
/// their order nor the threads.
#[pyfunction]
#[pyo3(signature = (inputs, *, intersect_types=false, snapshots="sum", keep_going=false, threads=0, limits=None, watch=None))]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a keyword of the Python function"
)]
pub(crate) fn merge_inputs<'py>(
    py: Python<'py>,
    inputs: Vec<(String, Bound<'py, PyAny>)>,
    intersect_types: bool,
    snapshots: &str,
    keep_going: bool,
    threads: usize,
    limits: Option<BTreeMap<String, u64>>,
    watch: Option<Py<PyAny>>,
) -> PyResult<(Profile, Bound<'py, PyBytes>)> {
    let limits = enter(py, || self::limits(limits))?;
    let work = enter(py, || {
        work(intersect_types, snapshots, keep_going, threads, limits)
    })?;
    let sources = Sources::of(inputs, &limits)?;
    let (partial, failures) = run(py, &sources, &work, watch)?;
    let (profile, text) = enter(py, || outcome(partial.finish()?, failures))?;
    Ok((profile, PyBytes::new(py, &text)))
}

/// As `merge_inputs`, but gives the partial merge as bytes, and the failures as JSON.
#[pyfunction]
#[pyo3(signature = (inputs, *, intersect_types=false, snapshots="sum", keep_going=false, threads=0, limits=None, watch=None))]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a keyword of the Python function"
)]
pub(crate) fn merge_partly<'py>(
    py: Python<'py>,
    inputs: Vec<(String, Bound<'py, PyAny>)>,
    intersect_types: bool,
    snapshots: &str,
    keep_going: bool,
    threads: usize,
    limits: Option<BTreeMap<String, u64>>,
    watch: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let limits = enter(py, || self::limits(limits))?;
    let work = enter(py, || {
        work(intersect_types, snapshots, keep_going, threads, limits)
    })?;
    let sources = Sources::of(inputs, &limits)?;
    let (partial, failures) = run(py, &sources, &work, watch)?;
    let (bytes, text) = enter(py, || {
        let failures: Vec<Failed> = failures.into_iter().map(Failed::from).collect();
        Ok((partial.to_bytes()?, json(&failures)?))
    })?;
    Ok((PyBytes::new(py, &bytes), PyBytes::new(py, &text)))
}

/// Several partial merges as one.
#[pyfunction]
#[pyo3(signature = (partials, limits=None))]
pub(crate) fn combine_partials<'py>(
    py: Python<'py>,
    partials: Vec<PyBackedBytes>,
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = enter(py, || combined(&partials, &self::limits(limits)?)?.to_bytes())?;
    Ok(PyBytes::new(py, &bytes))
}

/// The profile of partial merges, and how it came out as JSON.
#[pyfunction]
#[pyo3(signature = (partials, limits=None))]
pub(crate) fn finish_partials<'py>(
    py: Python<'py>,
    partials: Vec<PyBackedBytes>,
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<(Profile, Bound<'py, PyBytes>)> {
    let (profile, text) = enter(py, || {
        outcome(combined(&partials, &self::limits(limits)?)?.finish()?, Vec::new())
    })?;
    Ok((profile, PyBytes::new(py, &text)))
}

fn combined(partials: &[PyBackedBytes], limits: &Limits) -> Result<Partial> {
    let mut all = Partial::default();
    for (at, bytes) in partials.iter().enumerate() {
        let partial = Partial::from_bytes(bytes, limits)?;
        if at == 0 {
            all = partial;
        } else {
            all.absorb(partial)?;
        }
    }
    Ok(all)
}
