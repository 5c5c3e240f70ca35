//! The call graph: nodes with flat and cum, edges with weights.

use super::SampleValue;
use super::edges::{EdgeChoice, Mark, edges};
use super::node::{InfoRules, Infos, NodeInfo, NodeTable};
use super::sums::sums;
use super::tags::{NodeTags, TagBook, TagOptions};
use crate::error::Result;
use crate::ids::{LabelSetId, LocationId, StackId};
use crate::interrupt;
use crate::table::Strings;
use crate::view::View;
use rustc_hash::FxHashMap;

/// Position of a node in [`Graph::nodes`].
pub type NodeId = usize;
/// Position of an edge in [`Graph::edges`].
pub type EdgeId = usize;

/// A sum and the sum it is to be divided by (0 for none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// The sum.
    pub value: i64,
    /// The divisor.
    pub divisor: i64,
}

impl Weight {
    /// Adds a sample. Sums wrap as pprof's do.
    pub fn add(&mut self, other: Self) {
        self.value = self.value.wrapping_add(other.value);
        self.divisor = self.divisor.wrapping_add(other.divisor);
    }

    /// The sum, divided if there is a divisor.
    #[must_use]
    pub const fn get(self) -> i64 {
        if self.divisor == 0 {
            self.value
        } else {
            self.value.wrapping_div(self.divisor)
        }
    }
}

/// A place and what was spent there.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The place.
    pub info: NodeInfo,
    /// Row of the node table, the same in every graph of one builder; meaningless in trees.
    pub(crate) row: u32,
    /// Names the whole function this node is part of: equal for nodes of one function (and, in trees, one caller).
    pub function: u32,
    /// Spent in the place itself.
    pub flat: Weight,
    /// Spent in the place and all it called, once a sample.
    pub cum: Weight,
    /// Edges from callers.
    pub ins: Vec<EdgeId>,
    /// Edges to callees.
    pub outs: Vec<EdgeId>,
    /// Labels of the samples here; only when asked for.
    pub tags: NodeTags,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The caller.
    pub src: NodeId,
    /// The callee.
    pub dest: NodeId,
    /// What went through it, once a sample.
    pub weight: Weight,
    /// Frames between caller and callee were left out.
    pub residual: bool,
    /// The callee was inlined into the caller, everywhere.
    pub inline: bool,
}

/// What a graph is made of.
#[allow(clippy::struct_excessive_bools, reason = "pprof's own switches")]
pub struct GraphOptions<'a> {
    /// Which value counts.
    pub value: SampleValue,
    /// A place reached on two paths is two nodes.
    pub call_tree: bool,
    /// Leave out nodes with a negative sum.
    pub drop_negative: bool,
    /// Keep binaries and start lines of functions apart.
    pub obj_names: bool,
    /// The edges to be made; trees have all.
    pub edges: EdgeChoice<'a>,
    /// Sum labels too.
    pub tags: Option<TagOptions>,
    /// Changes file names before they are cleaned (pprof's `trim_path`).
    pub trim_path: &'a dyn Fn(&[u8]) -> Vec<u8>,
}

impl GraphOptions<'_> {
    /// A plain graph of one value: file names as they are, nothing left out.
    #[must_use]
    pub fn plain(value: SampleValue) -> Self {
        Self {
            value,
            call_tree: false,
            drop_negative: false,
            obj_names: false,
            edges: EdgeChoice::All,
            tags: None,
            trim_path: &<[u8]>::to_vec,
        }
    }
}

/// Nodes and edges. `nodes` may hold rows that are not part of the graph any more; `order` names those that are.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All edges; an edge is part of the graph while its ends list it.
    pub edges: Vec<Edge>,
    /// The nodes of the graph, in the order to show them.
    pub order: Vec<NodeId>,
}

/// Samples with one stack (and, for tags, one label set) together.
pub(super) struct Group {
    pub(super) stack: StackId,
    pub(super) label_set: LabelSetId,
    pub(super) weight: Weight,
}

/// Makes graphs of one view.
pub struct GraphBuilder<'a, 'v, 'p> {
    pub(super) view: &'v View<'p>,
    pub(super) options: GraphOptions<'a>,
    table: NodeTable,
    pub(super) tree_infos: Vec<Vec<NodeInfo>>,
    pub(super) groups: Vec<Group>,
}

