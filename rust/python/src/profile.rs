//! The one class: a decoded profile; and what makes profiles from bytes and from each other.

use crate::enter::{LONG_BYTES, LONG_SAMPLES, enter, enter_long};
use pprof_core::combine::DiffMode;
use pprof_core::wire::{Compression, container, decode, encode, encode_proto};
use pprof_core::{Error, ErrorKind, Limits, summary};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// The limits, with the named ones set.
pub(crate) fn limits(named: Option<BTreeMap<String, u64>>) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    for (name, value) in named.unwrap_or_default() {
        let slot = match name.as_str() {
            "input_bytes" => &mut limits.input_bytes,
            "inflated_bytes" => &mut limits.inflated_bytes,
            "nesting" => {
                limits.nesting = u32::try_from(value).unwrap_or(u32::MAX);
                continue;
            }
            "ratio" => &mut limits.ratio,
            "ratio_floor" => &mut limits.ratio_floor,
            "samples" => &mut limits.samples,
            "stack_depth" => &mut limits.stack_depth,
            "sample_values" => &mut limits.sample_values,
            "table_rows" => &mut limits.table_rows,
            "string_bytes" => &mut limits.string_bytes,
            "zip_entries" => &mut limits.zip_entries,
            _ => {
                return Err(Error::new(ErrorKind::InvalidArgument {
                    argument: "limits",
                    detail: format!("there is no limit {name:?}"),
                }));
            }
        };
        *slot = value;
    }
    Ok(limits)
}

/// The limits in force where none are given, by name.
#[pyfunction]
pub(crate) fn default_limits() -> BTreeMap<&'static str, u64> {
    let limits = Limits::default();
    BTreeMap::from([
        ("input_bytes", limits.input_bytes),
        ("inflated_bytes", limits.inflated_bytes),
        ("nesting", u64::from(limits.nesting)),
        ("ratio", limits.ratio),
        ("ratio_floor", limits.ratio_floor),
        ("samples", limits.samples),
        ("stack_depth", limits.stack_depth),
        ("sample_values", limits.sample_values),
        ("table_rows", limits.table_rows),
        ("string_bytes", limits.string_bytes),
        ("zip_entries", limits.zip_entries),
    ])
}

/// A decoded profile. Immutable and shared.
#[pyclass(frozen, module = "pprof_mcp._native")]
pub(crate) struct Profile {
    pub(crate) inner: Arc<pprof_core::Profile>,
}

impl From<pprof_core::Profile> for Profile {
    fn from(profile: pprof_core::Profile) -> Self {
        Self {
            inner: Arc::new(profile),
        }
    }
}

impl Profile {
    /// Whether work on it may take long.
    pub(crate) fn is_long(&self) -> bool {
        self.inner.samples.len() >= LONG_SAMPLES
    }
}

/// How profiles are compressed, as Go's runtime does it: the fastest level. Measured on merged profiles: a third to a half of the
/// time of level 6, for files larger by 3 to 12 %, about as large as those that google/pprof writes.
const LEVEL: Compression = Compression::Gzip(1);

#[pymethods]
impl Profile {
    #[staticmethod]
    #[pyo3(signature = (data, limits=None))]
    fn decode(py: Python<'_>, data: PyBackedBytes, limits: Option<BTreeMap<String, u64>>) -> PyResult<Self> {
        enter_long(py, data.len() >= LONG_BYTES, move || {
            decode(&data, &self::limits(limits)?)
        })
        .map(Self::from)
    }

    #[pyo3(signature = (compress=true))]
    fn encode<'py>(&self, py: Python<'py>, compress: bool) -> PyResult<Bound<'py, PyBytes>> {
        let compression = if compress { LEVEL } else { Compression::None };
        let inner = Arc::clone(&self.inner);
        let bytes = enter_long(py, self.is_long(), move || encode(&inner, compression))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn sha256(&self, py: Python<'_>) -> PyResult<String> {
        enter(py, || {
            let digest = Sha256::digest(encode_proto(&self.inner));
            let mut text = String::with_capacity(2 * digest.len());
            for byte in digest {
                // Writing to a string can not fail.
                let _ = write!(text, "{byte:02x}");
            }
            Ok(text)
        })
    }

    #[getter]
    fn heap_bytes(&self) -> usize {
        self.inner.heap_bytes()
    }

    #[getter]
    fn sample_count(&self) -> usize {
        self.inner.samples.len()
    }

    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = enter(py, || crate::questions::json(&summary::meta(&self.inner)))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn filter(&self, py: Python<'_>, spec: &str) -> PyResult<(Self, Vec<String>)> {
        let inner = Arc::clone(&self.inner);
        let spec = spec.to_owned();
        let (profile, warnings) = enter_long(py, self.is_long(), move || {
            summary::filtered(&inner, &crate::questions::parse::<summary::Filters>(&spec)?)
        })?;
        Ok((Self::from(profile), warnings))
    }

    /// The same with the `count` innermost locations of every stack.
    fn innermost(&self, py: Python<'_>, count: usize) -> PyResult<Self> {
        let inner = Arc::clone(&self.inner);
        let profile = enter_long(py, self.is_long(), move || {
            let mut view = pprof_core::view::View::all(&inner);
            view.keep_leaves(count);
            Ok(view.to_profile())
        })?;
        Ok(Self::from(profile))
    }

    fn sample_index(&self, py: Python<'_>, name: &str) -> PyResult<usize> {
        enter(py, || self.inner.sample_index(name))
    }
}

