//! View -> flat and cum, call graph, call tree.
//!
//! [`GraphBuilder`] turns the locations of a view into nodes once; [`GraphBuilder::build`] sums the samples over them,
//! all nodes or only some; [`trim`] is pprof's way from the whole graph to what is shown.

mod edges;
mod graph;
mod node;
mod order;
mod shares;
mod sums;
mod tags;
mod tree;
pub mod trim;

pub use edges::EdgeChoice;
pub use graph::{Edge, EdgeId, Graph, GraphBuilder, GraphOptions, Node, NodeId, Weight};
pub use node::{NodeInfo, clean_path};
pub use order::{Names, Order, base_name};
pub use tags::{NodeTags, Tag, TagOptions, sort_tags};

use crate::view::View;

/// Which value of a sample counts, and by what it is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleValue {
    /// Index of the sample type.
    pub index: usize,
    /// Index of the sample type whose sums divide, for means.
    pub divisor: Option<usize>,
}

impl SampleValue {
    /// The same value for sums, whatever divides it for means.
    #[must_use]
    pub fn undivided(self) -> Self {
        Self {
            divisor: None,
            ..self
        }
    }

    /// The value and the divisor of a sample.
    #[must_use]
    pub fn of(self, values: &[Vec<i64>], row: u32) -> (i64, i64) {
        let row = row as usize;
        (
            values[self.index][row],
            self.divisor.map_or(0, |divisor| values[divisor][row]),
        )
    }
}

/// What percentages are of: the sum of absolute values, divided for means.
///
/// When samples are marked as those of a diff base, only they count. Sums wrap as pprof's do.
#[must_use]
pub fn total(view: &View<'_>, value: SampleValue) -> i64 {
    let base = view.base_label_sets();
    let (mut total, mut divisor, mut base_total, mut base_divisor) = (0i64, 0i64, 0i64, 0i64);
    for sample in view.samples() {
        let (v, d) = value.of(view.values(), sample.row);
        let v = v.wrapping_abs();
        total = total.wrapping_add(v);
        divisor = divisor.wrapping_add(d);
        if base.as_ref().is_some_and(|base| base[sample.label_set.index()]) {
            base_total = base_total.wrapping_add(v);
            base_divisor = base_divisor.wrapping_add(d);
        }
    }
    if base_total > 0 {
        (total, divisor) = (base_total, base_divisor);
    }
    if divisor == 0 {
        total
    } else {
        total.wrapping_div(divisor)
    }
}
