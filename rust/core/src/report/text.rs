//! `-top`: the heaviest places, a line each.

use super::context::{GraphRules, Report};
use super::labels::report_labels;
use super::out::{pad_left, put};
use crate::aggregate::{EdgeChoice, Graph, NodeId};
use crate::error::Result;
use crate::unit::percentage;

pub(super) fn print(report: &mut Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    let cutter = report.path_cutter();
    let rules = GraphRules {
        edges: EdgeChoice::IntoInlined,
        ..GraphRules::default()
    };
    let builder = report.graph_builder(rules, &cutter);
    let trimmed = builder.trimmed(&report.trim)?;
    let graph = &trimmed.graph;
    report.select_output_unit(graph);

    out.extend(report_labels(report, &trimmed, false).join(&b'\n'));
    out.extend_from_slice(b"\n      flat  flat%   sum%        cum   cum%\n");
    let names = builder.names();
    let total = report.total;
    let mut sum: i64 = 0;
    for &id in &graph.order {
        let node = &graph.nodes[id];
        let (flat, cum) = (node.flat.get(), node.cum.get());
        sum = sum.wrapping_add(flat);
        pad_left(out, &report.format(flat), 10);
        put(
            out,
            format_args!(" {} {} ", percentage(flat, total), percentage(sum, total)),
        );
        pad_left(out, &report.format(cum), 10);
        put(out, format_args!(" {}  ", percentage(cum, total)));
        out.extend_from_slice(&names.printable(&node.info));
        out.extend_from_slice(inline_label(graph, id));
        out.push(b'\n');
    }
    Ok(())
}

/// Whether a place is inlined into all of its callers, some, or none.
fn inline_label(graph: &Graph, id: NodeId) -> &'static [u8] {
    let is_inline = |inline: bool| {
        graph.nodes[id]
            .ins
            .iter()
            .any(|&edge| graph.edges[edge].inline == inline)
    };
    match (is_inline(true), is_inline(false)) {
        (true, true) => b" (partial-inline)",
        (true, false) => b" (inline)",
        (false, _) => b"",
    }
}