impl<'a, 'v, 'p> GraphBuilder<'a, 'v, 'p> {
    /// Prepares the nodes of all locations and sums the samples of each stack.
    #[must_use]
    pub fn new(view: &'v View<'p>, options: GraphOptions<'a>) -> Self {
        let table = NodeTable::new(
            view,
            InfoRules {
                obj_names: options.obj_names,
                trim_path: options.trim_path,
            },
        );
        let tree_infos = if options.call_tree {
            let mut infos = Infos::new(
                view,
                InfoRules {
                    obj_names: options.obj_names,
                    trim_path: options.trim_path,
                },
            );
            let locations = view.locations();
            locations
                .ids()
                .map(|location| {
                    let lines = locations.lines(location);
                    (0..lines.len().max(1))
                        .map(|line| infos.info(location, lines.get(line)))
                        .collect()
                })
                .collect()
        } else {
            Vec::new()
        };
        let groups = group(view, options.value, options.tags.is_some());
        Self {
            view,
            options,
            table,
            tree_infos,
            groups,
        }
    }

    /// The file names that [`NodeInfo::file`] means.
    #[must_use]
    pub fn files(&self) -> &Strings {
        &self.table.files
    }

    /// The view that is summed.
    #[must_use]
    pub fn view(&self) -> &'v View<'p> {
        self.view
    }

    /// The rows of the node table that a location's lines have, innermost first.
    #[must_use]
    pub fn rows_of(&self, location: LocationId) -> &[u32] {
        self.table.of(location)
    }

    /// The nodes, by row of the node table.
    #[must_use]
    pub fn infos(&self) -> &[NodeInfo] {
        &self.table.infos
    }

    #[cfg(test)]
    pub(super) fn table(&self) -> &NodeTable {
        &self.table
    }

    /// Number of rows of the node table.
    pub(super) fn node_rows(&self) -> usize {
        self.table.infos.len()
    }

    /// Sums the samples, over all nodes or over the rows that `kept` marks.
    ///
    /// # Errors
    ///
    /// The work was cancelled.
    pub fn build(&self, kept: Option<&[bool]>) -> Result<Graph> {
        if self.options.call_tree {
            return self.build_tree();
        }
        let mut graph = self.nodes(kept)?;
        self.add_edges(&mut graph, kept, usize::MAX)?;
        self.add_tags(&mut graph, kept)?;
        Ok(graph)
    }

    /// As [`GraphBuilder::build`], without edges and labels; never a tree.
    ///
    /// # Errors
    ///
    /// The work was cancelled.
    pub fn nodes(&self, kept: Option<&[bool]>) -> Result<Graph> {
        self.sum(&self.groups, kept)
    }

    /// As [`GraphBuilder::nodes`], of all nodes and of another value.
    ///
    /// # Errors
    ///
    /// The work was cancelled.
    pub fn nodes_of(&self, value: SampleValue) -> Result<Graph> {
        self.sum(&group(self.view, value, false), None)
    }

    fn sum(&self, groups: &[Group], kept: Option<&[bool]>) -> Result<Graph> {
        let table = &self.table;
        let sums = sums(self.view.stacks(), table, groups)?;
        let functions = whole_functions(&table.infos);
        let nodes = (0u32..)
            .zip(table.infos.iter().zip(sums))
            .map(|(row, (&info, sum))| {
                let mut node = Node {
                    info,
                    row,
                    function: functions
                        .as_ref()
                        .map_or(row, |functions| functions[row as usize]),
                    ..Node::default()
                };
                if kept.is_none_or(|kept| kept[row as usize]) {
                    (node.flat, node.cum) = (sum.flat, sum.cum);
                }
                node
            })
            .collect();
        Ok(Graph::select(nodes, Vec::new(), self.options.drop_negative))
    }

    /// Adds the edges between all nodes, or between those that `kept` marks. Only the first `shown` nodes are looked at.
    pub(super) fn add_edges(&self, graph: &mut Graph, kept: Option<&[bool]>, shown: usize) -> Result<()> {
        let node = match self.options.edges {
            EdgeChoice::All => Mark::BOTH,
            EdgeChoice::IntoInlined | EdgeChoice::Of(_) => Mark::NODE,
        };
        let is_kept = |row: usize| kept.is_none_or(|kept| kept[row]);
        let mut marks: Vec<Mark> = (0..graph.nodes.len())
            .map(|row| if is_kept(row) { node } else { Mark::LEFT_OUT })
            .collect();
        for &id in graph.order.iter().take(shown) {
            match self.options.edges {
                EdgeChoice::IntoInlined if self.table.inlined[id] => marks[id] = Mark::INTO,
                EdgeChoice::Of(pattern)
                    if pattern.is_match(&self.names().printable(&graph.nodes[id].info)) =>
                {
                    marks[id] = Mark::BOTH;
                }
                _ => {}
            }
        }
        graph.edges = edges(self.view.stacks(), &self.table, &self.groups, &marks)?;
        graph.list_edges();
        Ok(())
    }

