//! Whole stacks, equal ones together.

use super::frames::{FrameRow, Frames};
use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::{Place, percent, text};
use crate::aggregate::{GraphBuilder, GraphOptions};
use crate::error::Result;
use crate::interrupt;
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
    /// `total` with its unit.
    pub total_text: String,
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

impl Group {
    const fn value(&self) -> i64 {
        if self.divisor == 0 {
            self.value
        } else {
            self.value.wrapping_div(self.divisor)
        }
    }
}

/// Samples with equal frames, leaf first, together.
fn grouped(
    prepared: &Prepared<'_>,
    frames: &Frames<'_, '_, '_, '_>,
) -> Result<FxHashMap<Vec<FrameRow>, Group>> {
    let view = &prepared.view;
    let mut groups: FxHashMap<Vec<FrameRow>, Group> = FxHashMap::default();
    let mut stack = Vec::new();
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let (value, divisor) = prepared.value.of(view.values(), sample.row);
        if value == 0 && divisor == 0 {
            continue;
        }
        frames.read(sample.stack, &mut stack);
        if !groups.contains_key(&stack) {
            groups.insert(stack.clone(), Group::default());
        }
        let Some(group) = groups.get_mut(&stack) else {
            continue;
        };
        group.value = group.value.wrapping_add(value);
        group.divisor = group.divisor.wrapping_add(divisor);
        group.samples += 1;
        let labels = view.label_sets().get(sample.label_set);
        match &mut group.shared {
            None => group.shared = Some(labels.to_vec()),
            Some(shared) => shared.retain(|label| labels.contains(label)),
        }
    }
    Ok(groups)
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
    let frames = Frames::new(&builder);
    let mut groups: Vec<_> = grouped(&prepared, &frames)?.into_iter().collect();
    groups.sort_by(|(left, l), (right, r)| {
        let heavier = r.value().unsigned_abs().cmp(&l.value().unsigned_abs());
        heavier
            .then_with(|| frames.ranks(left).cmp(frames.ranks(right)))
            .then_with(|| {
                let inlined =
                    |frames: &[FrameRow]| frames.iter().map(|frame| frame.inlined()).collect::<Vec<_>>();
                inlined(left).cmp(&inlined(right))
            })
    });
    let stacks = groups.len();
    let units = view.num_label_units();
    let total = prepared.total as f64;
    let all = groups
        .iter()
        .fold(0i64, |sum, (_, group)| sum.wrapping_add(group.value()));
    let row = |(stack, group): (Vec<FrameRow>, Group)| TraceRow {
        value: group.value(),
        pct: percent(group.value() as f64, total),
        value_text: prepared.label(group.value()),
        samples: group.samples,
        depth: stack.len(),
        truncated: stack.len() > query.max_depth,
        frames: stack
            .iter()
            .take(query.max_depth)
            .map(|&frame| Frame {
                place: Place::new(frames.info(frame), builder.names()),
                inlined: frame.inlined(),
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
    };
    let rows: Vec<TraceRow> = groups
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(row)
        .collect();
    let left = rows.iter().fold(all, |left, row| left.wrapping_sub(row.value));
    Ok(Traces {
        unit: prepared.sample_type.unit.clone(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        stacks,
        left_out: TracesLeftOut {
            rows: stacks - rows.len(),
            value: left,
            pct: percent(left as f64, total),
        },
        rows,
        warnings: prepared.warnings.clone(),
    })
}
