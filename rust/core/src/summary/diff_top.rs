//! Two profiles side by side, node by node.

use super::Place;
use super::frames::Frames;
use super::query::{Filters, Sources};
use super::sides::{Compared, DiffLeftOut, Normalize, Pair, Scale, Sides, Status, ratio, status};
use crate::aggregate::{GraphBuilder, GraphOptions, SampleValue};
use crate::error::Result;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

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
    /// `new`, `gone` or `changed`.
    pub status: Status,
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

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// About the sides, and how many nodes differ.
    #[serde(flatten)]
    pub compared: Compared,
    /// The nodes that differ, by the size of the difference.
    pub rows: Vec<DiffRow>,
    /// What is before and behind the rows.
    pub left_out: DiffLeftOut,
}

/// Flat and cum of a node on the two sides; `None` where it counts for nothing.
type Sums = [Option<(i64, i64)>; 2];

/// A node that differs.
struct Delta {
    row: usize,
    status: Status,
    flat: [f64; 2],
    cum: [f64; 2],
}

impl Delta {
    fn new(row: usize, sums: Sums, scale: &Scale) -> Option<Self> {
        let flat = scale.scaled(sums.map(|sum| sum.map(|(flat, _)| flat)));
        let cum = scale.scaled(sums.map(|sum| sum.map(|(_, cum)| cum)));
        let differs = change(flat) != 0.0 || change(cum) != 0.0;
        Some(Self {
            row,
            status: status(sums[0].is_some(), sums[1].is_some(), differs)?,
            flat,
            cum,
        })
    }

    fn into_row(self, place: Place, scale: &Scale) -> DiffRow {
        let ([base_flat, flat], [base_cum, cum]) = (self.flat, self.cum);
        let (delta_flat, delta_cum) = (change(self.flat), change(self.cum));
        DiffRow {
            place,
            status: self.status,
            base_flat,
            flat,
            delta_flat,
            delta_flat_pct: scale.percent(delta_flat),
            ratio_flat: ratio(base_flat, flat),
            base_cum,
            cum,
            delta_cum,
            delta_cum_pct: scale.percent(delta_cum),
            delta_flat_text: scale.label(delta_flat),
            delta_cum_text: scale.label(delta_cum),
        }
    }
}

fn change([base, profile]: [f64; 2]) -> f64 {
    profile - base
}

/// The sums of every row of the node table; those of rows that print alike stand in one of them, since binaries of one
/// name without symbols are different nodes, and what is one here must be one there. `base` is the value of the base, the
/// builder sums that of the other side.
fn sums(
    builder: &GraphBuilder<'_, '_, '_>,
    base: SampleValue,
    frames: &Frames<'_, '_, '_, '_>,
) -> Result<Vec<Sums>> {
    let mut sums: Vec<Sums> = vec![[None; 2]; builder.infos().len()];
    let graphs = [builder.nodes_of(base)?, builder.nodes(None)?];
    for (side, graph) in graphs.iter().enumerate() {
        for &row in &graph.order {
            let node = &graph.nodes[row];
            let (flat, cum) = sums[frames.alike(row)][side].get_or_insert((0, 0));
            *flat = flat.wrapping_add(node.flat.get());
            *cum = cum.wrapping_add(node.cum.get());
        }
    }
    Ok(sums)
}

/// Compares `profile` with `base`, on whole profiles: nothing is trimmed before nodes are matched.
///
/// # Errors
///
/// As [`super::filtered`]; no common sample type; no durations for a comparison per second.
pub fn diff_top(base: &Profile, profile: &Profile, query: &DiffQuery) -> Result<Diff> {
    let pair = Pair::new(base, profile, &query.filters)?;
    let Sides {
        view,
        scale,
        mut compared,
    } = pair.filtered(&query.filters, query.normalize)?;
    let builder = GraphBuilder::new(&view, GraphOptions::plain(pair.values[1]));
    let frames = Frames::new(&builder);
    let sums = sums(&builder, pair.values[0], &frames)?;
    let deltas = sums.into_iter().enumerate();
    let deltas = deltas.filter_map(|(row, sums)| Delta::new(row, sums, &scale));
    let mut deltas: Vec<Delta> = deltas.filter(|delta| compared.count(delta.status)).collect();
    // The largest change first, of the values that are sorted by and then of the others.
    deltas.sort_by(|l, r| {
        let sizes = |delta: &Delta| {
            let (flat, cum) = (change(delta.flat).abs(), change(delta.cum).abs());
            if query.cum { (cum, flat) } else { (flat, cum) }
        };
        let (left, right) = (sizes(l), sizes(r));
        let larger = right.0.total_cmp(&left.0);
        larger
            .then_with(|| right.1.total_cmp(&left.1))
            .then_with(|| frames.rank(l.row).cmp(&frames.rank(r.row)))
    });
    let (all, all_delta) = (
        deltas.len(),
        deltas.iter().map(|delta| change(delta.flat)).sum::<f64>(),
    );
    let sources = pair.sides.each_ref().map(|side| Sources::new(side));
    let shown = deltas.into_iter().skip(query.offset).take(query.limit);
    let rows: Vec<DiffRow> = shown
        .map(|delta| {
            let side = usize::from(delta.status != Status::Gone);
            let place = sources[side].place(&builder.infos()[delta.row], &builder);
            delta.into_row(place, &scale)
        })
        .collect();
    Ok(Diff {
        compared,
        left_out: DiffLeftOut {
            rows: all - rows.len(),
            delta: all_delta - rows.iter().map(|row| row.delta_flat).sum::<f64>(),
        },
        rows,
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
        assert_eq!(
            (diff.rows.len(), diff.compared.changed, diff.compared.same),
            (1, 1, 0)
        );
        let row = &diff.rows[0];
        assert_eq!(
            (row.place.name.as_str(), row.base_flat, row.flat),
            ("[x.so]", 107.0, 907.0)
        );
        assert_eq!(row.delta_flat.to_bits(), diff.compared.delta_total.to_bits());
    }
}
