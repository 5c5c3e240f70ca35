//! The drop-in reports: pprof's configuration in, its text out.

use crate::enter::enter_long;
use crate::error::to_python;
use crate::profile::Profile;
use crate::questions::parse;
use pprof_core::report::{Format, ReportOptions, SourceFiles, Zone, pprof_message, render_noting};
use pprof_core::summary::Filters;
use pprof_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Deserialize;
use std::sync::Arc;

/// pprof's configuration, by the names of its flags.
#[derive(Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "pprof's own switches")]
struct Config {
    format: String,
    regex: String,
    #[serde(flatten)]
    filters: Filters,
    cum: bool,
    nodecount: i64,
    nodefraction: f64,
    edgefraction: f64,
    trim: bool,
    unit: String,
    showcolumns: bool,
    compact_labels: bool,
    drop_negative: bool,
    call_tree: bool,
    divide_by: f64,
    source_path: String,
    trim_path: String,
    working_dir: String,
    comment: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let defaults = ReportOptions::default();
        Self {
            format: "top".to_owned(),
            regex: String::new(),
            filters: Filters::default(),
            cum: defaults.cum,
            nodecount: defaults.nodecount,
            nodefraction: defaults.nodefraction,
            edgefraction: defaults.edgefraction,
            trim: defaults.trim,
            unit: defaults.unit,
            showcolumns: false,
            compact_labels: defaults.compact_labels,
            drop_negative: defaults.drop_negative,
            call_tree: defaults.call_tree,
            divide_by: defaults.divide_by,
            source_path: defaults.source_path,
            trim_path: defaults.trim_path,
            working_dir: defaults.working_dir,
            comment: None,
        }
    }
}

impl Config {
    fn options<'a>(&self, zone: &'a (dyn Fn(i64) -> Zone + Sync)) -> Result<ReportOptions<'a>> {
        let format = match self.format.as_str() {
            "top" | "text" => Format::Top,
            "tree" => Format::Tree,
            "peek" => Format::Peek(self.regex.clone()),
            "traces" => Format::Traces,
            "tags" => Format::Tags,
            "comments" => Format::Comments,
            "raw" => Format::Raw,
            "list" => Format::List(self.regex.clone()),
            "dot" => Format::Dot,
            "callgrind" => Format::Callgrind,
            "proto" => Format::Proto,
            "topproto" => Format::TopProto,
            other => {
                return Err(Error::new(ErrorKind::InvalidArgument {
                    argument: "format",
                    detail: format!("there is no report {other:?}"),
                }));
            }
        };
        let mut filters = self.filters.spec()?;
        filters.showcolumns = self.showcolumns;
        Ok(ReportOptions {
            format,
            filters,
            sample_index: self.filters.sample_index.clone(),
            mean: self.filters.mean,
            unit: self.unit.clone(),
            nodecount: self.nodecount,
            nodefraction: self.nodefraction,
            edgefraction: self.edgefraction,
            trim: self.trim,
            cum: self.cum,
            call_tree: self.call_tree,
            drop_negative: self.drop_negative,
            compact_labels: self.compact_labels,
            divide_by: self.divide_by,
            source_path: self.source_path.clone(),
            trim_path: self.trim_path.clone(),
            working_dir: self.working_dir.clone(),
            comment: self.comment.clone(),
            zone,
        })
    }
}

/// Sources through a Python function: content as `bytes`, or the reason there is none as `str`.
struct PythonSources(Option<Py<PyAny>>);

impl SourceFiles for PythonSources {
    fn read(&self, path: &str) -> std::result::Result<Vec<u8>, String> {
        let Some(read) = &self.0 else {
            return Err(format!("open {path}: no such file or directory"));
        };
        Python::attach(|py| {
            let answer = read.bind(py).call1((path,)).map_err(|error| error.to_string())?;
            match answer.cast::<PyBytes>() {
                Ok(content) => Ok(content.as_bytes().to_vec()),
                Err(_) => Err(answer.to_string()),
            }
        })
    }
}

/// The caller's time zone at one instant; UTC where the platform does not know.
fn local_zone(py: Python<'_>, seconds: i64) -> Zone {
    let ask = || -> PyResult<Zone> {
        let time = py.import("time")?.call_method1("localtime", (seconds,))?;
        let offset_seconds = time.getattr("tm_gmtoff")?.extract()?;
        Ok(Zone {
            offset_seconds,
            name: time.getattr("tm_zone")?.extract()?,
        })
    };
    ask().unwrap_or_else(|_| pprof_core::report::utc(seconds))
}

/// The report, and pprof's messages on the way. An error carries both pprof's words for it and the messages in its details.
#[pyfunction]
#[pyo3(signature = (profile, spec, read_source=None))]
pub(crate) fn report<'py>(
    profile: &Bound<'py, Profile>,
    spec: &str,
    read_source: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<String>)> {
    let py = profile.py();
    let inner = Arc::clone(&profile.get().inner);
    let local = local_zone(py, inner.header.time_nanos.div_euclid(1_000_000_000));
    let sources = PythonSources(read_source);
    let spec = spec.to_owned();
    let (outcome, messages) = enter_long(py, profile.get().is_long(), move || {
        let zone = |_| local.clone();
        let options = parse::<Config>(&spec)?.options(&zone)?;
        let mut messages = Vec::new();
        let outcome = render_noting(&inner, &options, &sources, &mut messages);
        Ok((outcome, messages))
    })?;
    match outcome {
        Ok(bytes) => Ok((PyBytes::new(py, &bytes), messages)),
        Err(error) => {
            let exception = to_python(py, &error);
            if let Ok(details) = exception.value(py).getattr("details") {
                details.set_item("pprof_message", pprof_message(&error))?;
                details.set_item("messages", messages)?;
            }
            Err(exception)
        }
    }
}
