//! `-tree` and `-peek`: places with their callers above and their callees below.

use super::context::{GraphRules, Report};
use super::labels::report_labels;
use super::out::{pad_left, put};
use crate::aggregate::{Edge, EdgeChoice};
use crate::error::{Error, ErrorKind, Result};
use crate::pattern::Pattern;
use crate::unit::percentage;

const SEPARATOR: &[u8] = b"----------------------------------------------------------+-------------\n";
const LEGEND: &[u8] = b"      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n";

/// Prints all places, or those whose name matches `pattern`.
///
/// # Errors
///
/// [`ErrorKind::NoMatches`] when `pattern` matches none.
pub(super) fn print(report: &mut Report<'_, '_>, pattern: Option<&Pattern>, out: &mut Vec<u8>) -> Result<()> {
    let cutter = report.path_cutter();
    let rules = GraphRules {
        edges: pattern.map_or(EdgeChoice::All, EdgeChoice::Of),
        ..GraphRules::default()
    };
    let builder = report.graph_builder(rules, &cutter);
    let trimmed = builder.trimmed(&report.trim)?;
    let graph = &trimmed.graph;
    report.select_output_unit(graph);

    out.extend(report_labels(report, &trimmed, false).join(&b'\n'));
    out.push(b'\n');
    out.extend_from_slice(SEPARATOR);
    out.extend_from_slice(LEGEND);
    let names = builder.names();
    let put_edge = |out: &mut Vec<u8>, edge: &Edge, other: usize, cum: i64| {
        pad_left(out, &report.format(edge.weight.value), 50);
        put(out, format_args!(" {} |   ", percentage(edge.weight.value, cum)));
        out.extend_from_slice(&names.printable(&graph.nodes[other].info));
        out.extend_from_slice(if edge.inline { b" (inline)\n" } else { b"\n" });
    };
    let mut sum: i64 = 0;
    let mut matched = false;
    for &id in &graph.order {
        let node = &graph.nodes[id];
        let name = names.printable(&node.info);
        if pattern.is_some_and(|pattern| !pattern.is_match(&name)) {
            continue;
        }
        matched = true;
        let (flat, cum) = (node.flat.get(), node.cum.get());
        out.extend_from_slice(SEPARATOR);
        for edge in graph.sorted_edges(&node.ins, names) {
            let edge = &graph.edges[edge];
            put_edge(out, edge, edge.src, cum);
        }
        sum = sum.wrapping_add(flat);
        pad_left(out, &report.format(flat), 10);
        put(
            out,
            format_args!(
                " {} {} ",
                percentage(flat, report.total),
                percentage(sum, report.total)
            ),
        );
        pad_left(out, &report.format(cum), 10);
        put(
            out,
            format_args!(" {}                | ", percentage(cum, report.total)),
        );
        out.extend_from_slice(&name);
        out.push(b'\n');
        for edge in graph.sorted_edges(&node.outs, names) {
            let edge = &graph.edges[edge];
            put_edge(out, edge, edge.dest, cum);
        }
    }
    if !graph.order.is_empty() {
        out.extend_from_slice(SEPARATOR);
    }
    match pattern {
        Some(pattern) if !matched => Err(Error::new(ErrorKind::NoMatches {
            pattern: pattern.source().to_owned(),
        })),
        _ => Ok(()),
    }
}
