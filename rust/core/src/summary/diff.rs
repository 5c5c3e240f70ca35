//! Two profiles side by side, node by node.

use super::query::{Filters, Prepared, SampleTypeName, Sources, prepare};
use super::{Place, percent};
use crate::aggregate::{GraphBuilder, GraphOptions};
use crate::combine::align;
use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;
use crate::unit;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How the two sides are made comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// Not at all.
    #[default]
    None,
    /// Each side is divided by its duration in seconds.
    PerSecond,
    /// The base is scaled to the total of the other side.
    Total,
}

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct DiffQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Order by the change of cum instead of flat.
    pub cum: bool,
    /// How the two sides are made comparable.
    pub normalize: Normalize,
    /// Rows to pass over.
    pub offset: usize,
    /// Rows, at most.
    pub limit: usize,
}

impl Default for DiffQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            cum: false,
            normalize: Normalize::None,
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// A node on both sides. Values are in the unit of the answer, per second where so normalised.
#[derive(Debug, Clone, Serialize)]
pub struct DiffRow {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// `new`, `gone`, `changed` or `same`.
    pub status: &'static str,
    /// Flat in the base.
    pub base_flat: f64,
    /// Flat in the other side.
    pub flat: f64,
    /// The difference.
    pub delta_flat: f64,
    /// In percent of the base's total.
    pub delta_flat_pct: f64,
    /// `flat / base_flat`; null where the base has none.
    pub ratio_flat: Option<f64>,
    /// Cum in the base.
    pub base_cum: f64,
    /// Cum in the other side.
    pub cum: f64,
    /// The difference.
    pub delta_cum: f64,
    /// In percent of the base's total.
    pub delta_cum_pct: f64,
    /// `delta_flat` with its unit and sign.
    pub delta_flat_text: String,
    /// `delta_cum` with its unit and sign.
    pub delta_cum_text: String,
}

