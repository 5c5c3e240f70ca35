//! What a view says, as rows: the answers that the Python layer turns into results.
//!
//! One answer a file. Every answer names the sample type, its unit and the total that its percentages are of, and says
//! how much it left out. Numbers are decided here; words are not.

mod diff_paths;
mod diff_top;
mod frames;
mod functions;
mod group_labels;
mod groups;
mod lines;
mod matching;
mod meta;
mod paths;
mod peek;
mod pgo;
mod query;
mod sides;
mod spread;
mod stacks;
mod storylines;
mod tags;
mod top;
mod traces;
mod way;

pub use diff_paths::{DiffPaths, DiffPathsQuery, PathDelta, diff_paths};
pub use diff_top::{Diff, DiffQuery, diff_top};
pub use functions::{FunctionList, FunctionsQuery, functions};
pub use group_labels::{GroupLabel, KindLabel, LabelPart};
pub use groups::{Group, Groups, GroupsQuery, Pick, Site, Spot, groups, mark};
pub use lines::{Lines, LinesQuery, lines};
pub use matching::{MatchedFunction, MatchedTogether, Matching, MatchingQuery, matching};
pub use meta::{Meta, meta};
pub use paths::{Paths, PathsQuery, paths};
pub use peek::{Peek, PeekQuery, peek};
pub use pgo::{PgoFit, PgoQuery, pgo};
pub use query::{Filters, SampleTypeName, filtered};
pub(crate) use query::{Prepared, prepare};
pub use sides::{Compared, DiffLeftOut, Normalize, Status};
pub use spread::Spread;
pub use storylines::{Storylines, StorylinesQuery, storylines};
pub use tags::{Tags, TagsQuery, tags};
pub use top::{Top, TopQuery, top};
pub use traces::{Traces, TracesQuery, traces};
pub use way::{Way, WayQuery, way};

use crate::aggregate::{Names, NodeInfo};

/// `value` in percent of `total`, signed, to four decimals; 0 of nothing.
#[must_use]
pub fn percent(value: f64, total: f64) -> f64 {
    if total == 0.0 {
        0.0
    } else {
        (value / total * 1e6).round() / 1e4
    }
}

/// Bytes of a profile as text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A node's parts, as text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// As reports print it.
    pub name: String,
    /// Function; empty where the granularity has none.
    pub function: String,
    /// Source file; empty when unknown.
    pub file: String,
    /// Line; 0 when unknown. At function granularity, where the function starts.
    pub line: i64,
}

impl Place {
    fn new(info: &NodeInfo, names: Names<'_>) -> Self {
        Self {
            name: text(&names.printable(info)),
            function: text(names.strings.get(info.name)),
            file: text(names.files.get(info.file)),
            line: info.line,
        }
    }
}
