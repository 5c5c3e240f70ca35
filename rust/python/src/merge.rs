//! Many inputs -> one profile, or a partial merge as bytes that another process goes on with.

use crate::enter::{attend, enter};
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
    /// A Python function that gives bytes or a profile.
    Read(Py<PyAny>),
}

struct Sources {
    named: Vec<(String, Source)>,
    most: u64,
    /// What Python functions raised, by the number of the input: the error itself is to reach the caller.
    raised: Mutex<BTreeMap<usize, PyErr>>,
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
            Source::Read(read) => {
                return Python::attach(|py| {
                    let content = read.bind(py).call0().and_then(|found| {
                        if let Ok(profile) = found.cast::<Profile>() {
                            return Ok(Input::Profile(Arc::clone(&profile.get().inner)));
                        }
                        let bytes: PyBackedBytes = found.extract()?;
                        buffer.extend_from_slice(&bytes);
                        Ok(Input::Bytes)
                    });
                    content.map_err(|error| {
                        let detail = error.value(py).to_string();
                        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
                        raised.insert(at, error);
                        Error::new(ErrorKind::Unreadable { detail })
                    })
                });
            }
        }
        Ok(Input::Bytes)
    }
}

/// How a merge came out: as a dictionary, or as JSON where it travels.
#[derive(Serialize, IntoPyObject)]
pub(crate) struct Outcome {
    inputs: u64,
    failures: Vec<Failed>,
    combined: Vec<Column>,
    types_differ: bool,
    /// Earliest and latest time of the inputs, in nanoseconds since 1970; 0 when unknown.
    times: [i64; 2],
    samples: usize,
    duration_nanos: i64,
    /// Name of the type of the period; empty without one.
    period_type: String,
    /// What is odd about the inputs or the sums.
    notes: Vec<String>,
}

/// A sample type, and what was done with its values.
#[derive(Serialize, IntoPyObject)]
pub(crate) struct Column {
    #[pyo3(item("type"))]
    r#type: String,
    unit: String,
    how: &'static str,
    is_snapshot: bool,
}

impl From<Combined> for Column {
    fn from(combined: Combined) -> Self {
        Self {
            r#type: combined.r#type,
            unit: combined.unit,
            how: combined.how,
            is_snapshot: combined.is_snapshot,
        }
    }
}

#[derive(Serialize, IntoPyObject)]
pub(crate) struct Failed {
    name: String,
    code: String,
    message: String,
}

