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
    /// Its text, with unit.
    pub base_total_text: String,
    /// Total of the other side, normalised.
    pub total: f64,
    /// Its text, with unit.
    pub total_text: String,
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

/// A node of one side.
struct Side {
    place: Place,
    flat: i64,
    cum: i64,
}

impl Side {
    /// Adds a node to what is known of its name: binaries of one name without symbols are different nodes, and what
    /// is one here must be one there.
    fn add_to(self, known: &mut Option<Self>) {
        match known {
            Some(known) => {
                known.flat = known.flat.wrapping_add(self.flat);
                known.cum = known.cum.wrapping_add(self.cum);
            }
            None => *known = Some(self),
        }
    }
}

/// The nodes of one side.
fn sides(profile: &Profile, prepared: &Prepared<'_>) -> Result<Vec<Side>> {
    let builder = GraphBuilder::new(&prepared.view, GraphOptions::plain(prepared.value));
    let graph = builder.nodes(None)?;
    let sources = Sources::new(profile);
    let nodes = graph.order.iter().map(|&id| &graph.nodes[id]);
    Ok(nodes
        .map(|node| Side {
            place: sources.place(&node.info, &builder),
            flat: node.flat.get(),
            cum: node.cum.get(),
        })
        .collect())
}

fn scales(query: &DiffQuery, base: &Profile, profile: &Profile, totals: (i64, i64)) -> Result<(f64, f64)> {
    let (base_seconds, seconds) = (
        base.header.duration_nanos as f64 / 1e9,
        profile.header.duration_nanos as f64 / 1e9,
    );
    match query.normalize {
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
        // A base without a total can not be scaled to one.
        Normalize::None | Normalize::Total => Ok((1.0, 1.0)),
    }
}

/// A node of both sides.
#[derive(Default)]
struct Pair {
    base: Option<Side>,
    profile: Option<Side>,
}

/// How the values of one comparison are scaled and written.
struct Scale<'a> {
    base: f64,
    profile: f64,
    base_total: f64,
    unit: &'a str,
    suffix: &'static str,
}

impl Scale<'_> {
    /// `value` with its unit.
    fn text(&self, value: f64) -> String {
        format!("{}{}", unit::label_float(value, self.unit), self.suffix)
    }

    /// `value` with its unit and sign.
    fn label(&self, value: f64) -> String {
        let text = unit::label_float(value, self.unit);
        let sign = if value > 0.0 && text != "0" { "+" } else { "" };
        format!("{sign}{text}{}", self.suffix)
    }

    fn row(&self, pair: Pair) -> Option<DiffRow> {
        let values = |side: &Option<Side>, scale: f64| {
            side.as_ref().map_or((0.0, 0.0), |side| {
                (side.flat as f64 * scale, side.cum as f64 * scale)
            })
        };
        let (base_flat, base_cum) = values(&pair.base, self.base);
        let (flat, cum) = values(&pair.profile, self.profile);
        let (delta_flat, delta_cum) = (flat - base_flat, cum - base_cum);
        let status = match (&pair.base, &pair.profile) {
            (None, _) => "new",
            (_, None) => "gone",
            _ if delta_flat == 0.0 && delta_cum == 0.0 => "same",
            _ => "changed",
        };
        Some(DiffRow {
            place: pair.profile.or(pair.base)?.place,
            status,
            base_flat,
            flat,
            delta_flat,
            delta_flat_pct: percent(delta_flat, self.base_total),
            ratio_flat: (base_flat != 0.0).then(|| (flat / base_flat * 1e4).round() / 1e4),
            base_cum,
            cum,
            delta_cum,
            delta_cum_pct: percent(delta_cum, self.base_total),
            delta_flat_text: self.label(delta_flat),
            delta_cum_text: self.label(delta_cum),
        })
    }
}

