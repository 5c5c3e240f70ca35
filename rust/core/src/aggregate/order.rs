//! The orders in which nodes, edges and tags are shown. All are total.

use super::graph::{EdgeId, Graph, NodeId};
use super::node::NodeInfo;
use crate::table::Strings;
use crate::unit::truncated;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::Write;

/// An order of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Flat, then name, then cum.
    FlatName,
    /// Cum, then name, then flat.
    CumName,
    /// How much a node adds to a picture: see [`Graph::entropy_score`].
    Entropy,
    /// Function name.
    Name,
    /// File, then start line.
    File,
    /// Address.
    Address,
}

/// The names that node infos refer to.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The view's strings.
    pub strings: &'a Strings,
    /// The graph's file names.
    pub files: &'a Strings,
}

impl<'a> Names<'a> {
    /// The parts of a node's printable name: address, function, and file with line, or what there is instead.
    #[must_use]
    pub fn components(&self, info: &NodeInfo) -> Vec<Cow<'a, [u8]>> {
        self.components_as(info, self.strings.get(info.name), self.files.get(info.file))
    }

    /// As [`Names::components`], with another function name and file name.
    #[must_use]
    pub fn components_as<'n>(&self, info: &NodeInfo, name: &'n [u8], file: &'n [u8]) -> Vec<Cow<'n, [u8]>> {
        let mut parts: Vec<Cow<'n, [u8]>> = Vec::with_capacity(3);
        if info.address != 0 {
            parts.push(Cow::Owned(format!("{:016x}", info.address).into_bytes()));
        }
        if !name.is_empty() {
            parts.push(Cow::Borrowed(name));
        }
        if info.line != 0 {
            let mut place = file.to_vec();
            place.extend_from_slice(format!(":{}", info.line).as_bytes());
            if info.column != 0 {
                place.extend_from_slice(format!(":{}", info.column).as_bytes());
            }
            parts.push(Cow::Owned(place));
        } else if !file.is_empty() {
            parts.push(Cow::Borrowed(file));
        } else if name.is_empty() {
            let objfile = self.strings.get(info.objfile);
            parts.push(if objfile.is_empty() {
                Cow::Borrowed(b"<unknown>")
            } else {
                Cow::Owned([b"[", base_name(objfile), b"]"].concat())
            });
        }
        parts
    }

    /// A node's name as reports print it.
    #[must_use]
    pub fn printable(&self, info: &NodeInfo) -> Cow<'a, [u8]> {
        // Functions are the usual granularity, and sorting asks for two names at a time.
        if info.address == 0 && info.line == 0 && info.file.is_empty() && !info.name.is_empty() {
            return Cow::Borrowed(self.strings.get(info.name));
        }
        let mut parts = self.components(info);
        if parts.len() == 1 {
            return parts.pop().unwrap_or_default();
        }
        Cow::Owned(parts.join(&b' '))
    }

    fn compare_printable(&self, one: &NodeInfo, other: &NodeInfo) -> Ordering {
        if one == other {
            return Ordering::Equal;
        }
        if one.address != 0 && other.address != 0 && one.address != other.address {
            return one.address.cmp(&other.address);
        }
        self.printable(one).cmp(&self.printable(other))
    }

    /// All attributes as one text, the last resort of every order.
    fn all(&self, info: &NodeInfo) -> Vec<u8> {
        let mut text = vec![b'{'];
        text.extend_from_slice(self.strings.get(info.name));
        // Two blanks: pprof has the system name between them, which no report here keeps.
        let _ = write!(text, "  {} ", info.address);
        text.extend_from_slice(self.files.get(info.file));
        let _ = write!(text, " {} {} {} ", info.start_line, info.line, info.column);
        text.extend_from_slice(self.strings.get(info.objfile));
        text.push(b'}');
        text
    }
}

/// What is behind the last slash; `/` for only slashes, `.` for nothing.
#[must_use]
pub fn base_name(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path
        .iter()
        .rposition(|&byte| byte != b'/')
        .map_or(0, |last| last + 1);
    if end == 0 {
        return b"/";
    }
    let start = path[..end]
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    &path[start..end]
}

impl Graph {
    /// Sorts the nodes of the graph.
    pub fn sort(&mut self, order: Order, names: Names<'_>) {
        self.sort_first(order, names, usize::MAX);
    }

