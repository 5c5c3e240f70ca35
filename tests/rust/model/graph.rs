//! Flat, cum and calls: every sample added to maps.

use super::naive::{Line, Location, Profile};
use std::collections::{BTreeMap, BTreeSet};

/// A place, as nodes are told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    pub name: String,
    pub address: u64,
    pub file: String,
    pub start_line: i64,
    pub line: i64,
    pub column: i64,
    pub binary: String,
}

impl Place {
    fn new(location: &Location, line: Option<&Line>) -> Self {
        let binary = location
            .mapping
            .as_ref()
            .map_or(String::new(), |mapping| mapping.file.clone());
        let Some(line) = line else {
            return Self {
                address: location.address,
                binary,
                ..Self::default()
            };
        };
        let has_name = !line.name.is_empty();
        Self {
            name: line.name.clone(),
            address: location.address,
            file: clean(&line.file).to_owned(),
            start_line: if has_name { 0 } else { line.start_line },
            line: line.line,
            column: line.column,
            binary: if has_name { String::new() } else { binary },
        }
    }

    /// As reports print it.
    pub fn printable(&self) -> String {
        let mut parts = Vec::new();
        if self.address != 0 {
            parts.push(format!("{:016x}", self.address));
        }
        if !self.name.is_empty() {
            parts.push(self.name.clone());
        }
        if self.line != 0 {
            let column = if self.column == 0 {
                String::new()
            } else {
                format!(":{}", self.column)
            };
            parts.push(format!("{}:{}{column}", self.file, self.line));
        } else if !self.file.is_empty() {
            parts.push(self.file.clone());
        } else if self.name.is_empty() && self.binary.is_empty() {
            parts.push("<unknown>".to_owned());
        } else if self.name.is_empty() {
            parts.push(format!(
                "[{}]",
                self.binary.rsplit('/').next().unwrap_or_default()
            ));
        }
        parts.join(" ")
    }

    fn everything(&self) -> String {
        let Self {
            name,
            address,
            file,
            start_line,
            line,
            column,
            binary,
        } = self;
        format!("{{{name}  {address} {file} {start_line} {line} {column} {binary}}}")
    }
}

/// The file names that the random profiles use, cleaned by hand.
fn clean(file: &str) -> &str {
    match file {
        "./lib/../lib/x.go" => "lib/x.go",
        other => other,
    }
}

/// A sum, and the sum that it is to be divided by.
pub type Weight = [i64; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Node {
    pub flat: Weight,
    pub cum: Weight,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    pub weight: Weight,
    pub residual: bool,
    pub inline: bool,
}

/// Nodes and edges by what names them: a place in a graph, a path of places in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph<K: Ord> {
    pub nodes: BTreeMap<K, Node>,
    /// By caller and callee.
    pub edges: BTreeMap<(K, K), Edge>,
}

impl<K: Ord> Default for Graph<K> {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::new(),
            edges: BTreeMap::new(),
        }
    }
}

/// Which value counts, by which column it is divided, and what becomes of negative nodes.
#[derive(Debug, Clone, Copy)]
pub struct Counting {
    pub index: usize,
    pub mean: bool,
    pub drop_negative: bool,
}

fn add(to: &mut Weight, weight: Weight) {
    to[0] += weight[0];
    to[1] += weight[1];
}

/// Sums the samples. `name` makes the key of a frame out of its place and the key of its caller; `kept` says which
/// places have a node.
pub fn build<K: Ord + Clone>(
    profile: &Profile,
    counting: Counting,
    kept: Option<&BTreeSet<Place>>,
    name: impl Fn(Option<&K>, Place) -> K,
) -> Graph<K> {
    let mut graph = Graph::default();
    for sample in &profile.samples {
        let divisor = if counting.mean { sample.values[0] } else { 0 };
        let weight = [sample.values[counting.index], divisor];
        if weight == [0, 0] {
            continue;
        }
        let mut seen_nodes = BTreeSet::new();
        let mut seen_edges = BTreeSet::new();
        let mut caller: Option<K> = None;
        let mut residual = false;
        for location in sample.stack.iter().rev() {
            let lines: Vec<Option<&Line>> = match location.lines.len() {
                0 => vec![None],
                _ => location.lines.iter().map(Some).collect(),
            };
            for (position, line) in lines.iter().enumerate().rev() {
                let place = Place::new(location, *line);
                if kept.is_some_and(|kept| !kept.contains(&place)) {
                    residual = true;
                    continue;
                }
                let key = name(caller.as_ref(), place);
                if seen_nodes.insert(key.clone()) {
                    add(&mut graph.nodes.entry(key.clone()).or_default().cum, weight);
                }
                if let Some(caller) = caller.filter(|caller| *caller != key) {
                    let inline = position + 1 != lines.len();
                    let pair = (caller, key.clone());
                    if seen_edges.insert(pair.clone()) {
                        let edge = graph.edges.entry(pair).or_insert(Edge {
                            weight: [0, 0],
                            residual: false,
                            inline: true,
                        });
                        add(&mut edge.weight, weight);
                        edge.residual |= residual;
                        edge.inline &= inline;
                    }
                }
                caller = Some(key);
                residual = false;
            }
        }
        if let Some(leaf) = caller.filter(|_| !residual) {
            add(&mut graph.nodes.entry(leaf).or_default().flat, weight);
        }
    }
    let counts = |node: &Node| node.flat[0] != 0 || node.cum[0] != 0;
    let negative = |node: &Node| node.flat[0] < 0 || (node.flat[0] == 0 && node.cum[0] < 0);
    graph
        .nodes
        .retain(|_, node| counts(node) && !(counting.drop_negative && negative(node)));
    let Graph { nodes, edges } = &mut graph;
    // An edge is in the graph as long as one of its ends is.
    edges.retain(|(caller, callee), _| nodes.contains_key(caller) || nodes.contains_key(callee));
    graph
}