/// The largest change first, of the values that are sorted by and then of the others.
fn sort(rows: &mut [DiffRow], cum: bool) {
    let changes = |row: &DiffRow| {
        let (flat, cum_change) = (row.delta_flat.abs(), row.delta_cum.abs());
        if cum {
            (cum_change, flat)
        } else {
            (flat, cum_change)
        }
    };
    rows.sort_by(|l, r| {
        let (left, right) = (changes(l), changes(r));
        let larger = right
            .0
            .total_cmp(&left.0)
            .then_with(|| right.1.total_cmp(&left.1));
        larger.then_with(|| l.place.name.cmp(&r.place.name))
    });
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
    let (base_scale, profile_scale) = scales(query, base, profile, (before.total, after.total))?;
    let base_total = before.total as f64 * base_scale;
    let total = after.total as f64 * profile_scale;
    let scale = Scale {
        base: base_scale,
        profile: profile_scale,
        base_total,
        unit: &after.sample_type.unit,
        suffix: if query.normalize == Normalize::PerSecond {
            "/s"
        } else {
            ""
        },
    };
    let mut nodes: BTreeMap<String, Pair> = BTreeMap::new();
    for side in sides(base, &before)? {
        let pair = nodes.entry(side.place.name.clone()).or_default();
        side.add_to(&mut pair.base);
    }
    for side in sides(profile, &after)? {
        let pair = nodes.entry(side.place.name.clone()).or_default();
        side.add_to(&mut pair.profile);
    }
    let mut rows: Vec<DiffRow> = nodes.into_values().filter_map(|pair| scale.row(pair)).collect();
    let count = |status: &str| rows.iter().filter(|row| row.status == status).count();
    let (new, gone, changed, same) = (count("new"), count("gone"), count("changed"), count("same"));
    rows.retain(|row| row.status != "same");
    sort(&mut rows, query.cum);
    let sum = |rows: &[DiffRow]| rows.iter().map(|row| row.delta_flat).sum::<f64>();
    let (all, all_delta) = (rows.len(), sum(&rows));
    let rows: Vec<DiffRow> = rows.into_iter().skip(query.offset).take(query.limit).collect();
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
        base_total_text: scale.text(base_total),
        total,
        total_text: scale.text(total),
        delta_total: total - base_total,
        delta_total_text: scale.label(total - base_total),
        base_scale,
        scale: profile_scale,
        base_duration_nanos: base.header.duration_nanos,
        duration_nanos: profile.header.duration_nanos,
        new,
        gone,
        changed,
        same,
        left_out: DiffLeftOut {
            rows: all - rows.len(),
            delta: all_delta - sum(&rows),
        },
        rows,
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileBuilder;
    use crate::table::{Location, Mapping};

    /// Two binaries of one base name, neither with symbols.
    fn unsymbolized(values: [i64; 2]) -> Profile {
        let mut builder = ProfileBuilder::default();
        let cpu = builder.value_type(b"cpu", b"nanoseconds");
        builder.header.sample_types.push(cpu);
        for (file, value) in [b"/a/x.so", b"/b/x.so"].into_iter().zip(values) {
            let file = builder.string(file);
            let mapping = Some(builder.mapping(Mapping {
                file,
                ..Mapping::default()
            }));
            let location = builder
                .location(
                    Location {
                        mapping,
                        ..Location::default()
                    },
                    &[],
                )
                .unwrap();
            builder.sample(&[location], &[value], &mut []).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn nodes_that_print_alike_are_added_on_each_side() {
        let (base, profile) = (unsymbolized([100, 7]), unsymbolized([900, 7]));
        let diff = diff_top(&base, &profile, &DiffQuery::default()).unwrap();
        assert_eq!((diff.rows.len(), diff.changed, diff.same), (1, 1, 0));
        let row = &diff.rows[0];
        assert_eq!(
            (row.place.name.as_str(), row.base_flat, row.flat),
            ("[x.so]", 107.0, 907.0)
        );
        assert_eq!(row.delta_flat.to_bits(), diff.delta_total.to_bits());
    }
}
