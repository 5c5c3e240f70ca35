//! From the whole graph to what is shown: pprof's cut-offs and its choice of nodes.

use super::graph::{EdgeId, Graph, GraphBuilder, NodeId};
use super::order::{Names, Order};
use crate::error::Result;
use crate::unit::truncated;

/// Labels shown for one node of a picture, at most.
pub const MAX_NODELETS: usize = 4;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trim {
    /// Nodes, at most; 0 for all.
    pub nodecount: usize,
    /// Nodes below this part of the total are dropped.
    pub nodefraction: f64,
    /// Edges below this part of the total are dropped.
    pub edgefraction: f64,
    /// Order by cum instead of flat.
    pub cum_sort: bool,
    /// Choose what makes a good picture, and drop edges that only repeat a path.
    pub visual: bool,
}

/// A trimmed graph, sorted, and what was dropped on the way.
#[derive(Debug, Clone)]
pub struct Trimmed {
    /// What is left.
    pub graph: Graph,
    /// Nodes before `nodecount` was applied.
    pub orig_count: usize,
    /// Nodes dropped by `nodefraction`.
    pub dropped_nodes: usize,
    /// Edges dropped by `edgefraction`.
    pub dropped_edges: usize,
}

fn cutoff(total: i64, fraction: f64) -> u64 {
    // The smallest number has no absolute value and cuts nothing off.
    u64::try_from(truncated(total as f64 * fraction).wrapping_abs()).unwrap_or(0)
}

