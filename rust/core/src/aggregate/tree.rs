//! The call tree: a place reached on two paths is two nodes.

use super::graph::{Edge, Graph, GraphBuilder, Node, Weight, whole_function};
use super::node::NodeInfo;
use super::tags::TagBook;
use crate::error::Result;
use crate::interrupt;
use rustc_hash::FxHashMap;

impl GraphBuilder<'_, '_, '_> {
    pub(super) fn build_tree(&self) -> Result<Graph> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut edges: Vec<Edge> = Vec::new();
        // Node of a place under a parent, and the edge that leads to it.
        let mut children: FxHashMap<(Option<usize>, NodeInfo), (usize, Option<usize>)> = FxHashMap::default();
        let mut functions: FxHashMap<(Option<usize>, NodeInfo), u32> = FxHashMap::default();
        let mut tags = self
            .options
            .tags
            .as_ref()
            .map(|options| TagBook::new(self.view, options));
        let mut frames = Vec::new();
        for (number, group) in self.groups.iter().enumerate() {
            interrupt::check_at(number)?;
            self.view.stacks().read(group.stack, &mut frames);
            let mut parent: Option<usize> = None;
            for &location in frames.iter().rev() {
                let infos = &self.tree_infos[location.index()];
                for (line, &info) in infos.iter().enumerate().rev() {
                    let (node, edge) = *children.entry((parent, info)).or_insert_with(|| {
                        let next = functions.len() as u32;
                        let function = *functions.entry((parent, whole_function(info))).or_insert(next);
                        nodes.push(Node {
                            info,
                            function,
                            ..Node::default()
                        });
                        let node = nodes.len() - 1;
                        let edge = parent.map(|src| {
                            edges.push(Edge {
                                src,
                                dest: node,
                                weight: Weight::default(),
                                residual: false,
                                inline: true,
                            });
                            edges.len() - 1
                        });
                        (node, edge)
                    });
                    nodes[node].cum.add(group.weight);
                    if let Some(tags) = &mut tags {
                        tags.add(&mut nodes[node].tags, group, false);
                    }
                    if let Some(edge) = edge {
                        edges[edge].weight.add(group.weight);
                        edges[edge].inline &= line + 1 != infos.len();
                    }
                    parent = Some(node);
                }
            }
            if let Some(parent) = parent {
                nodes[parent].flat.add(group.weight);
                if let Some(tags) = &mut tags {
                    tags.add(&mut nodes[parent].tags, group, true);
                }
            }
        }
        let mut graph = Graph::select(nodes, edges, self.options.drop_negative);
        graph.list_edges();
        Ok(graph)
    }
}

impl Graph {
    /// Takes the nodes that `kept` does not mark out of a tree; their callees move to their callers.
    pub(super) fn trim_tree(&mut self, kept: &[bool]) {
        let mut order = Vec::with_capacity(self.order.len());
        // Edges are only marked on the way: taking each out of a wide caller at once would be quadratic.
        let mut removed = vec![false; self.edges.len()];
        for node in std::mem::take(&mut self.order) {
            if kept[node] {
                order.push(node);
                continue;
            }
            let outs = std::mem::take(&mut self.nodes[node].outs);
            let into = self.nodes[node]
                .ins
                .first()
                .copied()
                .filter(|&edge| !removed[edge]);
            let Some(into) = into else {
                for edge in outs {
                    removed[edge] = true;
                }
                continue;
            };
            let Edge {
                src: parent, inline, ..
            } = self.edges[into];
            removed[into] = true;
            for edge in outs.into_iter().filter(|&edge| !removed[edge]) {
                let moved = &mut self.edges[edge];
                moved.src = parent;
                moved.residual = true;
                moved.inline &= inline;
                self.nodes[parent].outs.push(edge);
            }
        }
        for node in &mut self.nodes {
            node.outs.retain(|&edge| !removed[edge]);
            node.ins.retain(|&edge| !removed[edge]);
        }
        self.order = order;
    }
}
