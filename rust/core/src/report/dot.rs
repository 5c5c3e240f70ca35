//! `-dot`: the call graph for Graphviz.

use super::context::{GraphRules, Report};
use super::dot_color::dot_color;
use super::labels::report_labels;
use super::nodelets::put_nodelets;
use super::out::{put, replace};
use super::shorten::shorten_function_name;
use crate::aggregate::{Edge, Graph, Names, NodeInfo, base_name};
use crate::error::Result;
use crate::unit::percentage;

/// Font size of a place with next to nothing, and what the heaviest has more.
const FONT_SIZE: (i64, f64) = (8, 16.0);

pub(super) fn print(report: &mut Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    let cutter = report.path_cutter();
    let rules = GraphRules {
        may_be_tree: true,
        tags: true,
        ..GraphRules::default()
    };
    let builder = report.graph_builder(rules, &cutter);
    let trimmed = builder.trimmed(&report.trim)?;
    let graph = &trimmed.graph;
    report.select_output_unit(graph);
    let names = builder.names();

    let title = report.title();
    out.extend_from_slice(b"digraph \"");
    out.extend_from_slice(if title.is_empty() { b"unnamed" } else { title });
    out.extend_from_slice(b"\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\n");
    put_legend(&report_labels(report, &trimmed, true), title, out);

    let heaviest = graph
        .order
        .iter()
        .map(|&id| graph.nodes[id].flat.get().unsigned_abs())
        .max()
        .unwrap_or(0);
    // Places that are not part of the graph have the number 0.
    let mut numbers = vec![0; graph.nodes.len()];
    let mut has_nodelets = vec![false; graph.nodes.len()];
    let mut edges = Vec::new();
    for (number, &id) in (1..).zip(&graph.order) {
        numbers[id] = number;
        put_node(report, graph, id, number, heaviest, names, out);
        has_nodelets[id] = put_nodelets(report, &graph.nodes[id], number, out);
        edges.extend_from_slice(&graph.nodes[id].outs);
    }
    for edge in graph.sorted_edges(&edges, names) {
        let edge = &graph.edges[edge];
        let ends = (numbers[edge.src], numbers[edge.dest]);
        put_edge(report, graph, edge, ends, has_nodelets[edge.src], names, out);
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn put_legend(labels: &[Vec<u8>], title: &[u8], out: &mut Vec<u8>) {
    let Some(first) = labels.first() else { return };
    out.extend_from_slice(b"subgraph cluster_L { \"");
    out.extend(escaped(first));
    out.extend_from_slice(b"\" [shape=box fontsize=16 label=\"");
    for (position, label) in labels.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(br"\l");
        }
        out.extend(escaped(label));
    }
    out.extend_from_slice(br#"\l""#);
    if !title.is_empty() {
        out.extend_from_slice(b" tooltip=\"");
        out.extend_from_slice(title);
        out.push(b'"');
    }
    out.extend_from_slice(b"] }\n");
}

fn put_node(
    report: &Report<'_, '_>,
    graph: &Graph,
    id: usize,
    number: usize,
    heaviest: u64,
    names: Names<'_>,
    out: &mut Vec<u8>,
) {
    let node = &graph.nodes[id];
    let (flat, cum) = (node.flat.get(), node.cum.get());
    put(out, format_args!("N{number} [label=\""));
    out.extend(multiline_name(&node.info, names));
    let part = |value: i64| percentage(value, report.total).trim().to_owned();
    if flat == 0 {
        out.push(b'0');
    } else {
        out.extend(report.format(flat));
        put(out, format_args!(" ({})", part(flat)));
    }
    let cum_text = report.format(cum);
    if cum != flat {
        out.extend_from_slice(if flat == 0 { b" " } else { br"\n" });
        out.extend_from_slice(b"of ");
        out.extend_from_slice(&cum_text);
        put(out, format_args!(" ({})", part(cum)));
    }
    let (size, growth) = FONT_SIZE;
    let grown = if flat == 0 {
        0
    } else {
        (growth * (flat.unsigned_abs() as f64 / heaviest as f64).sqrt()).ceil() as i64
    };
    put(
        out,
        format_args!(
            "\" id=\"node{number}\" fontsize={} shape=box tooltip=\"",
            size + grown
        ),
    );
    out.extend(escaped(&names.printable(&node.info)));
    out.extend_from_slice(b" (");
    out.extend_from_slice(&cum_text);
    let score = score(cum, report.total);
    put(
        out,
        format_args!(
            ")\" color=\"{}\" fillcolor=\"{}\"]\n",
            dot_color(score, false),
            dot_color(score, true)
        ),
    );
}

fn score(value: i64, total: i64) -> f64 {
    value as f64 / total.wrapping_abs() as f64
}

fn put_edge(
    report: &Report<'_, '_>,
    graph: &Graph,
    edge: &Edge,
    (from, to): (usize, usize),
    has_nodelets: bool,
    names: Names<'_>,
    out: &mut Vec<u8>,
) {
    let value = edge.weight.get();
    let weight = report.format(value);
    put(out, format_args!("N{from} -> N{to} [label=\" "));
    out.extend_from_slice(&weight);
    out.extend_from_slice(if edge.inline { br#"\n (inline)""# } else { b"\"" });
    if report.total != 0 {
        // In differences an edge may weigh more than the total.
        let part = |of: i64| {
            1 + value
                .wrapping_mul(of)
                .wrapping_div(report.total)
                .wrapping_abs()
                .min(of)
        };
        if part(100) > 1 {
            put(out, format_args!(" weight={}", part(100)));
        }
        if part(5) > 1 {
            put(out, format_args!(" penwidth={}", part(5)));
        }
        put(
            out,
            format_args!(" color=\"{}\"", dot_color(score(value, report.total), false)),
        );
    }
    let name = |id: usize| escaped(&names.printable(&graph.nodes[id].info));
    let arrow: &[u8] = if edge.residual { b" ... " } else { b" -> " };
    let tooltip = [&name(edge.src), arrow, &name(edge.dest), b" (", &weight, b")"].concat();
    out.extend_from_slice(b" tooltip=\"");
    out.extend_from_slice(&tooltip);
    out.extend_from_slice(b"\" labeltooltip=\"");
    out.extend_from_slice(&tooltip);
    out.push(b'"');
    if edge.residual {
        out.extend_from_slice(b" style=\"dotted\"");
    }
    if has_nodelets {
        out.extend_from_slice(b" minlen=2");
    }
    out.extend_from_slice(b"]\n");
}

/// A name over several lines, broken at the dots and colons between its parts.
fn multiline_name(info: &NodeInfo, names: Names<'_>) -> Vec<u8> {
    let name = escaped(&shorten_function_name(names.strings.get(info.name)));
    let name = replace(&name, b"::", br"\n");
    // Go's profiles write type parameters as `[...]`; those dots are not separators.
    let name = replace(&name, b"[...]", "[…]".as_bytes());
    let name = replace(&name, b".", br"\n");
    let file = names.files.get(info.file);
    let file = if file.is_empty() { file } else { base_name(file) };
    let mut label = names.components_as(info, &name, file).join(&br"\n"[..]);
    label.extend_from_slice(br"\n");
    label
}

/// Text as a quoted string of Graphviz has it, lines flush left.
fn escaped(text: &[u8]) -> Vec<u8> {
    let text = replace(text, br"\", br"\\");
    let text = replace(&text, b"\"", br#"\""#);
    replace(&text, b"\n", br"\l")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn quotes_backslashes_and_line_ends_are_escaped() {
        assert_eq!(escaped(b"a\\b\"c\nd"), br#"a\\b\"c\ld"#);
    }
}