impl GraphBuilder<'_, '_, '_> {
    /// The names that the nodes of this builder's graphs refer to.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            strings: self.view.strings(),
            files: self.files(),
        }
    }

    /// The graph as it is to be shown.
    ///
    /// # Errors
    ///
    /// The work was cancelled.
    pub fn trimmed(&self, trim: &Trim) -> Result<Trimmed> {
        self.trimmed_first(trim, usize::MAX)
    }

    /// As [`GraphBuilder::trimmed`] for one who looks at the `first` nodes only: the others stand behind them in any order,
    /// and may lack edges.
    ///
    /// # Errors
    ///
    /// The work was cancelled.
    pub fn trimmed_first(&self, trim: &Trim, first: usize) -> Result<Trimmed> {
        if trim.visual || self.options.call_tree || self.options.tags.is_some() {
            self.trimmed_by_shape(trim)
        } else {
            self.trimmed_by_weight(trim, first)
        }
    }

    /// Chooses by flat and cum alone. These do not depend on what else is shown, so only the edges wait for the choice.
    fn trimmed_by_weight(&self, trim: &Trim, first: usize) -> Result<Trimmed> {
        let mut graph = self.nodes(None)?;
        let total = graph.flat_sum();
        let node_cutoff = cutoff(total, trim.nodefraction);
        let Graph { nodes, order, .. } = &mut graph;
        let all = order.len();
        order.retain(|&id| nodes[id].cum.value.unsigned_abs() >= node_cutoff);
        let orig_count = order.len();
        let count = if trim.nodecount > 0 {
            trim.nodecount
        } else {
            usize::MAX
        };
        graph.sort_first(trim.order(), self.names(), first.min(count));
        graph.order.truncate(count);
        let kept = (graph.order.len() < all).then(|| self.rows_shown(&graph, &graph.order));
        if let Some(kept) = &kept {
            for (node, _) in graph.nodes.iter_mut().zip(kept).filter(|&(_, &kept)| !kept) {
                (node.flat, node.cum) = Default::default();
            }
        }
        self.add_edges(&mut graph, kept.as_deref(), first)?;
        let dropped = graph.trim_edges(cutoff(total, trim.edgefraction));
        // pprof drops edges once more before it cuts to a number of nodes; if that cuts none, the later count finds nothing.
        let is_counted = trim.nodecount == 0 || graph.order.len() < orig_count;
        let dropped_edges = if is_counted { dropped } else { 0 };
        Ok(Trimmed {
            graph,
            orig_count,
            dropped_nodes: all - orig_count,
            dropped_edges,
        })
    }

    /// Chooses by what the edges look like as well, so the graph is summed again after each choice.
    fn trimmed_by_shape(&self, trim: &Trim) -> Result<Trimmed> {
        let mut graph = self.build(None)?;
        let total = graph.flat_sum();
        let node_cutoff = cutoff(total, trim.nodefraction);
        let edge_cutoff = cutoff(total, trim.edgefraction);
        let order = trim.order();
        let mut dropped_nodes = 0;
        if node_cutoff > 0 {
            let kept: Vec<NodeId> = graph
                .order
                .iter()
                .copied()
                .filter(|&id| graph.nodes[id].cum.value.unsigned_abs() >= node_cutoff)
                .collect();
            dropped_nodes = graph.order.len() - kept.len();
            if dropped_nodes > 0 {
                graph = self.keep(graph, &kept)?;
            }
        }
        let orig_count = graph.order.len();
        graph.sort(order, self.names());
        if trim.nodecount > 0 {
            graph.trim_tags(node_cutoff);
            graph.trim_edges(edge_cutoff);
            let kept = graph.top_nodes(trim.nodecount, trim.visual);
            if kept.len() != graph.order.len() {
                graph = self.keep(graph, &kept)?;
                graph.sort(order, self.names());
            }
        }
        graph.trim_tags(node_cutoff);
        let dropped_edges = graph.trim_edges(edge_cutoff);
        if trim.visual {
            graph.remove_redundant_edges(self.names());
        }
        Ok(Trimmed {
            graph,
            orig_count,
            dropped_nodes,
            dropped_edges,
        })
    }

    /// The graph of only these nodes: summed again, or, for a tree, with the others taken out.
    fn keep(&self, mut graph: Graph, nodes: &[NodeId]) -> Result<Graph> {
        if self.options.call_tree {
            let mut kept = vec![false; graph.nodes.len()];
            for &id in nodes {
                kept[id] = true;
            }
            graph.trim_tree(&kept);
            graph.remove_redundant_edges(self.names());
            return Ok(graph);
        }
        self.build(Some(&self.rows_shown(&graph, nodes)))
    }

    /// Marks the rows of the node table that these nodes have.
    fn rows_shown(&self, graph: &Graph, nodes: &[NodeId]) -> Vec<bool> {
        let mut kept = vec![false; self.node_rows()];
        for &id in nodes {
            kept[graph.nodes[id].row as usize] = true;
        }
        kept
    }
}

impl Trim {
    fn order(&self) -> Order {
        match (self.visual, self.cum_sort) {
            (true, _) => Order::Entropy,
            (false, true) => Order::CumName,
            (false, false) => Order::FlatName,
        }
    }
}

impl Graph {
    fn trim_tags(&mut self, cutoff: u64) {
        for &id in &self.order {
            self.nodes[id].tags.trim(cutoff);
        }
    }

    /// Drops edges into the graph's nodes that weigh less than `cutoff`; tells how many.
    fn trim_edges(&mut self, cutoff: u64) -> usize {
        if cutoff == 0 {
            return 0;
        }
        let mut dropped = vec![false; self.edges.len()];
        let mut count = 0;
        for &id in &self.order {
            for &edge in &self.nodes[id].ins {
                if self.edges[edge].weight.value.unsigned_abs() < cutoff {
                    dropped[edge] = true;
                    count += 1;
                }
            }
        }
        for node in &mut self.nodes {
            node.ins.retain(|&edge| !dropped[edge]);
            node.outs.retain(|&edge| !dropped[edge]);
        }
        count
    }