    /// Adds the labels of all nodes, or of those that `kept` marks, if any are wanted.
    fn add_tags(&self, graph: &mut Graph, kept: Option<&[bool]>) -> Result<()> {
        let Some(options) = &self.options.tags else {
            return Ok(());
        };
        let mut tags = TagBook::new(self.view, options);
        // Number of the group in which a node was last seen: each counts once a sample.
        let mut seen = vec![u32::MAX; graph.nodes.len()];
        for (number, group) in (0u32..).zip(&self.groups) {
            interrupt::check_at(number as usize)?;
            let rows = self.view.stacks().frames(group.stack);
            let rows = rows.flat_map(|location| self.table.of(location));
            for (position, &row) in rows.enumerate() {
                if kept.is_some_and(|kept| !kept[row as usize]) {
                    continue;
                }
                let node = &mut graph.nodes[row as usize];
                if std::mem::replace(&mut seen[row as usize], number) != number {
                    tags.add(&mut node.tags, group, false);
                }
                if position == 0 {
                    tags.add(&mut node.tags, group, true);
                }
            }
        }
        Ok(())
    }
}

/// The number of the whole function that each node is part of, or `None` when each node is one by itself.
fn whole_functions(infos: &[NodeInfo]) -> Option<Vec<u32>> {
    if infos.iter().all(|&info| whole_function(info) == info) {
        return None;
    }
    let mut functions: FxHashMap<NodeInfo, u32> = FxHashMap::default();
    let number = |&info: &NodeInfo| {
        let next = functions.len() as u32;
        *functions.entry(whole_function(info)).or_insert(next)
    };
    Some(infos.iter().map(number).collect())
}

/// The whole function a node is part of. As in pprof, a node without address and line is one, whatever its column.
pub(super) fn whole_function(info: NodeInfo) -> NodeInfo {
    if info.address == 0 && info.line == 0 {
        return info;
    }
    NodeInfo {
        address: 0,
        line: 0,
        column: 0,
        ..info
    }
}

/// Sums samples with the same stack (and, `by_label_set`, the same labels). Samples that count for nothing are left out;
/// samples that cancel each other are not, since they too make nodes and edges.
fn group(view: &View<'_>, value: SampleValue, by_label_set: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_stack = vec![u32::MAX; view.stacks().len()];
    let mut by_both: FxHashMap<(StackId, LabelSetId), u32> = FxHashMap::default();
    for sample in view.samples() {
        let (value, divisor) = value.of(view.values(), sample.row);
        if value == 0 && divisor == 0 {
            continue;
        }
        let slot = if by_label_set {
            by_both
                .entry((sample.stack, sample.label_set))
                .or_insert(u32::MAX)
        } else {
            &mut by_stack[sample.stack.index()]
        };
        if *slot == u32::MAX {
            *slot = groups.len() as u32;
            groups.push(Group {
                stack: sample.stack,
                label_set: sample.label_set,
                weight: Weight::default(),
            });
        }
        groups[*slot as usize].weight.add(Weight { value, divisor });
    }
    groups
}

impl Graph {
    /// A graph of the nodes that count for something.
    pub(super) fn select(nodes: Vec<Node>, edges: Vec<Edge>, drop_negative: bool) -> Self {
        let order = nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| {
                let (flat, cum) = (node.flat.value, node.cum.value);
                !(flat == 0 && cum == 0) && !(drop_negative && (flat < 0 || (flat == 0 && cum < 0)))
            })
            .map(|(id, _)| id)
            .collect();
        Self { nodes, edges, order }
    }

    /// Lists each edge at both of its ends.
    pub(super) fn list_edges(&mut self) {
        for (id, edge) in self.edges.iter().enumerate() {
            self.nodes[edge.src].outs.push(id);
            self.nodes[edge.dest].ins.push(id);
        }
    }

    /// Sum of the undivided flat values.
    #[must_use]
    pub fn flat_sum(&self) -> i64 {
        self.order
            .iter()
            .fold(0, |sum, &node| sum.wrapping_add(self.nodes[node].flat.value))
    }

    /// Takes an edge out of the graph.
    pub fn remove_edge(&mut self, edge: EdgeId) {
        let Edge { src, dest, .. } = self.edges[edge];
        self.nodes[src].outs.retain(|&other| other != edge);
        self.nodes[dest].ins.retain(|&other| other != edge);
    }
}
