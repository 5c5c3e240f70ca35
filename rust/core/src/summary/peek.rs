//! Callers and callees of the nodes that match.

use super::query::{Filters, Prepared, SampleTypeName, Sources, prepare};
use super::{Place, percent, text};
use crate::aggregate::trim::Trim;
use crate::aggregate::{EdgeChoice, EdgeId, GraphBuilder, GraphOptions};
use crate::error::Result;
use crate::pattern::Pattern;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct PeekQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Which nodes.
    pub regex: String,
    /// Order by cum instead of flat.
    pub cum: bool,
    /// Nodes to pass over.
    pub offset: usize,
    /// Nodes, at most.
    pub limit: usize,
    /// Callers, and callees, of one node, at most.
    pub edges: usize,
}

impl Default for PeekQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            regex: String::new(),
            cum: false,
            offset: 0,
            limit: usize::MAX,
            edges: usize::MAX,
        }
    }
}

/// A caller or callee.
#[derive(Debug, Clone, Serialize)]
pub struct PeekEdge {
    /// Its name.
    pub name: String,
    /// What went through the call.
    pub weight: i64,
    /// In percent of the node's cum.
    pub pct: f64,
    /// `weight` with its unit.
    pub weight_text: String,
    /// The call was inlined, everywhere.
    pub inline: bool,
}

/// A node with its callers and callees.
#[derive(Debug, Clone, Serialize)]
pub struct PeekRow {
    /// Where.
    pub node: Place,
    /// Spent in the node itself.
    pub flat: i64,
    /// In percent of the total.
    pub flat_pct: f64,
    /// Spent in the node and all it called.
    pub cum: i64,
    /// In percent of the total.
    pub cum_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
    /// `cum` with its unit.
    pub cum_text: String,
    /// Callers, heaviest first.
    pub callers: Vec<PeekEdge>,
    /// Callees, heaviest first.
    pub callees: Vec<PeekEdge>,
    /// Callers not shown.
    pub callers_left_out: usize,
    /// Callees not shown.
    pub callees_left_out: usize,
}

/// What is not shown.
#[derive(Debug, Clone, Serialize)]
pub struct PeekLeftOut {
    /// Nodes that match.
    pub rows: usize,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Peek {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// Nodes that match.
    pub matched: usize,
    /// The nodes.
    pub rows: Vec<PeekRow>,
    /// What is before and behind the rows.
    pub left_out: PeekLeftOut,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// Callers and callees of the nodes whose printed name matches, heaviest nodes first. Nothing is trimmed.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn peek(profile: &Profile, query: &PeekQuery) -> Result<Peek> {
    let pattern = Pattern::new("regex", &query.regex)?;
    let prepared = prepare(profile, &query.filters)?;
    let options = GraphOptions {
        edges: EdgeChoice::Of(&pattern),
        ..GraphOptions::plain(prepared.value)
    };
    let builder = GraphBuilder::new(&prepared.view, options);
    let trim = Trim {
        nodecount: 0,
        nodefraction: 0.0,
        edgefraction: 0.0,
        cum_sort: query.cum,
        visual: false,
    };
    let graph = builder.trimmed(&trim)?.graph;
    let names = builder.names();
    let sources = Sources::new(profile);
    let total = prepared.total as f64;
    let matching: Vec<_> = graph
        .order
        .iter()
        .copied()
        .filter(|&id| pattern.is_match(&names.printable(&graph.nodes[id].info)))
        .collect();
    let mut rows = Vec::new();
    for &id in matching.iter().skip(query.offset).take(query.limit) {
        let node = &graph.nodes[id];
        let (flat, cum) = (node.flat.get(), node.cum.get());
        let edges = |ids: &[EdgeId], callers: bool| -> Vec<PeekEdge> {
            graph
                .sorted_edges(ids, names)
                .into_iter()
                .take(query.edges)
                .map(|edge| {
                    let edge = &graph.edges[edge];
                    let weight = edge.weight.get();
                    let other = if callers { edge.src } else { edge.dest };
                    PeekEdge {
                        name: text(&names.printable(&graph.nodes[other].info)),
                        weight,
                        pct: percent(weight as f64, cum as f64),
                        weight_text: prepared.label(weight),
                        inline: edge.inline,
                    }
                })
                .collect()
        };
        let (callers, callees) = (edges(&node.ins, true), edges(&node.outs, false));
        rows.push(PeekRow {
            node: sources.place(&node.info, &builder),
            flat,
            flat_pct: percent(flat as f64, total),
            cum,
            cum_pct: percent(cum as f64, total),
            flat_text: prepared.label(flat),
            cum_text: prepared.label(cum),
            callers_left_out: node.ins.len() - callers.len(),
            callees_left_out: node.outs.len() - callees.len(),
            callers,
            callees,
        });
    }
    let total_text = prepared.label(prepared.total);
    let Prepared {
        sample_type,
        mut warnings,
        ..
    } = prepared;
    if matching.is_empty() {
        warnings.push(format!("no function matches {:?}", query.regex));
    }
    Ok(Peek {
        unit: sample_type.unit.clone(),
        sample_type,
        total: prepared.total,
        total_text,
        matched: matching.len(),
        left_out: PeekLeftOut {
            rows: matching.len() - rows.len(),
        },
        rows,
        warnings,
    })
}
