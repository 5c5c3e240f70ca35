//! Flat and cum by node.

use super::query::{Filters, Prepared, SampleTypeName, Sources, prepare};
use super::{Place, percent};
use crate::aggregate::trim::Trim;
use crate::aggregate::{EdgeChoice, Graph, GraphBuilder, GraphOptions, NodeId};
use crate::error::Result;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TopQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Order by cum instead of flat.
    pub cum: bool,
    /// Nodes below this part of the total are dropped.
    pub nodefraction: f64,
    /// Rows to pass over.
    pub offset: usize,
    /// Rows, at most.
    pub limit: usize,
}

impl Default for TopQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            cum: false,
            nodefraction: 0.0,
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// A node.
#[derive(Debug, Clone, Serialize)]
pub struct TopRow {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Whether callers had it inlined: empty, `inline` or `partial-inline`.
    pub inlined: &'static str,
    /// Spent in the node itself.
    pub flat: i64,
    /// In percent of the total.
    pub flat_pct: f64,
    /// Of this row and those above it, in percent of the total.
    pub sum_pct: f64,
    /// Spent in the node and all it called.
    pub cum: i64,
    /// In percent of the total.
    pub cum_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
    /// `cum` with its unit.
    pub cum_text: String,
}

/// What is not shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LeftOut {
    /// Rows.
    pub rows: usize,
    /// Their flat values.
    pub flat: i64,
    /// In percent of the total.
    pub flat_pct: f64,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Top {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// Flat values of the rows shown.
    pub shown: i64,
    /// Nodes there are.
    pub nodes: usize,
    /// The rows.
    pub rows: Vec<TopRow>,
    /// What is before and behind the rows.
    pub left_out: LeftOut,
    /// Nodes dropped by `nodefraction`.
    pub dropped_nodes: usize,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

fn inlined(graph: &Graph, node: NodeId) -> &'static str {
    let ins = || graph.nodes[node].ins.iter().map(|&edge| graph.edges[edge].inline);
    match (ins().any(|inline| inline), ins().any(|inline| !inline)) {
        (true, true) => "partial-inline",
        (true, false) => "inline",
        _ => "",
    }
}

/// Flat and cum by node, heaviest first.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn top(profile: &Profile, query: &TopQuery) -> Result<Top> {
    let prepared = prepare(profile, &query.filters)?;
    let options = GraphOptions {
        edges: EdgeChoice::IntoInlined,
        ..GraphOptions::plain(prepared.value)
    };
    let builder = GraphBuilder::new(&prepared.view, options);
    let trim = Trim {
        nodecount: 0,
        nodefraction: query.nodefraction,
        edgefraction: 0.0,
        cum_sort: query.cum,
        visual: false,
    };
    let trimmed = builder.trimmed_first(&trim, query.offset.saturating_add(query.limit))?;
    let graph = &trimmed.graph;
    let sources = Sources::new(profile);
    let total = prepared.total as f64;
    let (mut sum, mut shown, mut all) = (0i64, 0i64, 0i64);
    let mut rows = Vec::new();
    for (position, &id) in graph.order.iter().enumerate() {
        let node = &graph.nodes[id];
        let (flat, cum) = (node.flat.get(), node.cum.get());
        sum = sum.wrapping_add(flat);
        all = all.wrapping_add(flat);
        if position < query.offset || rows.len() >= query.limit {
            continue;
        }
        shown = shown.wrapping_add(flat);
        rows.push(TopRow {
            place: sources.place(&node.info, &builder),
            inlined: inlined(graph, id),
            flat,
            flat_pct: percent(flat as f64, total),
            sum_pct: percent(sum as f64, total),
            cum,
            cum_pct: percent(cum as f64, total),
            flat_text: prepared.label(flat),
            cum_text: prepared.label(cum),
        });
    }
    let left = all.wrapping_sub(shown);
    let total_text = prepared.label(prepared.total);
    let Prepared {
        sample_type,
        warnings,
        ..
    } = prepared;
    Ok(Top {
        unit: sample_type.unit.clone(),
        sample_type,
        total: prepared.total,
        total_text,
        shown,
        nodes: graph.order.len(),
        left_out: LeftOut {
            rows: graph.order.len() - rows.len(),
            flat: left,
            flat_pct: percent(left as f64, total),
        },
        rows,
        dropped_nodes: trimmed.dropped_nodes,
        warnings,
    })
}
