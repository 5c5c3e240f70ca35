//! The ways from the root to a function.

use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::traces::TracesLeftOut;
use super::{percent, text};
use crate::aggregate::{GraphBuilder, GraphOptions, NodeInfo};
use crate::error::Result;
use crate::pattern::Pattern;
use crate::profile::Profile;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct PathsQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Which functions, by printed name.
    pub function: String,
    /// Paths to pass over.
    pub offset: usize,
    /// Paths, at most.
    pub limit: usize,
    /// Frames of one path, at most, counted from the function.
    pub max_depth: usize,
    /// Callees named for one path, at most.
    pub below: usize,
}

impl Default for PathsQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            function: String::new(),
            offset: 0,
            limit: usize::MAX,
            max_depth: usize::MAX,
            below: usize::MAX,
        }
    }
}

/// What the function called on one path.
#[derive(Debug, Clone, Serialize)]
pub struct Callee {
    /// Its name; empty for work in the function itself.
    pub name: String,
    /// What went there.
    pub value: i64,
    /// In percent of the path.
    pub pct: f64,
}

/// A path.
#[derive(Debug, Clone, Serialize)]
pub struct PathRow {
    /// What its samples count.
    pub value: i64,
    /// In percent of the total.
    pub pct: f64,
    /// In percent of all samples through the function.
    pub pct_of_matched: f64,
    /// `value` with its unit.
    pub value_text: String,
    /// Samples on this path.
    pub samples: usize,
    /// Frames it has, the function included.
    pub depth: usize,
    /// The frames from the root to the function.
    pub frames: Vec<String>,
    /// Frames at the root were cut off.
    pub truncated: bool,
    /// What the function called, heaviest first.
    pub below: Vec<Callee>,
}

/// All samples through the function.
#[derive(Debug, Clone, Serialize)]
pub struct PathsMatched {
    /// What they count.
    pub value: i64,
    /// In percent of the total.
    pub pct: f64,
    /// How many there are.
    pub samples: usize,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Paths {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// All samples through the function.
    pub matched: PathsMatched,
    /// The names that match, in byte order.
    pub functions: Vec<String>,
    /// Different paths.
    pub paths: usize,
    /// The paths, heaviest first.
    pub rows: Vec<PathRow>,
    /// What is before and behind the rows.
    pub left_out: TracesLeftOut,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

#[derive(Default)]
struct Group {
    value: i64,
    samples: usize,
    below: FxHashMap<Option<NodeInfo>, i64>,
}

/// Paths from the root to the first frame that matches; recursion below it is part of what it calls.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn paths(profile: &Profile, query: &PathsQuery) -> Result<Paths> {
    let pattern = Pattern::new("function", &query.function)?;
    let prepared = prepare(profile, &query.filters)?;
    let view = &prepared.view;
    let builder = GraphBuilder::new(view, GraphOptions::plain(prepared.value));
    let names = builder.names();
    let infos: Vec<Vec<NodeInfo>> = view
        .locations()
        .ids()
        .map(|location| builder.infos_of(location))
        .collect();
    let mut matches: FxHashMap<NodeInfo, bool> = FxHashMap::default();
    let mut groups: FxHashMap<Vec<NodeInfo>, Group> = FxHashMap::default();
    let mut functions = BTreeSet::new();
    let (mut matched, mut matched_samples) = (0i64, 0usize);
    let mut frames: Vec<NodeInfo> = Vec::new();
    for sample in view.samples() {
        let value = prepared.value.of(view.values(), sample.row).0;
        if value == 0 {
            continue;
        }
        frames.clear();
        frames.extend(
            view.stacks()
                .frames(sample.stack)
                .flat_map(|location| infos[location.index()].iter().copied()),
        );
        frames.reverse();
        let mut is_match = |info: &NodeInfo| {
            *matches
                .entry(*info)
                .or_insert_with(|| pattern.is_match(&names.printable(info)))
        };
        let Some(at) = frames.iter().position(&mut is_match) else {
            continue;
        };
        functions.insert(names.printable(&frames[at]).into_owned());
        let group = groups.entry(frames[..=at].to_vec()).or_default();
        group.value = group.value.wrapping_add(value);
        group.samples += 1;
        let below = group.below.entry(frames.get(at + 1).copied()).or_default();
        *below = below.wrapping_add(value);
        matched = matched.wrapping_add(value);
        matched_samples += 1;
    }
    let mut sorted: Vec<_> = groups
        .into_iter()
        .map(|(frames, group)| {
            let printed: Vec<String> = frames.iter().map(|info| text(&names.printable(info))).collect();
            (printed, group)
        })
        .collect();
    sorted.sort_by(|l, r| {
        r.1.value
            .unsigned_abs()
            .cmp(&l.1.value.unsigned_abs())
            .then_with(|| l.0.cmp(&r.0))
    });
    let count = sorted.len();
    let total = prepared.total as f64;
    let rows: Vec<PathRow> = sorted
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|(frames, group)| {
            let mut below: Vec<Callee> = group
                .below
                .iter()
                .map(|(info, &value)| Callee {
                    name: info.map_or_else(String::new, |info| text(&names.printable(&info))),
                    value,
                    pct: percent(value as f64, group.value as f64),
                })
                .collect();
            below.sort_by(|l, r| {
                r.value
                    .unsigned_abs()
                    .cmp(&l.value.unsigned_abs())
                    .then_with(|| l.name.cmp(&r.name))
            });
            below.truncate(query.below);
            PathRow {
                value: group.value,
                pct: percent(group.value as f64, total),
                pct_of_matched: percent(group.value as f64, matched as f64),
                value_text: prepared.label(group.value),
                samples: group.samples,
                depth: frames.len(),
                truncated: frames.len() > query.max_depth,
                frames: frames[frames.len().saturating_sub(query.max_depth)..].to_vec(),
                below,
            }
        })
        .collect();
    let left = rows
        .iter()
        .fold(matched, |left, row| left.wrapping_sub(row.value));
    let Prepared {
        sample_type,
        mut warnings,
        ..
    } = prepared;
    if count == 0 {
        warnings.push(format!("no function matches {:?}", query.function));
    }
    Ok(Paths {
        unit: sample_type.unit.clone(),
        sample_type,
        total: prepared.total,
        matched: PathsMatched {
            value: matched,
            pct: percent(matched as f64, total),
            samples: matched_samples,
        },
        functions: functions.iter().map(|name| text(name)).collect(),
        paths: count,
        left_out: TracesLeftOut {
            rows: count - rows.len(),
            value: left,
            pct: percent(left as f64, total),
        },
        rows,
        warnings,
    })
}
