//! `-topproto`: the places of a top report as a profile of its own.

use super::context::{GraphRules, Report};
use super::proto::COMPRESSION;
use crate::aggregate::EdgeChoice;
use crate::error::Result;
use crate::profile::ProfileBuilder;
use crate::table::{Function, Line, Location};
use crate::value_type::ValueType;
use crate::wire::encode as encode_profile;
use rustc_hash::FxHashMap;

/// # Errors
///
/// None that is known: every id is of a row just made.
pub(super) fn encode(report: &mut Report<'_, '_>) -> Result<Vec<u8>> {
    let cutter = report.path_cutter();
    let rules = GraphRules {
        edges: EdgeChoice::IntoInlined,
        ..GraphRules::default()
    };
    let builder = report.graph_builder(rules, &cutter);
    let trimmed = builder.trimmed(&report.trim)?;
    let graph = &trimmed.graph;
    report.select_output_unit(graph);
    let names = builder.names();

    let header = report.view.header();
    let mut top = ProfileBuilder::default();
    let sample_types = [&b"cum"[..], b"flat"].map(|name| top.value_type(name, &report.output_unit));
    top.header.sample_types = sample_types.to_vec();
    top.header.time_nanos = header.time_nanos;
    top.header.duration_nanos = header.duration_nanos;
    top.header.period = header.period;
    let ValueType { type_, unit } = header.period_type;
    top.header.period_type = top.value_type(names.strings.get(type_), names.strings.get(unit));
    let mut functions = FxHashMap::default();
    for &id in &graph.order {
        let node = &graph.nodes[id];
        let info = &node.info;
        let function = *functions
            .entry((info.name, info.file, info.start_line))
            .or_insert_with(|| {
                let name = top.string(names.strings.get(info.name));
                let filename = top.string(names.files.get(info.file));
                top.function(Function {
                    name,
                    filename,
                    start_line: info.start_line,
                    ..Function::default()
                })
            });
        let location = Location {
            address: info.address,
            ..Location::default()
        };
        let line = Line {
            function,
            line: info.line,
            column: info.column,
        };
        let location = top.location(location, &[line])?;
        let values = [report.whole(node.cum.get()), report.whole(node.flat.get())];
        top.sample(&[location], &values, &mut [])?;
    }
    encode_profile(&top.finish(), COMPRESSION)
}