impl Failed {
    /// An error that a Python function raised speaks for itself.
    fn of(py: Python<'_>, failure: Failure, raised: Option<&PyErr>) -> Self {
        let text = |name: &str| -> Option<String> { raised?.value(py).getattr(name).ok()?.extract().ok() };
        Self {
            code: text("code").unwrap_or_else(|| failure.error.code().to_owned()),
            message: text("message").unwrap_or_else(|| failure.error.to_string()),
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

/// Merges and does `last` with the partial, all of it beside the caller, who is told how far it is.
fn run<T: Send + 'static>(
    py: Python<'_>,
    sources: Sources,
    work: Work,
    watch: Option<&Bound<'_, PyAny>>,
    last: impl FnOnce(Partial) -> Result<T> + Send + 'static,
) -> PyResult<(T, Vec<Failed>)> {
    let sources = Arc::new(sources);
    let reached = Arc::new(Mutex::new(Progress {
        total: sources.len(),
        ..Progress::default()
    }));
    let (shared, telling) = (Arc::clone(&sources), Arc::clone(&reached));
    let body = move || {
        let mut tell = |progress| {
            *telling.lock().unwrap_or_else(PoisonError::into_inner) = progress;
            // Whoever wants an end raises the flag of this thread.
            true
        };
        // An error of the merge is looked at below, beside what Python functions raised.
        Ok(match merge_all(shared.as_ref(), &work, &mut tell) {
            Ok((partial, failures)) => last(partial).map(|made| (made, failures)),
            Err(error) => Err(error),
        })
    };
    let outcome = attend(py, body, |_| {
        let Some(watch) = watch else { return Ok(()) };
        let progress = *reached.lock().unwrap_or_else(PoisonError::into_inner);
        watch
            .call1((progress.done, progress.total, progress.bytes, progress.failed))
            .map(drop)
    })?;
    let mut raised = sources.raised.lock().unwrap_or_else(PoisonError::into_inner);
    match outcome {
        Ok((made, failures)) => {
            let failures = failures
                .into_iter()
                .map(|failure| {
                    let raised = raised.get(&failure.at);
                    Failed::of(py, failure, raised)
                })
                .collect();
            Ok((made, failures))
        }
        Err(error) => {
            let at = raised
                .keys()
                .copied()
                .find(|&at| error.input.as_ref() == Some(&sources.named[at].0));
            Err(match at.and_then(|at| raised.remove(&at)) {
                Some(raised) => raised,
                None => to_python(py, &error),
            })
        }
    }
}

fn outcome(merged: Merged, failures: Vec<Failed>) -> (Profile, Outcome) {
    let profile = merged.profile;
    let period_type = profile.strings.get(profile.header.period_type.type_);
    let outcome = Outcome {
        inputs: merged.inputs,
        failures,
        combined: merged.combined.into_iter().map(Column::from).collect(),
        types_differ: merged.types_differ,
        times: merged.times,
        samples: profile.samples.len(),
        duration_nanos: profile.header.duration_nanos,
        period_type: String::from_utf8_lossy(period_type).into_owned(),
        notes: profile.notes.iter().map(|note| note.detail.clone()).collect(),
    };
    (Profile::from(profile), outcome)
}

/// When no input could be merged there is no profile to give, but there are failures to tell.
fn nothing(failures: Vec<Failed>) -> Outcome {
    Outcome {
        inputs: 0,
        failures,
        combined: Vec::new(),
        types_differ: false,
        times: [0; 2],
        samples: 0,
        duration_nanos: 0,
        period_type: String::new(),
        notes: Vec::new(),
    }
}

/// Merges inputs, each a name with a path, bytes, a profile, or a function that gives bytes. The result depends on neither
/// their order nor the threads. With `keep_going` and nothing but failures there is no profile.
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
    watch: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Option<Profile>, Outcome)> {
    let limits = enter(py, || self::limits(limits))?;
    let work = enter(py, || {
        work(intersect_types, snapshots, keep_going, threads, limits)
    })?;
    let sources = Sources::of(inputs, &limits)?;
    let has_some = sources.len() > 0;
    let (merged, failures) = run(py, sources, work, watch, move |partial| {
        if partial.inputs() == 0 && has_some {
            return Ok(None);
        }
        partial.finish().map(Some)
    })?;
    Ok(match merged {
        Some(merged) => {
            let (profile, outcome) = outcome(merged, failures);
            (Some(profile), outcome)
        }
        None => (None, nothing(failures)),
    })
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
    watch: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let limits = enter(py, || self::limits(limits))?;
    let work = enter(py, || {
        work(intersect_types, snapshots, keep_going, threads, limits)
    })?;
    let sources = Sources::of(inputs, &limits)?;
    let (bytes, failures) = run(py, sources, work, watch, Partial::to_bytes)?;
    let text = enter(py, || json(&failures))?;
    Ok((PyBytes::new(py, &bytes), PyBytes::new(py, &text)))
}

/// Several partial merges as one.
#[pyfunction]
#[pyo3(signature = (partials, limits=None))]
pub(crate) fn combine_partials(
    py: Python<'_>,
    partials: Vec<PyBackedBytes>,
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<Bound<'_, PyBytes>> {
    let body = move || combined(&partials, &self::limits(limits)?)?.to_bytes();
    let bytes = attend(py, body, |_| Ok(()))?;
    Ok(PyBytes::new(py, &bytes))
}

/// The profile of partial merges, and how it came out as JSON.
#[pyfunction]
#[pyo3(signature = (partials, limits=None))]
pub(crate) fn finish_partials(
    py: Python<'_>,
    partials: Vec<PyBackedBytes>,
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<(Profile, Bound<'_, PyBytes>)> {
    let body = move || {
        let merged = combined(&partials, &self::limits(limits)?)?.finish()?;
        let (profile, outcome) = outcome(merged, Vec::new());
        Ok((profile, json(&outcome)?))
    };
    let (profile, text) = attend(py, body, |_| Ok(()))?;
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
