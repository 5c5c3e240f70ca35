//! The call graph as a picture: boxes for functions, arrows for calls, laid out in layers.

use super::graph_svg::{At, Card, LETTER, LINE, Path, Svg};
use crate::aggregate::trim::Trim;
use crate::aggregate::{Edge, Graph, GraphBuilder, GraphOptions, Names, Node, NodeInfo};
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::report::{dot_color, shorten_function_name};
use crate::summary::{Filters, Prepared, SampleTypeName, percent, prepare};
use crate::unit;
use layout::core::base::Orientation;
use layout::core::geometry::{Point, Position};
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;
use layout::topo::placer::Placer;
use serde::{Deserialize, Serialize};
use std::panic::catch_unwind;

/// What to draw.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct CallGraphQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Heading.
    pub title: String,
    /// Boxes, at most.
    pub nodecount: usize,
    /// Boxes below this part of the total are dropped.
    pub nodefraction: f64,
    /// Arrows below this part of the total are dropped.
    pub edgefraction: f64,
}

impl Default for CallGraphQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            title: "Call graph".to_owned(),
            nodecount: 40,
            nodefraction: 0.005,
            edgefraction: 0.001,
        }
    }
}

/// The picture.
#[derive(Debug, Clone, Serialize)]
pub struct CallGraph {
    /// SVG.
    #[serde(skip)]
    pub svg: Vec<u8>,
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// Boxes.
    pub nodes: usize,
    /// Arrows.
    pub edges: usize,
    /// Functions that are no box.
    pub left_out: usize,
    /// What limits the picture.
    pub warnings: Vec<String>,
}

/// Font sizes of a box with next to nothing, and what the heaviest has more. Source: pprof's are 8 to 24; smaller ones
/// can not be read in a browser.
const FONT: (f64, f64) = (10.0, 10.0);

