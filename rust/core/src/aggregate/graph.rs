//! The call graph: nodes with flat and cum, edges with weights.

use super::SampleValue;
use super::node::{InfoRules, Infos, NodeInfo, NodeTable};
use super::tags::{NodeTags, TagBook, TagOptions};
use crate::ids::{LabelSetId, LocationId, StackId};
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
#[derive(Debug, Clone, Copy)]
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
    /// Only edges into places that are inlined somewhere are needed (for flat reports).
    pub only_inlined_edges: bool,
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
            only_inlined_edges: false,
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

    /// Number of rows of the node table.
    pub(super) fn node_rows(&self) -> usize {
        self.table.infos.len()
    }

    /// Sums the samples, over all nodes or over the rows that `kept` marks.
    #[must_use]
    pub fn build(&self, kept: Option<&[bool]>) -> Graph {
        if self.options.call_tree {
            self.build_tree()
        } else {
            self.build_graph(kept)
        }
    }

    fn build_graph(&self, kept: Option<&[bool]>) -> Graph {
        let table = &self.table;
        let mut functions: FxHashMap<NodeInfo, u32> = FxHashMap::default();
        let mut nodes: Vec<Node> = table
            .infos
            .iter()
            .enumerate()
            .map(|(row, &info)| {
                let next = functions.len() as u32;
                let function = *functions.entry(whole_function(info)).or_insert(next);
                Node {
                    info,
                    row: row as u32,
                    function,
                    ..Node::default()
                }
            })
            .collect();
        let mut edges: Vec<Edge> = Vec::new();
        let mut edge_rows: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut tags = self
            .options
            .tags
            .as_ref()
            .map(|options| TagBook::new(self.view, options));
        // Number of the group in which a node or edge was last seen: each counts once a sample.
        let mut node_seen = vec![u32::MAX; nodes.len()];
        let mut edge_seen: Vec<u32> = Vec::new();
        let mut frames = Vec::new();
        for (number, group) in (0u32..).zip(&self.groups) {
            self.view.stacks().read(group.stack, &mut frames);
            let mut parent: Option<u32> = None;
            let mut residual = false;
            for &location in frames.iter().rev() {
                let rows = table.of(location);
                for (line, &row) in rows.iter().enumerate().rev() {
                    if kept.is_some_and(|kept| !kept[row as usize]) {
                        residual = true;
                        continue;
                    }
                    let node = row as usize;
                    if node_seen[node] != number {
                        node_seen[node] = number;
                        nodes[node].cum.add(group.weight);
                        if let Some(tags) = &mut tags {
                            tags.add(&mut nodes[node].tags, group, false);
                        }
                    }
                    if let Some(parent) = parent
                        && parent != row
                        && (!self.options.only_inlined_edges || table.inlined[node])
                    {
                        let inline = line + 1 != rows.len();
                        let edge = *edge_rows.entry((parent, row)).or_insert_with(|| {
                            edges.push(Edge {
                                src: parent as usize,
                                dest: node,
                                weight: Weight::default(),
                                residual: false,
                                inline: true,
                            });
                            edge_seen.push(u32::MAX);
                            edges.len() as u32 - 1
                        }) as usize;
                        if edge_seen[edge] != number {
                            edge_seen[edge] = number;
                            let edge = &mut edges[edge];
                            edge.weight.add(group.weight);
                            edge.residual |= residual;
                            edge.inline &= inline;
                        }
                    }
                    parent = Some(row);
                    residual = false;
                }
            }
            if let Some(parent) = parent.filter(|_| !residual) {
                let node = &mut nodes[parent as usize];
                node.flat.add(group.weight);
                if let Some(tags) = &mut tags {
                    tags.add(&mut node.tags, group, true);
                }
            }
        }
        for (id, edge) in edges.iter().enumerate() {
            nodes[edge.src].outs.push(id);
            nodes[edge.dest].ins.push(id);
        }
        Graph::select(nodes, edges, self.options.drop_negative)
    }
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
