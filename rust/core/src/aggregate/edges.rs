//! The edges of a graph: which node called which, and what went through the call.

use super::graph::{Edge, Group, Weight};
use super::node::NodeTable;
use super::shares::in_shares;
use crate::error::Result;
use crate::ids::LocationId;
use crate::interrupt;
use crate::pattern::Pattern;
use crate::table::Stacks;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::mem::take;

/// The edges that somebody will look at. Nodes and their sums are the same whatever is chosen.
#[derive(Debug, Clone, Copy, Default)]
pub enum EdgeChoice<'a> {
    /// All of them.
    #[default]
    All,
    /// Edges into places that are inlined somewhere: enough to say which are (for flat reports).
    IntoInlined,
    /// Edges from and to the nodes whose printed name matches.
    Of(&'a Pattern),
}

/// What counts of each row of the node table, as bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u8);

impl Mark {
    /// The row is left out: its callers call what it calls.
    pub(super) const LEFT_OUT: Self = Self(0);
    /// A node none of whose edges is wanted, but for those that the other end wants.
    pub(super) const NODE: Self = Self(1);
    /// A node whose edges from callers are wanted.
    pub(super) const INTO: Self = Self(1 | 2);
    /// A node whose edges to callees are wanted too.
    pub(super) const BOTH: Self = Self(1 | 2 | 4);

    #[inline]
    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Edges in the order in which the groups first show them.
#[derive(Default)]
struct Found {
    edges: Vec<Edge>,
    rows: FxHashMap<(u32, u32), u32>,
}

/// The edges that the marks of the rows ask for, in the order in which the groups first show them.
pub(super) fn edges(
    stacks: &Stacks,
    table: &NodeTable,
    groups: &[Group],
    marks: &[Mark],
) -> Result<Vec<Edge>> {
    if !marks.iter().any(|mark| mark.has(Mark::INTO)) {
        return Ok(Vec::new());
    }
    let mut shares = in_shares(groups, |share| of_share(stacks, table, share, marks))?.into_iter();
    let mut all = shares.next().unwrap_or_default();
    for share in shares {
        for edge in share.edges {
            match all.rows.entry((edge.src as u32, edge.dest as u32)) {
                Entry::Vacant(vacant) => {
                    vacant.insert(all.edges.len() as u32);
                    all.edges.push(edge);
                }
                Entry::Occupied(known) => {
                    let known = &mut all.edges[*known.get() as usize];
                    known.weight.add(edge.weight);
                    known.residual |= edge.residual;
                    known.inline &= edge.inline;
                }
            }
        }
    }
    Ok(all.edges)
}

/// What the edges have to do with a location.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All its rows are left out.
    LeftOut,
    /// It has nodes, at most as the other end of an edge.
    OtherEnd,
    /// Edges of a row of it are wanted.
    Wanted,
}

fn parts(table: &NodeTable, marks: &[Mark]) -> Vec<Part> {
    let part = |location| {
        let rows = table.of(LocationId::from_index(location)).iter();
        let marks = rows.map(|&row| marks[row as usize]);
        marks.fold(Part::LeftOut, |part, mark| match part {
            _ if mark.has(Mark::INTO) => Part::Wanted,
            Part::LeftOut if mark == Mark::NODE => Part::OtherEnd,
            part => part,
        })
    };
    (0..table.locations()).map(part).collect()
}

/// The part of a stack that the wanted edges are in: from the outermost to the innermost frame that wants some, and to
/// either side up to a frame with nodes, from which on a walk does not depend on what it has met before.
fn stretch<'f>(frames: &'f [LocationId], parts: &[Part]) -> &'f [LocationId] {
    let is = |part| move |location: &LocationId| parts[location.index()] == part;
    let Some(innermost) = frames.iter().position(is(Part::Wanted)) else {
        return &[];
    };
    let outermost = frames.iter().rposition(is(Part::Wanted)).unwrap_or(innermost);
    let callee = frames[..innermost].iter().rposition(is(Part::OtherEnd));
    let caller = frames[outermost..].iter().position(is(Part::OtherEnd));
    let end = caller.map_or(frames.len(), |caller| outermost + caller + 1);
    &frames[callee.unwrap_or(0)..end]
}