fn parts(info: &NodeInfo, names: Names<'_>) -> Vec<String> {
    let name = String::from_utf8_lossy(&names.printable(info)).into_owned();
    let short = String::from_utf8_lossy(&shorten_function_name(name.as_bytes())).into_owned();
    let mut lines = Vec::new();
    // Long names break behind the last dot, colon or slash before the middle.
    for part in short.split("::") {
        let mut part = part.to_owned();
        while part.chars().count() > 32 {
            let letters: Vec<(usize, char)> = part.char_indices().collect();
            let limit = letters[31].0;
            let at = part[..limit]
                .rfind(['.', '/', ')', ' ', '_'])
                .filter(|at| *at > 0)
                .map_or(limit, |at| at + 1);
            let rest = part.split_off(at);
            lines.push(std::mem::replace(&mut part, rest));
        }
        lines.push(part);
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// What a box says, and how large it is.
struct Label {
    lines: Vec<String>,
    font: f64,
    size: At,
    tip: String,
    score: f64,
}

fn name_of(node: &Node, names: Names<'_>) -> String {
    String::from_utf8_lossy(&names.printable(&node.info)).into_owned()
}

fn score(value: i64, prepared: &Prepared<'_>) -> f64 {
    value as f64 / prepared.total.unsigned_abs().max(1) as f64
}

fn box_of(prepared: &Prepared<'_>, node: &Node, heaviest: u64, names: Names<'_>) -> Label {
    let (flat, cum) = (node.flat.get(), node.cum.get());
    let part = |value: i64| unit::percentage(value, prepared.total).trim().to_owned();
    let mut lines = parts(&node.info, names);
    lines.push(if flat == 0 {
        "0".to_owned()
    } else {
        format!("{} ({})", prepared.label(flat), part(flat))
    });
    if cum != flat {
        lines.push(format!("of {} ({})", prepared.label(cum), part(cum)));
    }
    let grown = if heaviest == 0 {
        0.0
    } else {
        FONT.1 * (flat.unsigned_abs() as f64 / heaviest as f64).sqrt()
    };
    let font = (FONT.0 + grown).round();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(1);
    Label {
        size: (
            longest as f64 * font * LETTER + 14.0,
            lines.len() as f64 * font * LINE + 10.0,
        ),
        tip: format!(
            "{}: flat {}, cum {} ({})",
            name_of(node, names),
            prepared.label(flat),
            prepared.label(cum),
            part(cum)
        ),
        lines,
        font,
        score: score(cum, prepared),
    }
}

/// Where everything is: the boxes, and for each pair of boxes with a call the points between them, from the upper one.
struct Layout {
    centers: Vec<At>,
    ways: Vec<((usize, usize), Vec<At>)>,
}

/// Room around a box and around a line that passes. Chosen.
const HALO: (f64, f64) = (36.0, 44.0);
const LANE: f64 = 14.0;

/// Places boxes in layers. `pairs` are ends of calls, each two boxes once.
fn lay_out(sizes: &[At], pairs: &[(usize, usize)]) -> Layout {
    let mut picture = VisualGraph::new(Orientation::TopToBottom);
    let element = |&(width, height): &At| {
        let shape = ShapeKind::new_box("");
        let look = StyleAttr::simple();
        let mut element = Element::create(shape, look, Orientation::TopToBottom, Point::zero());
        let (size, halo) = (Point::new(width, height), Point::new(HALO.0, HALO.1));
        element.pos = Position::new(Point::zero(), size, Point::zero(), halo);
        element
    };
    let boxes: Vec<_> = sizes.iter().map(|size| picture.add_node(element(size))).collect();
    for &(from, to) in pairs {
        picture.add_edge(Arrow::default(), boxes[from], boxes[to]);
    }
    picture.to_valid_dag();
    picture.split_long_edges(false);
    let passing: Vec<_> = picture
        .iter_nodes()
        .filter(|&node| picture.is_connector(node))
        .collect();
    for node in passing {
        let (size, halo) = (Point::splat(1.0), Point::splat(LANE));
        picture.element_mut(node).pos = Position::new(Point::zero(), size, Point::zero(), halo);
    }
    Placer::new(&mut picture).layout(false);
    let at = |node| {
        let center = picture.pos(node).center();
        (center.x, center.y)
    };
    let mut ways = Vec::new();
    for (upper, &node) in boxes.iter().enumerate() {
        for &first in picture.succ(node) {
            let mut points = vec![at(node)];
            let mut next = first;
            while picture.is_connector(next) {
                points.push(at(next));
                // A line that passes has one end.
                let Some(&behind) = picture.succ(next).first() else {
                    break;
                };
                next = behind;
            }
            points.push(at(next));
            ways.push(((upper, next.get_index()), points));
        }
    }
    ways.sort_by_key(|way| way.0);
    Layout {
        centers: boxes.iter().map(|&node| at(node)).collect(),
        ways,
    }
}

/// Boxes by their positions in `order`, and calls between them.
struct Drawn<'g> {
    boxes: Vec<Label>,
    edges: Vec<(usize, usize, &'g Edge)>,
}

fn gather<'g>(prepared: &Prepared<'_>, graph: &'g Graph, names: Names<'_>) -> Drawn<'g> {
    let heaviest = graph
        .order
        .iter()
        .map(|&id| graph.nodes[id].flat.get().unsigned_abs())
        .max()
        .unwrap_or(0);
    let mut position = vec![None; graph.nodes.len()];
    let mut boxes = Vec::new();
    for (at, &id) in graph.order.iter().enumerate() {
        position[id] = Some(at);
        boxes.push(box_of(prepared, &graph.nodes[id], heaviest, names));
    }
    let outs: Vec<_> = graph
        .order
        .iter()
        .flat_map(|&id| graph.nodes[id].outs.iter().copied())
        .collect();
    let edges = graph
        .sorted_edges(&outs, names)
        .into_iter()
        .filter_map(|id| {
            let edge = &graph.edges[id];
            Some((position[edge.src]?, position[edge.dest]?, edge))
        })
        .collect();
    Drawn { boxes, edges }
}

fn draw(prepared: &Prepared<'_>, graph: &Graph, drawn: &Drawn<'_>, layout: &Layout, names: Names<'_>) -> Svg {
    let mut svg = Svg::default();
    for &(from, to, edge) in &drawn.edges {
        let value = edge.weight.get();
        let tip = format!(
            "{} {} {}: {}{}",
            name_of(&graph.nodes[edge.src], names),
            if edge.residual { "\u{2026}" } else { "\u{2192}" },
            name_of(&graph.nodes[edge.dest], names),
            prepared.label(value),
            if edge.inline { " (inline)" } else { "" }
        );
        let score = score(value, prepared);
        svg.arrow(&Path {
            points: &way(drawn, layout, from, to),
            width: 1.0 + 4.0 * score.abs().min(1.0),
            color: &dot_color(score, false),
            is_dashed: edge.residual,
            label: &prepared.label(value),
            tip: &tip,
        });
    }
    for (card, &center) in drawn.boxes.iter().zip(&layout.centers) {
        svg.card(&Card {
            center,
            size: card.size,
            lines: &card.lines,
            font: card.font,
            fill: &dot_color(card.score, true),
            stroke: &dot_color(card.score, false),
            tip: &card.tip,
        });
    }
    svg
}

