//! `-callgrind`: the call graph in Callgrind's format, with its compression of names and addresses.

use super::context::{GraphRules, Report};
use super::out::put;
use crate::aggregate::{Graph, Names, NodeId, NodeInfo};
use crate::error::Result;
use rustc_hash::FxHashMap;

/// Names numbered as they come.
#[derive(Default)]
struct Numbered(FxHashMap<Vec<u8>, usize>);

impl Numbered {
    /// `(3) name` the first time, `(3)` later, nothing for no name.
    fn put(&mut self, prefix: &[u8], name: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(prefix);
        if let Some(number) = self.0.get(name) {
            put(out, format_args!("({number})"));
        } else if !name.is_empty() {
            let number = self.0.len() + 1;
            self.0.insert(name.to_vec(), number);
            put(out, format_args!("({number}) "));
            out.extend_from_slice(name);
        }
        out.push(b'\n');
    }
}

/// An address, told from the one before if that is shorter.
fn address(before: Option<u64>, current: u64) -> String {
    let absolute = format!("{current:#x}");
    let Some(before) = before else { return absolute };
    if before == current {
        return "*".to_owned();
    }
    let relative = format!("{:+}", current.wrapping_sub(before) as i64);
    if relative.len() < absolute.len() {
        relative
    } else {
        absolute
    }
}

/// The names of callees. Functions that share file and name are numbered, since Callgrind would make them one.
fn callee_names(graph: &Graph, names: Names<'_>) -> Vec<Vec<u8>> {
    let of = |id: NodeId| {
        (
            names.files.get(graph.nodes[id].info.file),
            names.strings.get(graph.nodes[id].info.name),
        )
    };
    let mut functions: FxHashMap<_, FxHashMap<u32, usize>> = FxHashMap::default();
    for &id in &graph.order {
        let same = functions.entry(of(id)).or_default();
        let next = same.len() + 1;
        same.entry(graph.nodes[id].function).or_insert(next);
    }
    // Callees that are not part of the graph have no name.
    let mut callees = vec![Vec::new(); graph.nodes.len()];
    for &id in &graph.order {
        let mut name = of(id).1.to_vec();
        if let Some(same) = functions.get(&of(id)).filter(|same| same.len() > 1) {
            let number = same.get(&graph.nodes[id].function).copied().unwrap_or_default();
            put(&mut name, format_args!(" [{number}/{}]", same.len()));
        }
        callees[id] = name;
    }
    callees
}

pub(super) fn print(report: &mut Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    let cutter = report.path_cutter();
    let rules = GraphRules {
        obj_names: true,
        may_be_tree: true,
        ..GraphRules::default()
    };
    let builder = report.graph_builder(rules, &cutter);
    let trimmed = builder.trimmed(&report.trim)?;
    let graph = &trimmed.graph;
    report.select_output_unit(graph);
    let names = builder.names();
    let callees = callee_names(graph, names);

    out.extend_from_slice(b"positions: instr line\nevents: ");
    out.extend_from_slice(&report.sample_type);
    out.push(b'(');
    out.extend_from_slice(&report.output_unit);
    out.extend_from_slice(b")\n");
    let (mut objects, mut files, mut functions) =
        (Numbered::default(), Numbered::default(), Numbered::default());
    let file_of = |info: &NodeInfo| names.files.get(info.file);
    let mut before: Option<&NodeInfo> = None;
    for &id in &graph.order {
        let node = &graph.nodes[id];
        let info = &node.info;
        let is_same = |other: &NodeInfo| {
            (other.objfile, other.file, other.name) == (info.objfile, info.file, info.name)
        };
        if !before.is_some_and(is_same) {
            out.push(b'\n');
            objects.put(b"ob=", names.strings.get(info.objfile), out);
            files.put(b"fl=", file_of(info), out);
            functions.put(b"fn=", names.strings.get(info.name), out);
        }
        let at = |address_of: u64| address(before.map(|before| before.address), address_of);
        put(
            out,
            format_args!(
                "{} {} {}\n",
                at(info.address),
                info.line,
                report.whole(node.flat.get())
            ),
        );
        for edge in graph.sorted_edges(&node.outs, names) {
            let edge = &graph.edges[edge];
            let callee = &graph.nodes[edge.dest].info;
            files.put(b"cfl=", file_of(callee), out);
            functions.put(b"cfn=", &callees[edge.dest], out);
            put(
                out,
                format_args!("calls=0 {} {}\n", at(callee.address), callee.line),
            );
            put(out, format_args!("* * {}\n", report.whole(edge.weight.value)));
        }
        before = Some(info);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_only_when_that_is_shorter() {
        for (before, current, text) in [
            (None, 0x4f, "0x4f"),
            (Some(0x4f), 0x4f, "*"),
            (Some(0x1000), 0x1010, "+16"),
            (Some(0x1010), 0x1000, "-16"),
            (Some(0), 0x7f00_0000_0000, "0x7f0000000000"),
            (Some(1), 0, "-1"),
            (Some(0x400), 0, "0x0"),
            (Some(u64::MAX), 1, "+2"),
        ] {
            assert_eq!(address(before, current), text);
        }
    }

    #[test]
    fn names_are_written_out_once() {
        let mut names = Numbered::default();
        let mut out = Vec::new();
        for name in [&b"main"[..], b"", b"run", b"main"] {
            names.put(b"fn=", name, &mut out);
        }
        assert_eq!(out, b"fn=(1) main\nfn=\nfn=(2) run\nfn=(1)\n");
    }
}