/// The profile as pprof prepares each source it reads: with a mapping, even if only an empty one; the first named after
/// the program and build id given beside the profiles.
#[pyfunction]
#[pyo3(signature = (profile, program="", build_id=""))]
pub(crate) fn prepare_source(
    profile: &Bound<'_, Profile>,
    program: &str,
    build_id: &str,
) -> PyResult<Profile> {
    let inner = Arc::clone(&profile.get().inner);
    let inner = enter(profile.py(), move || {
        Ok(match pprof_core::report::prepare_for(&inner, program, build_id) {
            Cow::Borrowed(_) => Arc::clone(&inner),
            Cow::Owned(profile) => Arc::new(profile),
        })
    })?;
    Ok(Profile { inner })
}

/// Several profiles as one: sample types aligned, then merged.
#[pyfunction]
pub(crate) fn merge(py: Python<'_>, profiles: Vec<PyRef<'_, Profile>>) -> PyResult<Profile> {
    let is_long = profiles.iter().any(|profile| profile.is_long());
    let inner: Vec<Arc<pprof_core::Profile>> = profiles
        .iter()
        .map(|profile| Arc::clone(&profile.inner))
        .collect();
    drop(profiles);
    enter_long(py, is_long, move || {
        let borrowed = inner
            .iter()
            .map(|profile| Cow::Borrowed(profile.as_ref()))
            .collect();
        Ok(
            match (pprof_core::combine::combine(borrowed)?, inner.as_slice()) {
                // A single profile is its own merge, and need not be copied.
                (Cow::Borrowed(_), [single]) => Arc::clone(single),
                (merged, _) => Arc::new(merged.into_owned()),
            },
        )
    })
    .map(|inner| Profile { inner })
}

/// One profile minus another.
#[pyfunction]
#[pyo3(signature = (base, profile, *, diff_base=false, normalize=false))]
pub(crate) fn diff(
    py: Python<'_>,
    base: &Bound<'_, Profile>,
    profile: &Bound<'_, Profile>,
    diff_base: bool,
    normalize: bool,
) -> PyResult<Profile> {
    let is_long = base.get().is_long() || profile.get().is_long();
    let (base, profile) = (Arc::clone(&base.get().inner), Arc::clone(&profile.get().inner));
    let mode = if diff_base {
        DiffMode::DiffBase
    } else {
        DiffMode::Base
    };
    enter_long(py, is_long, move || {
        pprof_core::combine::diff(&profile, &base, mode, normalize)
    })
    .map(Profile::from)
}

/// The files of a zip bundle, by name.
#[pyfunction]
#[pyo3(signature = (data, limits=None))]
pub(crate) fn zip_entries<'py>(
    py: Python<'py>,
    data: &[u8],
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
    let entries = enter(py, || container::zip_entries(data, &self::limits(limits)?))?;
    Ok(entries
        .into_iter()
        .map(|entry| (entry.name, PyBytes::new(py, &entry.bytes)))
        .collect())
}

/// Bytes without the compression they have, in any number of layers; plain bytes as they are.
#[pyfunction]
#[pyo3(signature = (data, limits=None))]
pub(crate) fn unpack<'py>(
    py: Python<'py>,
    data: &[u8],
    limits: Option<BTreeMap<String, u64>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let content = enter(py, || container::unpack(data, &self::limits(limits)?))?;
    Ok(PyBytes::new(py, &content))
}

/// What bytes look like.
#[pyfunction]
pub(crate) fn sniff(data: &[u8]) -> String {
    container::sniff(data).name().to_owned()
}

/// Whether bytes open as a program, which pprof then takes the first of several arguments for.
#[pyfunction]
pub(crate) fn is_program(data: &[u8]) -> bool {
    pprof_core::report::is_program(data)
}
