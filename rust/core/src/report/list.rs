//! `-list`: source lines with what was spent on them.

use super::context::{GraphRules, Report};
use super::out::{pad_left, put};
use super::source::{SourceFiles, SourceReader};
use crate::aggregate::{Graph, NodeId};
use crate::error::{Error, ErrorKind, Result};
use crate::pattern::Pattern;
use crate::unit::percentage;
use std::collections::BTreeMap;

/// Lines shown before the first and after the last line with samples.
const MARGIN: i64 = 5;

/// # Errors
///
/// [`ErrorKind::NoMatches`] when no function has a name that matches.
pub(super) fn print(
    report: &Report<'_, '_>,
    pattern: &Pattern,
    sources: &dyn SourceFiles,
    out: &mut Vec<u8>,
) -> Result<()> {
    let cutter = report.path_cutter();
    let builder = report.graph_builder(
        GraphRules {
            obj_names: true,
            ..GraphRules::default()
        },
        &cutter,
    );
    let graph = builder.build(None)?;
    let names = builder.names();
    let mut functions: BTreeMap<&[u8], Vec<NodeId>> = BTreeMap::new();
    for &id in &graph.order {
        let name = names.strings.get(graph.nodes[id].info.name);
        if pattern.is_match(name) {
            functions.entry(name).or_default().push(id);
        }
    }
    if functions.is_empty() {
        return Err(Error::new(ErrorKind::NoMatches {
            pattern: pattern.source().to_owned(),
        }));
    }
    let options = report.options;
    let search = if options.source_path.is_empty() {
        &options.working_dir
    } else {
        &options.source_path
    };
    let mut reader = SourceReader::new(sources, search, &options.trim_path);

    out.extend_from_slice(b"Total: ");
    out.extend(report.format(report.total));
    out.push(b'\n');
    for (name, nodes) in functions {
        let mut files: BTreeMap<&[u8], Vec<NodeId>> = BTreeMap::new();
        for id in nodes {
            let file = names.files.get(graph.nodes[id].info.file);
            if !file.is_empty() {
                files.entry(file).or_default().push(id);
            }
        }
        if files.is_empty() {
            out.extend_from_slice(b"No source information for ");
            out.extend_from_slice(name);
            out.push(b'\n');
        }
        for (file, nodes) in files {
            let (flat, cum) = sum(&graph, &nodes);
            out.extend_from_slice(b"ROUTINE ======================== ");
            out.extend_from_slice(name);
            out.extend_from_slice(b" in ");
            out.extend_from_slice(file);
            out.push(b'\n');
            pad_left(out, &report.format(flat), 10);
            out.push(b' ');
            pad_left(out, &report.format(cum), 10);
            put(
                out,
                format_args!(" (flat, cum) {} of Total\n", percentage(cum, report.total)),
            );
            put_lines(report, &graph, &nodes, file, &mut reader, out);
        }
    }
    Ok(())
}

fn sum(graph: &Graph, nodes: &[NodeId]) -> (i64, i64) {
    nodes
        .iter()
        .map(|&id| &graph.nodes[id])
        .fold((0, 0), |(flat, cum), node| {
            (
                i64::wrapping_add(flat, node.flat.value),
                i64::wrapping_add(cum, node.cum.value),
            )
        })
}

/// First and last line to show. Functions that say where they start are shown from there.
fn range(graph: &Graph, nodes: &[NodeId]) -> (i64, i64) {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for info in nodes.iter().map(|&id| &graph.nodes[id].info) {
        let start = if info.start_line == 0 {
            info.line.wrapping_sub(MARGIN)
        } else {
            info.start_line
        };
        first = first.min(start);
        last = last.max(info.line.wrapping_add(MARGIN));
    }
    (first.max(1), last)
}

fn put_lines(
    report: &Report<'_, '_>,
    graph: &Graph,
    nodes: &[NodeId],
    file: &[u8],
    reader: &mut SourceReader<'_>,
    out: &mut Vec<u8>,
) {
    let mut by_line: BTreeMap<i64, Vec<NodeId>> = BTreeMap::new();
    for &id in nodes {
        by_line.entry(graph.nodes[id].info.line).or_default().push(id);
    }
    let (first, last) = range(graph, nodes);
    // A range without lines reads nothing, but a file that could not be read before is still reported.
    let read = if first > last {
        reader.known(file)
    } else {
        Some(reader.open(file))
    };
    let text = match read {
        Some(Ok(text)) => text,
        Some(Err(reason)) => {
            out.extend_from_slice(b" Error: ");
            out.extend_from_slice(reason);
            out.push(b'\n');
            return;
        }
        None => return,
    };
    for number in first..=last {
        let Some(line) = text.line(number) else { break };
        let (flat, cum) = by_line.get(&number).map_or((0, 0), |nodes| sum(graph, nodes));
        pad_left(out, &report.format_or_dot(flat), 10);
        out.push(b' ');
        pad_left(out, &report.format_or_dot(cum), 10);
        put(out, format_args!(" {number:6}:"));
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}