/// The points of an arrow, from edge to edge of its boxes. Where calls go both ways the two keep apart.
fn way(drawn: &Drawn<'_>, layout: &Layout, from: usize, to: usize) -> Vec<At> {
    let half = |at: usize| (drawn.boxes[at].size.0 / 2.0, drawn.boxes[at].size.1 / 2.0);
    let find = |pair| {
        let at = layout.ways.binary_search_by_key(&pair, |way| way.0).ok()?;
        Some(layout.ways[at].1.clone())
    };
    let is_down = find((from, to)).is_some();
    let mut points = find((from, to)).or_else(|| find((to, from))).unwrap_or_default();
    let both = drawn.edges.iter().any(|edge| (edge.0, edge.1) == (to, from));
    let last = points.len().saturating_sub(1);
    let (upper, lower) = if is_down { (from, to) } else { (to, from) };
    for (at, point) in points.iter_mut().enumerate() {
        if both {
            point.0 += if is_down { -7.0 } else { 7.0 };
        }
        if at == 0 {
            point.1 += half(upper).1;
        } else if at == last {
            point.1 -= half(lower).1;
        }
    }
    if !is_down {
        points.reverse();
    }
    points
}

/// Draws the call graph, trimmed as pprof does it for pictures.
///
/// # Errors
///
/// As [`crate::summary::filtered`]; a graph that can not be laid out.
pub fn callgraph(profile: &Profile, query: &CallGraphQuery) -> Result<CallGraph> {
    let prepared = prepare(profile, &query.filters)?;
    let builder = GraphBuilder::new(&prepared.view, GraphOptions::plain(prepared.value));
    let trimmed = builder.trimmed(&Trim {
        nodecount: query.nodecount,
        nodefraction: query.nodefraction,
        edgefraction: query.edgefraction,
        cum_sort: true,
        visual: true,
    })?;
    let names = builder.names();
    let all = builder.nodes(None)?.order.len();
    let nodes = trimmed.graph.order.len();
    // The layout checks itself by assertions; one that fails is no reason to end the process.
    let drawn = gather(&prepared, &trimmed.graph, names);
    let sizes: Vec<At> = drawn.boxes.iter().map(|card| card.size).collect();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for &(from, to, _) in &drawn.edges {
        // A call of itself is no arrow, as in pprof.
        if !pairs.contains(&(to, from)) {
            pairs.push((from, to));
        }
    }
    let layout = if sizes.is_empty() {
        Layout {
            centers: Vec::new(),
            ways: Vec::new(),
        }
    } else {
        catch_unwind(|| lay_out(&sizes, &pairs)).map_err(|_| {
            Error::invalid("the call graph can not be laid out; ask for fewer nodes or take the DOT form")
        })?
    };
    let svg = draw(&prepared, &trimmed.graph, &drawn, &layout, names);
    let edges = drawn.edges.len();
    let shown: f64 = trimmed
        .graph
        .order
        .iter()
        .map(|&id| trimmed.graph.nodes[id].flat.get() as f64)
        .sum();
    let mut warnings = prepared.warnings.clone();
    if nodes == 0 {
        warnings.push("there is nothing to draw".to_owned());
    }
    let lines = [
        format!(
            "{} ({}), total {}",
            prepared.sample_type.type_,
            prepared.sample_type.unit,
            prepared.label(prepared.total)
        ),
        format!(
            "{nodes} of {all} functions, with {} % of the total in themselves; dashed: by way of functions not shown",
            percent(shown, prepared.total as f64).round()
        ),
    ];
    Ok(CallGraph {
        svg: svg.finish(&query.title, &lines),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        nodes,
        edges,
        left_out: all - nodes,
        warnings,
    })
}
