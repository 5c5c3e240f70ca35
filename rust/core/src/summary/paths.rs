//! The ways from the root to a function.

use super::frames::{FrameRow, Frames};
use super::percent;
use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::traces::TracesLeftOut;
use crate::aggregate::{GraphBuilder, GraphOptions};
use crate::error::Result;
use crate::interrupt;
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
    /// `value` with its unit.
    pub value_text: String,
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
    /// `value` with its unit.
    pub value_text: String,
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
    /// `total` with its unit.
    pub total_text: String,
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
    /// By callee; `None` for work in the function itself.
    below: FxHashMap<Option<usize>, (i64, Option<FrameRow>)>,
}

/// The samples through the function, by path (root first, the function last).
struct Found {
    groups: Vec<(Vec<FrameRow>, Group)>,
    value: i64,
    samples: usize,
    functions: BTreeSet<String>,
}

fn find(prepared: &Prepared<'_>, frames: &Frames<'_, '_, '_, '_>, matches: &[bool]) -> Result<Found> {
    let view = &prepared.view;
    let mut groups: FxHashMap<Vec<FrameRow>, Group> = FxHashMap::default();
    let mut found = Found {
        groups: Vec::new(),
        value: 0,
        samples: 0,
        functions: BTreeSet::new(),
    };
    let mut stack = Vec::new();
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let value = prepared.value.of(view.values(), sample.row).0;
        if value == 0 {
            continue;
        }
        frames.read(sample.stack, &mut stack);
        stack.reverse();
        let Some(at) = stack.iter().position(|frame| matches[frame.row()]) else {
            continue;
        };
        found.functions.insert(frames.name(stack[at]));
        found.value = found.value.wrapping_add(value);
        found.samples += 1;
        let callee = stack.get(at + 1).copied();
        // Whether a frame on the way was inlined does not make another path.
        stack.truncate(at + 1);
        for frame in &mut stack {
            *frame = frame.plain();
        }
        if !groups.contains_key(&stack) {
            groups.insert(stack.clone(), Group::default());
        }
        let Some(group) = groups.get_mut(&stack) else {
            continue;
        };
        group.value = group.value.wrapping_add(value);
        group.samples += 1;
        let below = group
            .below
            .entry(callee.map(FrameRow::row))
            .or_insert((0, callee));
        below.0 = below.0.wrapping_add(value);
    }
    found.groups = groups.into_iter().collect();
    found.groups.sort_by(|(left, l), (right, r)| {
        let heavier = r.value.unsigned_abs().cmp(&l.value.unsigned_abs());
        heavier.then_with(|| frames.ranks(left).cmp(frames.ranks(right)))
    });
    Ok(found)
}

fn callees(
    group: &Group,
    prepared: &Prepared<'_>,
    frames: &Frames<'_, '_, '_, '_>,
    limit: usize,
) -> Vec<Callee> {
    let mut below: Vec<Callee> = group
        .below
        .values()
        .map(|&(value, frame)| Callee {
            name: frame.map_or_else(String::new, |frame| frames.name(frame)),
            value,
            value_text: prepared.label(value),
            pct: percent(value as f64, group.value as f64),
        })
        .collect();
    below.sort_by(|l, r| {
        let heavier = r.value.unsigned_abs().cmp(&l.value.unsigned_abs());
        heavier.then_with(|| l.name.cmp(&r.name))
    });
    below.truncate(limit);
    below
}

/// Paths from the root to the first frame that matches; recursion below it is part of what it calls.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn paths(profile: &Profile, query: &PathsQuery) -> Result<Paths> {
    let pattern = Pattern::new("function", &query.function)?;
    let prepared = prepare(profile, &query.filters)?;
    let builder = GraphBuilder::new(&prepared.view, GraphOptions::plain(prepared.value));
    let frames = Frames::new(&builder);
    let names = builder.names();
    let matches: Vec<bool> = builder
        .infos()
        .iter()
        .map(|info| pattern.is_match(&names.printable(info)))
        .collect();
    let found = find(&prepared, &frames, &matches)?;
    let count = found.groups.len();
    let total = prepared.total as f64;
    let row = |(path, group): (Vec<FrameRow>, Group)| PathRow {
        value: group.value,
        pct: percent(group.value as f64, total),
        pct_of_matched: percent(group.value as f64, found.value as f64),
        value_text: prepared.label(group.value),
        samples: group.samples,
        depth: path.len(),
        truncated: path.len() > query.max_depth,
        frames: path[path.len().saturating_sub(query.max_depth)..]
            .iter()
            .map(|&f| frames.name(f))
            .collect(),
        below: callees(&group, &prepared, &frames, query.below),
    };
    let rows: Vec<PathRow> = found
        .groups
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(row)
        .collect();
    let left = rows
        .iter()
        .fold(found.value, |left, row| left.wrapping_sub(row.value));
    let mut warnings = prepared.warnings.clone();
    if count == 0 {
        warnings.push(format!("no function matches {:?}", query.function));
    }
    Ok(Paths {
        unit: prepared.sample_type.unit.clone(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        matched: PathsMatched {
            value: found.value,
            value_text: prepared.label(found.value),
            pct: percent(found.value as f64, total),
            samples: found.samples,
        },
        functions: found.functions.into_iter().collect(),
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