    /// Brings the `first` nodes of an order to the front, sorted; the others stand behind them in any order.
    pub(super) fn sort_first(&mut self, order: Order, names: Names<'_>, first: usize) {
        // The smallest number has no absolute value and so comes last; an entropy score may be it (see there).
        let score = |id: NodeId| match order {
            Order::CumName => self.nodes[id].cum.value,
            Order::Entropy => self.entropy_score(id),
            _ => self.nodes[id].flat.value,
        };
        let scores: Vec<i64> = self.order.iter().map(|&id| score(id).wrapping_abs()).collect();
        let nodes = &self.nodes;
        let mut scored: Vec<(i64, NodeId)> = scores.into_iter().zip(self.order.iter().copied()).collect();
        let compare = |&(one_score, one): &(i64, NodeId), &(other_score, other): &(i64, NodeId)| {
            let (l, r) = (&nodes[one], &nodes[other]);
            let by_order = match order {
                Order::FlatName => other_score
                    .cmp(&one_score)
                    .then_with(|| names.compare_printable(&l.info, &r.info))
                    .then_with(|| r.cum.value.unsigned_abs().cmp(&l.cum.value.unsigned_abs())),
                Order::CumName | Order::Entropy => other_score
                    .cmp(&one_score)
                    .then_with(|| names.compare_printable(&l.info, &r.info))
                    .then_with(|| r.flat.value.unsigned_abs().cmp(&l.flat.value.unsigned_abs())),
                Order::Name => names.strings.get(l.info.name).cmp(names.strings.get(r.info.name)),
                Order::File => names
                    .files
                    .get(l.info.file)
                    .cmp(names.files.get(r.info.file))
                    .then_with(|| l.info.start_line.cmp(&r.info.start_line)),
                Order::Address => l.info.address.cmp(&r.info.address),
            };
            by_order
                .then_with(|| names.all(&l.info).cmp(&names.all(&r.info)))
                .then_with(|| one.cmp(&other))
        };
        let first = first.min(scored.len());
        if (1..scored.len()).contains(&first) {
            scored.select_nth_unstable_by(first - 1, compare);
        }
        if let Some(first) = scored.get_mut(..first) {
            first.sort_unstable_by(compare);
        }
        self.order = scored.into_iter().map(|(_, id)| id).collect();
    }

    /// The edges in the order to show them: heaviest first, then by the names of caller and callee.
    #[must_use]
    pub fn sorted_edges(&self, edges: &[EdgeId], names: Names<'_>) -> Vec<EdgeId> {
        let mut sorted = edges.to_vec();
        sorted.sort_by(|&one, &other| {
            let (l, r) = (&self.edges[one], &self.edges[other]);
            let name = |node: NodeId| names.printable(&self.nodes[node].info);
            if l.weight.value != r.weight.value {
                let heavier = r.weight.value.unsigned_abs().cmp(&l.weight.value.unsigned_abs());
                return heavier
                    .then_with(|| r.weight.value.cmp(&l.weight.value))
                    .then_with(|| one.cmp(&other));
            }
            name(l.src)
                .cmp(&name(r.src))
                .then_with(|| name(l.dest).cmp(&name(r.dest)))
                .then_with(|| one.cmp(&other))
        });
        sorted
    }

    /// How much a node adds to a picture: its weight, by how much its edges branch.
    ///
    /// A node that only passes on what it gets scores low; roots and leaves score one for the side they lack.
    /// An edge that weighs nothing has no entropy: its node scores the smallest number, plus its flat value.
    #[must_use]
    pub fn entropy_score(&self, node: NodeId) -> i64 {
        let node = &self.nodes[node];
        let entropy = |edges: &[EdgeId], own: i64| {
            if edges.is_empty() {
                1.0
            } else {
                self.edge_entropy(edges, own)
            }
        };
        let score = entropy(&node.ins, 0) + entropy(&node.outs, node.flat.value);
        truncated(score * node.cum.value as f64).wrapping_add(node.flat.value)
    }

    fn edge_entropy(&self, edges: &[EdgeId], own: i64) -> f64 {
        let weights = || edges.iter().map(|&edge| self.edges[edge].weight.value);
        let total = weights()
            .filter(|&weight| weight > 0)
            .fold(own, i64::wrapping_add);
        if total == 0 {
            return 0.0;
        }
        let part = |value: i64| {
            let fraction = value.wrapping_abs() as f64 / total as f64;
            -fraction * fraction.log2()
        };
        let mut score = 0.0;
        for weight in weights() {
            score += part(weight);
        }
        if own > 0 {
            score += part(own);
        }
        score
    }
}
