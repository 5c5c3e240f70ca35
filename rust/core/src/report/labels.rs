//! The lines above a report: what the profile says of itself, the filters in force, and how much is shown.

use super::context::{Report, label, text};
use super::time::label_time;
use crate::aggregate::trim::Trimmed;
use crate::aggregate::{Graph, base_name};
use crate::unit::{percentage, scale, truncated};

/// Bytes of a filter that are shown.
const FILTER_BYTES: usize = 80;

/// What the profile says of itself, a line each.
pub(super) fn profile_labels(report: &Report<'_, '_>) -> Vec<Vec<u8>> {
    let header = report.view.header();
    let strings = report.view.strings();
    let mut labels = Vec::new();
    if let Some(main) = report.view.mappings().rows.first() {
        if !main.file.is_empty() {
            labels.push([b"File: ", base_name(strings.get(main.file))].concat());
        }
        if !main.build_id.is_empty() {
            labels.push([b"Build ID: ", strings.get(main.build_id)].concat());
        }
    }
    let comments = header.comments.iter().map(|&comment| strings.get(comment));
    labels.extend(
        comments
            .filter(|comment| !comment.starts_with(b"#"))
            .map(<[u8]>::to_vec),
    );
    if !report.sample_type.is_empty() {
        labels.push([b"Type: ", report.sample_type.as_slice()].concat());
    }
    if !header.doc_url.is_empty() {
        labels.push([b"Doc: ", strings.get(header.doc_url)].concat());
    }
    if header.time_nanos != 0 {
        labels.push(format!("Time: {}", label_time(header.time_nanos, report.options.zone)).into_bytes());
    }
    if header.duration_nanos != 0 {
        let (nanos, unit) = scale(report.total, &text(&report.sample_unit), "nanoseconds");
        let mut line = b"Duration: ".to_vec();
        line.extend(label(header.duration_nanos, b"nanoseconds", b"auto"));
        line.extend_from_slice(b", Total samples = ");
        line.extend(report.format(report.total));
        line.push(b' ');
        if unit == "ns" && nanos != 0.0 {
            line.extend(format!("({})", percentage(truncated(nanos), header.duration_nanos)).into_bytes());
        }
        labels.push(line);
    }
    labels
}

/// All lines above a report about a graph. `full` is for pictures, which also count dropped edges.
pub(super) fn report_labels(report: &Report<'_, '_>, trimmed: &Trimmed, full: bool) -> Vec<Vec<u8>> {
    let mut labels = if full || !report.options.compact_labels {
        profile_labels(report)
    } else {
        Vec::new()
    };
    labels.extend(active_filters(report));
    let shown = flat_sum(&trimmed.graph);
    let mut line = b"Showing nodes accounting for ".to_vec();
    line.extend(report.format(shown));
    line.extend(format!(", {} of ", percentage(shown, report.total).trim()).into_bytes());
    line.extend(report.format(report.total));
    line.extend_from_slice(b" total");
    labels.push(line);
    if report.total != 0 {
        let nodes = trimmed.graph.order.len();
        if trimmed.dropped_nodes > 0 {
            labels.push(dropped(
                report,
                trimmed.dropped_nodes,
                "node",
                "cum",
                report.trim.nodefraction,
            ));
        }
        if full && trimmed.dropped_edges > 0 {
            labels.push(dropped(
                report,
                trimmed.dropped_edges,
                "edge",
                "freq",
                report.trim.edgefraction,
            ));
        }
        if nodes > 0 && nodes < trimmed.orig_count {
            labels.push(format!("Showing top {nodes} nodes out of {}", trimmed.orig_count).into_bytes());
        }
    }
    if full {
        labels.push(b"\nSee https://git.io/JfYMW for how to read the graph".to_vec());
    }
    labels
}

/// Sum of the flat values of a graph, each divided for averages.
fn flat_sum(graph: &Graph) -> i64 {
    graph
        .order
        .iter()
        .fold(0, |sum, &id| sum.wrapping_add(graph.nodes[id].flat.get()))
}

fn dropped(report: &Report<'_, '_>, count: usize, what: &str, by: &str, fraction: f64) -> Vec<u8> {
    let plural = if count > 1 { "s" } else { "" };
    let mut line = format!("Dropped {count} {what}{plural} ({by} <= ").into_bytes();
    line.extend(report.format(truncated(report.total as f64 * fraction).wrapping_abs()));
    line.push(b')');
    line
}

fn active_filters(report: &Report<'_, '_>) -> Vec<Vec<u8>> {
    let filters = &report.options.filters;
    let given: Vec<Vec<u8>> = [
        ("focus", &filters.focus),
        ("ignore", &filters.ignore),
        ("hide", &filters.hide),
        ("show", &filters.show),
        ("show_from", &filters.show_from),
        ("tagfocus", &filters.tagfocus),
        ("tagignore", &filters.tagignore),
        ("tagshow", &filters.tagshow),
        ("taghide", &filters.taghide),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| {
        let filter = format!("{name}={value}").into_bytes();
        match filter.get(..FILTER_BYTES) {
            Some(start) if filter.len() > FILTER_BYTES => [b"   ", start, "…".as_bytes()].concat(),
            _ => [b"   ", filter.as_slice()].concat(),
        }
    })
    .collect();
    if given.is_empty() {
        return given;
    }
    [vec![b"Active filters:".to_vec()], given].concat()
}