    /// The first nodes, at most `nodecount`. In a picture a node's labels count as nodes too.
    fn top_nodes(&self, nodecount: usize, visual: bool) -> Vec<NodeId> {
        let mut limit = nodecount;
        if visual {
            let mut count = 0;
            for (position, &id) in self.order.iter().enumerate() {
                count += self.nodes[id].tags.flat_count().min(MAX_NODELETS) + 1;
                if count >= nodecount {
                    limit = position + 1;
                    break;
                }
            }
        }
        self.order.iter().copied().take(limit).collect()
    }

    /// Drops residual edges whose ends are connected on another path, lightest first.
    fn remove_redundant_edges(&mut self, names: Names<'_>) {
        for position in (0..self.order.len()).rev() {
            let ins = self.sorted_edges(&self.nodes[self.order[position]].ins, names);
            for &edge in ins.iter().rev() {
                if !self.edges[edge].residual {
                    break;
                }
                if self.is_redundant(edge) {
                    self.remove_edge(edge);
                }
            }
        }
    }

    /// Whether the callee of an edge can be reached from its caller without it.
    fn is_redundant(&self, edge: EdgeId) -> bool {
        let (src, dest) = (self.edges[edge].src, self.edges[edge].dest);
        let mut seen = vec![false; self.nodes.len()];
        seen[dest] = true;
        let mut queue = std::collections::VecDeque::from([dest]);
        while let Some(node) = queue.pop_front() {
            for &into in &self.nodes[node].ins {
                let from = self.edges[into].src;
                if into == edge || seen[from] {
                    continue;
                }
                if from == src {
                    return true;
                }
                seen[from] = true;
                queue.push_back(from);
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{EdgeChoice, GraphOptions, SampleValue};
    use crate::profile::ProfileBuilder;
    use crate::table::{Function, Line, Location};
    use crate::view::View;

    #[test]
    fn the_first_rows_are_the_same_however_many_are_asked_for() {
        let mut profile = ProfileBuilder::default();
        let count = profile.value_type(b"samples", b"count");
        profile.header.sample_types.push(count);
        let mut line = |name: u32| {
            let name = profile.string(format!("f{name}").as_bytes());
            let function = profile.function(Function {
                name,
                ..Function::default()
            });
            Line {
                function,
                ..Line::default()
            }
        };
        let lines: Vec<Line> = (0..40).map(&mut line).collect();
        let locations: Vec<_> = (0..39)
            .map(|at| {
                profile
                    .location(Location::default(), &lines[at..at + 1 + at % 2])
                    .unwrap()
            })
            .collect();
        for (at, stack) in locations.windows(3).enumerate() {
            profile.sample(stack, &[(at % 4) as i64 - 1], &mut []).unwrap();
        }
        let profile = profile.finish();
        let view = View::new(&profile);
        let value = SampleValue {
            index: 0,
            divisor: None,
        };
        let options = GraphOptions {
            edges: EdgeChoice::IntoInlined,
            ..GraphOptions::plain(value)
        };
        let builder = GraphBuilder::new(&view, options);
        for cum_sort in [false, true] {
            let trim = Trim {
                nodecount: 0,
                nodefraction: 0.01,
                edgefraction: 0.0,
                cum_sort,
                visual: false,
            };
            let all = builder.trimmed(&trim).unwrap().graph;
            let ins = |graph: &Graph, id: NodeId| {
                let edges = graph.nodes[id].ins.iter();
                edges.map(|&edge| graph.edges[edge]).collect::<Vec<_>>()
            };
            assert!(all.order.len() > 20 && all.order.iter().any(|&id| !ins(&all, id).is_empty()));
            for first in 0..=all.order.len() + 1 {
                let some = builder.trimmed_first(&trim, first).unwrap().graph;
                let shown = first.min(all.order.len());
                assert_eq!(some.order.len(), all.order.len());
                assert_eq!(some.order[..shown], all.order[..shown]);
                assert!(
                    all.order[..shown]
                        .iter()
                        .all(|&id| ins(&some, id) == ins(&all, id))
                );
            }
        }
    }
}