fn of_share(stacks: &Stacks, table: &NodeTable, groups: &[Group], marks: &[Mark]) -> Result<Found> {
    let mut found = Found::default();
    // Number of the group in which an edge was last seen: each counts once a sample.
    let mut seen: Vec<u32> = Vec::new();
    // The last caller of each node, and the edge: mostly it is the next one too.
    let mut latest = vec![(u32::MAX, 0); marks.len()];
    let parts = parts(table, marks);
    let mut frames = Vec::new();
    for (number, group) in (0u32..).zip(groups) {
        interrupt::check_at(number as usize)?;
        stacks.read(group.stack, &mut frames);
        let mut parent: Option<(u32, Mark)> = None;
        let mut residual = false;
        for &location in stretch(&frames, &parts).iter().rev() {
            if parts[location.index()] == Part::LeftOut {
                residual = true;
                continue;
            }
            let rows = table.of(location);
            for (line, &row) in rows.iter().enumerate().rev() {
                let mark = marks[row as usize];
                if mark == Mark::LEFT_OUT {
                    residual = true;
                    continue;
                }
                let before = parent.replace((row, mark));
                let skipped = take(&mut residual);
                let wanted = |&(parent, from): &(u32, Mark)| {
                    parent != row && (mark.has(Mark::INTO) || from.has(Mark::BOTH))
                };
                let Some((parent, _)) = before.filter(wanted) else {
                    continue;
                };
                let latest = &mut latest[row as usize];
                if latest.0 != parent {
                    *latest = (parent, found.edge(parent, row));
                    seen.resize(found.edges.len(), u32::MAX);
                }
                let edge = latest.1 as usize;
                if seen[edge] != number {
                    seen[edge] = number;
                    let edge = &mut found.edges[edge];
                    edge.weight.add(group.weight);
                    edge.residual |= skipped;
                    edge.inline &= line + 1 != rows.len();
                }
            }
        }
    }
    Ok(found)
}

impl Found {
    /// The number of an edge, added if it is new.
    fn edge(&mut self, parent: u32, row: u32) -> u32 {
        let Self { edges, rows } = self;
        *rows.entry((parent, row)).or_insert_with(|| {
            edges.push(Edge {
                src: parent as usize,
                dest: row as usize,
                weight: Weight::default(),
                residual: false,
                inline: true,
            });
            edges.len() as u32 - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{EdgeChoice, GraphBuilder, GraphOptions, SampleValue};
    use crate::profile::{Profile, ProfileBuilder};
    use crate::table::{Function, Line, Location};
    use crate::view::View;

    const VALUE: SampleValue = SampleValue {
        index: 0,
        divisor: None,
    };

    /// Enough stacks for several threads, with recursion and inlined lines.
    fn profile() -> Profile {
        let mut builder = ProfileBuilder::default();
        let count = builder.value_type(b"samples", b"count");
        builder.header.sample_types.push(count);
        let lines: Vec<Line> = (0..30)
            .map(|number| {
                let name = builder.string(format!("f{number}").as_bytes());
                let function = builder.function(Function {
                    name,
                    ..Function::default()
                });
                Line {
                    function,
                    ..Line::default()
                }
            })
            .collect();
        let locations: Vec<_> = (0..60)
            .map(|number| {
                let lines = &lines[number % 28..][..=number % 3];
                builder.location(Location::default(), lines).unwrap()
            })
            .collect();
        let mut random = 7u64;
        for value in 1..30_000 {
            let stack: Vec<_> = (0..=value % 9)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    locations[(random >> 33) as usize % locations.len()]
                })
                .collect();
            builder.sample(&stack, &[value], &mut []).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn several_threads_find_the_edges_that_one_finds_in_the_same_order() {
        let profile = profile();
        let view = View::new(&profile);
        let builder = GraphBuilder::new(&view, GraphOptions::plain(VALUE));
        let graph = builder.build(None).unwrap();
        let marks = vec![Mark::BOTH; graph.nodes.len()];
        let alone = of_share(view.stacks(), builder.table(), &builder.groups, &marks).unwrap();
        assert!(builder.groups.len() > 20_000 && alone.edges.len() > 500);
        assert_eq!(graph.edges, alone.edges);
    }

    #[test]
    fn edges_left_out_by_choice_do_not_change_the_others() {
        let profile = profile();
        let view = View::new(&profile);
        let whole = GraphBuilder::new(&view, GraphOptions::plain(VALUE));
        let inlined = &whole.table().inlined;
        // Every node shown, and most of them left out: then edges span frames.
        let few: Vec<bool> = (0..inlined.len())
            .map(|row| row % 5 < 2 || !inlined[row])
            .collect();
        let pattern = Pattern::new("regex", "^f1[0-3]$").unwrap();
        for kept in [None, Some(few.as_slice())] {
            let all = whole.build(kept).unwrap();
            for edges in [EdgeChoice::IntoInlined, EdgeChoice::Of(&pattern)] {
                let options = GraphOptions {
                    edges,
                    ..GraphOptions::plain(VALUE)
                };
                let builder = GraphBuilder::new(&view, options);
                let some = builder.build(kept).unwrap();
                let wanted = |edge: &&Edge| match edges {
                    EdgeChoice::Of(pattern) => [edge.src, edge.dest]
                        .iter()
                        .any(|&end| pattern.is_match(&builder.names().printable(&all.nodes[end].info))),
                    _ => builder.table().inlined[edge.dest],
                };
                let expected: Vec<Edge> = all.edges.iter().filter(wanted).copied().collect();
                assert!(!expected.is_empty() && expected.len() < all.edges.len());
                assert_eq!(some.edges, expected);
                assert_eq!(expected.iter().any(|edge| edge.residual), kept.is_some());
            }
        }
    }
}