/// What is shown: the nodes in order, the graph of them, and the nodes and edges dropped for being light.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    pub order: Vec<Place>,
    pub graph: Graph<Place>,
    pub orig_count: usize,
    pub dropped_nodes: usize,
    pub dropped_edges: usize,
}

/// The graph of a text report.
pub fn trim(profile: &Profile, counting: Counting, trim: &pprof_core::aggregate::trim::Trim) -> Shown {
    let build = |kept: Option<&BTreeSet<Place>>| build(profile, counting, kept, |_, place| place);
    let mut graph = build(None);
    let total: i64 = graph.nodes.values().map(|node| node.flat[0]).sum();
    let cutoff = |fraction: f64| ((total as f64 * fraction) as i64).unsigned_abs();
    let heavy = |node: &Node| node.cum[0].unsigned_abs() >= cutoff(trim.nodefraction);
    let before = graph.nodes.len();
    if graph.nodes.values().any(|node| !heavy(node)) {
        let kept = graph
            .nodes
            .iter()
            .filter(|(_, node)| heavy(node))
            .map(|(place, _)| place.clone())
            .collect();
        let left: BTreeSet<Place> = kept;
        let dropped = before - left.len();
        graph = build(Some(&left));
        return finish(graph, &build, trim, cutoff(trim.edgefraction), dropped);
    }
    finish(graph, &build, trim, cutoff(trim.edgefraction), 0)
}

fn finish(
    mut graph: Graph<Place>,
    build: &dyn Fn(Option<&BTreeSet<Place>>) -> Graph<Place>,
    trim: &pprof_core::aggregate::trim::Trim,
    edge_cutoff: u64,
    dropped_nodes: usize,
) -> Shown {
    let orig_count = graph.nodes.len();
    if trim.nodecount > 0 {
        // As in pprof: edges are dropped before nodes are chosen too, and only the last round is counted.
        drop_light_edges(&mut graph, edge_cutoff);
        if graph.nodes.len() > trim.nodecount {
            let kept = sorted(&graph, trim.cum_sort)
                .into_iter()
                .take(trim.nodecount)
                .collect();
            graph = build(Some(&kept));
        }
    }
    let dropped_edges = drop_light_edges(&mut graph, edge_cutoff);
    let order = sorted(&graph, trim.cum_sort);
    Shown {
        order,
        graph,
        orig_count,
        dropped_nodes,
        dropped_edges,
    }
}

/// Drops the edges into nodes of the graph that weigh less than `cutoff`; tells how many.
fn drop_light_edges(graph: &mut Graph<Place>, cutoff: u64) -> usize {
    let before = graph.edges.len();
    let Graph { nodes, edges } = graph;
    edges.retain(|(_, callee), edge| !nodes.contains_key(callee) || edge.weight[0].unsigned_abs() >= cutoff);
    before - edges.len()
}

/// Heaviest first, then by name, then by the other weight, then by everything.
fn sorted(graph: &Graph<Place>, by_cum: bool) -> Vec<Place> {
    let mut places: Vec<&Place> = graph.nodes.keys().collect();
    places.sort_by_key(|place| {
        let node = graph.nodes[*place];
        let (first, second) = if by_cum {
            (node.cum, node.flat)
        } else {
            (node.flat, node.cum)
        };
        let down = |weight: Weight| std::cmp::Reverse(weight[0].unsigned_abs());
        // Addresses are written with all digits, so names compare as addresses do.
        (down(first), place.printable(), down(second), place.everything())
    });
    places.into_iter().cloned().collect()
}
