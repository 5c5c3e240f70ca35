//! The groups of a profile, as rows.

use super::super::group_labels::GroupLabel;
use super::super::query::SampleTypeName;
use super::super::spread::Spread;
use serde::Serialize;

/// A line of code, or a binary where that is all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// Function; the binary in brackets where there is none.
    pub function: String,
    /// Source file; empty when unknown.
    pub file: String,
    /// Line; 0 when unknown or when sites are functions.
    pub line: i64,
}

/// A frame of a stack that is shown.
#[derive(Debug, Clone, Serialize)]
pub struct MarkedFrame {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// Its mark.
    pub mark: u16,
}

/// A share of a group.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// Sums, by sample type.
    pub values: Vec<i64>,
}

/// A stack of a group.
#[derive(Debug, Clone, Serialize)]
pub struct GroupStack {
    /// Sums, by sample type.
    pub values: Vec<i64>,
    /// Samples.
    pub samples: u64,
    /// Frames it has.
    pub depth: usize,
    /// Frames, leaf first.
    pub frames: Vec<MarkedFrame>,
}

/// A group.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// The kind; 0 for none.
    pub kind: u8,
    /// The function that gave the kind, of the heaviest stack; empty without one, or when kinds do not matter and no stacks
    /// are shown.
    pub by: String,
    /// The site; null where no frame is one.
    pub site: Option<Spot>,
    /// Sums, by sample type.
    pub values: Vec<i64>,
    /// Samples.
    pub samples: u64,
    /// Recorded events behind the values; 0 when nothing was said about sampling.
    pub events: f64,
    /// Different stacks.
    pub stack_count: usize,
    /// The first frames of the user's own code, heaviest first.
    pub owners: Vec<Part>,
    /// For each stack the first frame of the user's own code behind the site that is another function; the owner where there
    /// is none. Heaviest first.
    pub callers: Vec<Part>,
    /// The outermost frames, heaviest first.
    pub roots: Vec<Part>,
    /// The labels asked for that occur in it.
    pub labels: Vec<GroupLabel>,
    /// The heaviest stacks.
    pub stacks: Vec<GroupStack>,
}

/// A kind, over all groups.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KindSums {
    /// The kind; 0 for none.
    pub kind: u8,
    /// Samples whose leaf is of the kind, by sample type.
    pub leaf: Vec<i64>,
    /// Samples of the kind: each has one, the first from the leaf. All kinds together are everything.
    pub first: Vec<i64>,
    /// Samples that a function of the kind is in, each counted once.
    pub within: Vec<i64>,
    /// Of those, samples where it is nearer to the leaf than any of the user's own code: what it does, not what it hosts.
    pub below: Vec<i64>,
    /// How many samples those are.
    pub below_samples: u64,
    /// Recorded events behind them; 0 when nothing was said about sampling.
    pub below_events: f64,
    /// Of those, the first frames of the user's own code, heaviest first.
    pub owners: Vec<Part>,
    /// Samples of the kind.
    pub samples: u64,
}

/// Groups that are not shown.
#[derive(Debug, Clone, Serialize)]
pub struct GroupsLeftOut {
    /// How many.
    pub rows: usize,
    /// Their sums, by sample type; of the kinds asked for.
    pub values: Vec<i64>,
}

/// The answer. Groups are ordered by the absolute value of the chosen sample type, then by kind and site.
#[derive(Debug, Clone, Serialize)]
pub struct Groups {
    /// All sample types.
    pub sample_types: Vec<SampleTypeName>,
    /// The one that orders.
    pub sample_type: SampleTypeName,
    /// Sum of the absolute values of the chosen sample type, before filters.
    pub total: i64,
    /// Sums after filters, by sample type.
    pub totals: Vec<i64>,
    /// Samples after filters.
    pub samples: u64,
    /// Different stacks after filters.
    pub stack_count: usize,
    /// Samples without any frame of the user's own code, by sample type.
    pub without_owner: Vec<i64>,
    /// The kinds that occur, by number.
    pub kinds: Vec<KindSums>,
    /// Groups there are.
    pub group_count: usize,
    /// Different stacks in these groups.
    pub grouped_stacks: usize,
    /// How the values are spread over these groups.
    pub group_spread: Spread,
    /// How the values are spread over the stacks of these groups.
    pub stack_spread: Spread,
    /// Groups.
    pub groups: Vec<Group>,
    /// What is before and behind them.
    pub left_out: GroupsLeftOut,
    /// What limits the answer.
    pub warnings: Vec<String>,
}
