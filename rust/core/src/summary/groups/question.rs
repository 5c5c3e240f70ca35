//! What is asked of the groups of a profile.

use super::super::group_labels::KindLabel;
use super::super::query::Filters;
use serde::Deserialize;

/// What a group is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// Everything of one kind together.
    #[default]
    None,
    /// The first frame behind the one that gave the kind (or from the leaf on, without one) that is neither plumbing nor of a
    /// kind itself.
    Behind,
    /// The first frame of the user's own code, from the leaf on.
    Own,
    /// The outermost frame that is not plumbing: what started it all.
    Root,
}

/// How a heap profiler sampled: each byte allocated with the same small probability, values scaled up afterwards.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Sampling {
    /// Position of the sample type that counts objects.
    pub objects: usize,
    /// Position of the sample type that counts bytes.
    pub bytes: usize,
    /// Mean bytes between two samples; up to 1 everything was recorded.
    pub period: f64,
}

impl Sampling {
    /// How many events were really recorded for values that were scaled up: the inverse of what Go's `scaleHeapSample`
    /// does, which multiplies by `1 / (1 - exp(-size / period))`.
    pub(super) fn events(self, objects: i64, bytes: i64) -> f64 {
        if objects == 0 {
            return 0.0;
        }
        let (objects, bytes) = (objects.unsigned_abs() as f64, bytes.unsigned_abs() as f64);
        if self.period <= 1.0 {
            return objects;
        }
        objects * -(-bytes / objects / self.period).exp_m1()
    }
}

/// Which frame of a stack gives its kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The first from the leaf that is of one.
    #[default]
    First,
    /// The outermost that is of one, before the first frame that is neither plumbing nor of a kind: what a stack is in right
    /// now, not what it is called from.
    Leading,
    /// The least kind in the stack, wherever it is: rules in an order.
    Least,
}

/// What to group.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct GroupsQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
    /// What a group is of, besides the kind.
    pub site: Site,
    /// Sites are lines of code, not functions.
    pub lines: bool,
    /// Groups do not depend on the kind.
    pub any_kind: bool,
    /// Which frame gives the kind.
    pub pick: Pick,
    /// A label that gives the kind.
    pub kind_label: KindLabel,
    /// Labels whose values are told for each group.
    pub labels: Vec<String>,
    /// Groups of these kinds only; of all when empty.
    pub only: Vec<u8>,
    /// Groups to pass over.
    pub offset: usize,
    /// Groups, at most.
    pub limit: usize,
    /// Owners, callers, roots and values of a label named for a group, at most, each.
    pub names: usize,
    /// Stacks shown for a group, at most.
    pub stacks: usize,
    /// Frames of a stack, at most, from the leaf.
    pub max_depth: usize,
    /// How values were sampled, to count the events behind them.
    pub sampling: Option<Sampling>,
}

impl Default for GroupsQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            site: Site::None,
            lines: false,
            any_kind: false,
            pick: Pick::First,
            kind_label: KindLabel::default(),
            labels: Vec::new(),
            only: Vec::new(),
            offset: 0,
            limit: usize::MAX,
            names: 3,
            stacks: 1,
            max_depth: 64,
            sampling: None,
        }
    }
}

/// The bits of a mark besides the kind, which is the low byte; kind 0 is none.
pub mod mark {
    /// Never a site.
    pub const PLUMBING: u16 = 1 << 8;
    /// The user's own code.
    pub const OWN: u16 = 1 << 9;
    /// Its kind replaces that of what it calls directly: a read-write lock is made of a lock.
    pub const WRAPS: u16 = 1 << 10;
}