/// What is not shown.
#[derive(Debug, Clone, Serialize)]
pub struct DiffLeftOut {
    /// Rows that differ.
    pub rows: usize,
    /// Sum of their flat differences.
    pub delta: f64,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// Total of the base, normalised.
    pub base_total: f64,
    /// Total of the other side, normalised.
    pub total: f64,
    /// The difference.
    pub delta_total: f64,
    /// Its text, with unit and sign.
    pub delta_total_text: String,
    /// What the base was multiplied by.
    pub base_scale: f64,
    /// What the other side was multiplied by.
    pub scale: f64,
    /// Duration of the base.
    pub base_duration_nanos: i64,
    /// Duration of the other side.
    pub duration_nanos: i64,
    /// Nodes that are only in the other side.
    pub new: usize,
    /// Nodes that are only in the base.
    pub gone: usize,
    /// Nodes whose values differ.
    pub changed: usize,
    /// Nodes whose values are equal; they make no rows.
    pub same: usize,
    /// The nodes that differ, by the size of the difference.
    pub rows: Vec<DiffRow>,
    /// What is before and behind the rows.
    pub left_out: DiffLeftOut,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// Flat and cum of each node of one side.
fn side(profile: &Profile, prepared: &Prepared<'_>) -> Vec<(Place, i64, i64)> {
    let builder = GraphBuilder::new(&prepared.view, GraphOptions::plain(prepared.value));
    let graph = builder.build(None);
    let sources = Sources::new(profile);
    graph
        .order
        .iter()
        .map(|&id| {
            let node = &graph.nodes[id];
            (
                sources.place(&node.info, &builder),
                node.flat.get(),
                node.cum.get(),
            )
        })
        .collect()
}

fn scales(query: &DiffQuery, base: &Profile, profile: &Profile, totals: (i64, i64)) -> Result<(f64, f64)> {
    let (base_seconds, seconds) = (
        base.header.duration_nanos as f64 / 1e9,
        profile.header.duration_nanos as f64 / 1e9,
    );
    match query.normalize {
        Normalize::None => Ok((1.0, 1.0)),
        Normalize::PerSecond if base_seconds > 0.0 && seconds > 0.0 => {
            Ok((1.0 / base_seconds, 1.0 / seconds))
        }
        Normalize::PerSecond => Err(Error::new(ErrorKind::InvalidArgument {
            argument: "normalize",
            detail: format!(
                "per_second needs the duration of both profiles, which are {base_seconds} s and {seconds} s; use none or total"
            ),
        })),
        Normalize::Total if totals.0 != 0 => Ok((totals.1 as f64 / totals.0 as f64, 1.0)),
        Normalize::Total => Ok((1.0, 1.0)),
    }
}

/// Compares `profile` with `base`, on whole profiles: nothing is trimmed before nodes are matched by name.
///
/// # Errors
///
/// As [`super::filtered`]; no common sample type; no durations for a comparison per second.
pub fn diff_top(base: &Profile, profile: &Profile, query: &DiffQuery) -> Result<Diff> {
    let aligned = align(vec![Cow::Borrowed(base), Cow::Borrowed(profile)])?;
    let (base, profile) = (aligned[0].as_ref(), aligned[1].as_ref());
    let before = prepare(base, &query.filters)?;
    let after = prepare(profile, &query.filters)?;
    let (base_scale, scale) = scales(query, base, profile, (before.total, after.total))?;
    let mut nodes: BTreeMap<String, (Option<(Place, i64, i64)>, Option<(Place, i64, i64)>)> = BTreeMap::new();
    for row in side(base, &before) {
        let entry = nodes.entry(row.0.name.clone()).or_default();
        entry.0 = Some(row);
    }
    for row in side(profile, &after) {
        let entry = nodes.entry(row.0.name.clone()).or_default();
        entry.1 = Some(row);
    }
    let base_total = before.total as f64 * base_scale;
    let total = after.total as f64 * scale;
    let (mut new, mut gone, mut changed, mut same) = (0, 0, 0, 0);
    let mut rows = Vec::new();
    let suffix = if query.normalize == Normalize::PerSecond {
        "/s"
    } else {
        ""
    };
    let label = |value: f64| {
        let text = unit::label_float(value, &after.sample_type.unit);
        format!(
            "{}{text}{suffix}",
            if value > 0.0 && text != "0" { "+" } else { "" }
        )
    };
    for (old, current) in nodes.into_values() {
        let values = |row: &Option<(Place, i64, i64)>, scale: f64| {
            row.as_ref()
                .map_or((0.0, 0.0), |row| (row.1 as f64 * scale, row.2 as f64 * scale))
        };
        let ((base_flat, base_cum), (flat, cum)) = (values(&old, base_scale), values(&current, scale));
        let (delta_flat, delta_cum) = (flat - base_flat, cum - base_cum);
        let status = match (&old, &current) {
            (None, _) => "new",
            (_, None) => "gone",
            _ if delta_flat == 0.0 && delta_cum == 0.0 => "same",
            _ => "changed",
        };
        *match status {
            "new" => &mut new,
            "gone" => &mut gone,
            "same" => &mut same,
            _ => &mut changed,
        } += 1;
        let Some((place, ..)) = current.or(old).filter(|_| status != "same") else {
            continue;
        };
        rows.push(DiffRow {
            place,
            status,
            base_flat,
            flat,
            delta_flat,
            delta_flat_pct: percent(delta_flat, base_total),
            ratio_flat: (base_flat != 0.0).then(|| (flat / base_flat * 1e4).round() / 1e4),
            base_cum,
            cum,
            delta_cum,
            delta_cum_pct: percent(delta_cum, base_total),
            delta_flat_text: label(delta_flat),
            delta_cum_text: label(delta_cum),
        });
    }
    let key = |row: &DiffRow| {
        if query.cum {
            row.delta_cum.abs()
        } else {
            row.delta_flat.abs()
        }
    };
    let second = |row: &DiffRow| {
        if query.cum {
            row.delta_flat.abs()
        } else {
            row.delta_cum.abs()
        }
    };
    rows.sort_by(|l, r| {
        key(r)
            .total_cmp(&key(l))
            .then_with(|| second(r).total_cmp(&second(l)))
            .then_with(|| l.place.name.cmp(&r.place.name))
    });
    let all = rows.len();
    let all_delta: f64 = rows.iter().map(|row| row.delta_flat).sum();
    let rows: Vec<DiffRow> = rows.into_iter().skip(query.offset).take(query.limit).collect();
    let shown: f64 = rows.iter().map(|row| row.delta_flat).sum();
    let mut warnings: Vec<String> = before
        .warnings
        .iter()
        .map(|warning| format!("base: {warning}"))
        .collect();
    warnings.extend(after.warnings.iter().cloned());
    if query.normalize == Normalize::Total && before.total == 0 {
        warnings.push("the base has no total, so it was not scaled".to_owned());
    }
    Ok(Diff {
        unit: after.sample_type.unit.clone(),
        sample_type: after.sample_type.clone(),
        base_total,
        total,
        delta_total: total - base_total,
        delta_total_text: label(total - base_total),
        base_scale,
        scale,
        base_duration_nanos: base.header.duration_nanos,
        duration_nanos: profile.header.duration_nanos,
        new,
        gone,
        changed,
        same,
        left_out: DiffLeftOut {
            rows: all - rows.len(),
            delta: all_delta - shown,
        },
        rows,
        warnings,
    })
}
