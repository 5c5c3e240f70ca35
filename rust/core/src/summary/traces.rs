//! Whole stacks, equal ones together.

use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::{Place, percent, text};
use crate::aggregate::{GraphBuilder, GraphOptions, NodeInfo};
use crate::error::Result;
use crate::profile::Profile;
use crate::table::{Label, LabelValue};
use crate::unit;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TracesQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Stacks to pass over.
    pub offset: usize,
    /// Stacks, at most.
    pub limit: usize,
    /// Frames of one stack, at most, counted from the leaf.
    pub max_depth: usize,
}

impl Default for TracesQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            offset: 0,
            limit: usize::MAX,
            max_depth: usize::MAX,
        }
    }
}

/// A frame of a stack.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// It was inlined into the frame behind it.
    pub inlined: bool,
}

/// A label that all samples of a stack share.
#[derive(Debug, Clone, Serialize)]
pub struct SharedLabel {
    /// The key.
    pub key: String,
    /// The text, or the number with its unit.
    pub value: String,
}

/// A stack.
#[derive(Debug, Clone, Serialize)]
pub struct TraceRow {
    /// What its samples count.
    pub value: i64,
    /// In percent of the total.
    pub pct: f64,
    /// `value` with its unit.
    pub value_text: String,
    /// Samples with this stack.
    pub samples: usize,
    /// Frames it has.
    pub depth: usize,
    /// The frames, leaf first.
    pub frames: Vec<Frame>,
    /// Frames at the root were cut off.
    pub truncated: bool,
    /// Labels that all its samples have.
    pub labels: Vec<SharedLabel>,
}

/// What is not shown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TracesLeftOut {
    /// Stacks.
    pub rows: usize,
    /// What they count.
    pub value: i64,
    /// In percent of the total.
    pub pct: f64,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Traces {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// Different stacks.
    pub stacks: usize,
    /// The stacks, heaviest first.
    pub rows: Vec<TraceRow>,
    /// What is before and behind the rows.
    pub left_out: TracesLeftOut,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

#[derive(Default)]
struct Group {
    value: i64,
    divisor: i64,
    samples: usize,
    shared: Option<Vec<Label>>,
}

/// Stacks with equal frames together, heaviest first.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn traces(profile: &Profile, query: &TracesQuery) -> Result<Traces> {
    let prepared = prepare(profile, &query.filters)?;
    let view = &prepared.view;
    let builder = GraphBuilder::new(view, GraphOptions::plain(prepared.value));
    let names = builder.names();
    let infos: Vec<Vec<NodeInfo>> = view
        .locations()
        .ids()
        .map(|location| builder.infos_of(location))
        .collect();
    let mut groups: FxHashMap<Vec<(NodeInfo, bool)>, Group> = FxHashMap::default();
    for sample in view.samples() {
        let (value, divisor) = prepared.value.of(view.values(), sample.row);
        if value == 0 && divisor == 0 {
            continue;
        }
        let mut frames = Vec::new();
        for location in view.stacks().frames(sample.stack) {
            let lines = &infos[location.index()];
            frames.extend(
                lines
                    .iter()
                    .enumerate()
                    .map(|(at, &info)| (info, at + 1 != lines.len())),
            );
        }
        let group = groups.entry(frames).or_default();
        group.value = group.value.wrapping_add(value);
        group.divisor = group.divisor.wrapping_add(divisor);
        group.samples += 1;
        let labels = view.label_sets().get(sample.label_set);
        match &mut group.shared {
            None => group.shared = Some(labels.to_vec()),
            Some(shared) => shared.retain(|label| labels.contains(label)),
        }
    }
    let mut sorted: Vec<_> = groups
        .into_iter()
        .map(|(frames, group)| {
            let value = if group.divisor == 0 {
                group.value
            } else {
                group.value.wrapping_div(group.divisor)
            };
            let printed: Vec<_> = frames.iter().map(|(info, _)| names.printable(info)).collect();
            (value, printed, frames, group)
        })
        .collect();
    sorted.sort_by(|l, r| {
        let heavier = r.0.unsigned_abs().cmp(&l.0.unsigned_abs());
        heavier
            .then_with(|| l.1.cmp(&r.1))
            .then_with(|| r.3.samples.cmp(&l.3.samples))
    });
    let stacks = sorted.len();
    let units = view.num_label_units();
    let total = prepared.total as f64;
    let all = sorted.iter().fold(0i64, |sum, row| sum.wrapping_add(row.0));
    let rows: Vec<TraceRow> = sorted
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|(value, _, frames, group)| TraceRow {
            value,
            pct: percent(value as f64, total),
            value_text: prepared.label(value),
            samples: group.samples,
            depth: frames.len(),
            truncated: frames.len() > query.max_depth,
            frames: frames
                .iter()
                .take(query.max_depth)
                .map(|(info, inlined)| Frame {
                    place: Place::new(info, names),
                    inlined: *inlined,
                })
                .collect(),
            labels: group
                .shared
                .unwrap_or_default()
                .iter()
                .map(|label| SharedLabel {
                    key: text(view.strings().get(label.key)),
                    value: match label.value {
                        LabelValue::Str(value) => text(view.strings().get(value)),
                        LabelValue::Num(number, _) => unit::label(number, units.get(label.key)),
                    },
                })
                .collect(),
        })
        .collect();
    let shown = rows.iter().fold(0i64, |sum, row| sum.wrapping_add(row.value));
    let left = all.wrapping_sub(shown);
    let Prepared {
        sample_type,
        warnings,
        ..
    } = prepared;
    Ok(Traces {
        unit: sample_type.unit.clone(),
        sample_type,
        total: prepared.total,
        stacks,
        left_out: TracesLeftOut {
            rows: stacks - rows.len(),
            value: left,
            pct: percent(left as f64, total),
        },
        rows,
        warnings,
    })
}
