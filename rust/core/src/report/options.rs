//! What a report is made of: pprof's configuration after its flags have been read.

use super::time::{Zone, utc};
use crate::aggregate::trim::Trim;
use crate::view::{FilterSpec, Granularity};

/// Which report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// The heaviest places, a line each (`-top`, `-text`).
    Top,
    /// Every place with its callers and callees.
    Tree,
    /// The same, of the places that match an expression.
    Peek(String),
    /// Every sample.
    Traces,
    /// Label values with their sums.
    Tags,
    /// The profile's comments.
    Comments,
    /// All tables as text.
    Raw,
    /// Source lines of the functions that match an expression.
    List(String),
    /// The call graph for Graphviz.
    Dot,
    /// The call graph for `KCachegrind`.
    Callgrind,
    /// The profile, gzipped.
    Proto,
    /// The heaviest places as a profile, gzipped.
    TopProto,
}

impl Format {
    /// The expression that the report itself is given, not its filters.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Peek(pattern) | Self::List(pattern) => Some(pattern),
            _ => None,
        }
    }
}

/// pprof's configuration. The names are those of its flags, and so are the defaults.
#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "pprof's own switches")]
pub struct ReportOptions<'a> {
    /// Which report.
    pub format: Format,
    /// Filters, granularity, `relative_percentages`.
    pub filters: FilterSpec,
    /// Name or position of the sample type; empty for the profile's default.
    pub sample_index: String,
    /// Average over the first sample type.
    pub mean: bool,
    /// Unit of values; `minimum` fits it to the smallest one shown, `auto` to each.
    pub unit: String,
    /// Places shown at most; -1 for the format's own number, 0 for all.
    pub nodecount: i64,
    /// Places below this part of the total are not shown.
    pub nodefraction: f64,
    /// Edges below this part of the total are not shown.
    pub edgefraction: f64,
    /// Honour the three above.
    pub trim: bool,
    /// Order by cum.
    pub cum: bool,
    /// Tell places apart by how they were reached (`dot` and `callgrind` only).
    pub call_tree: bool,
    /// Leave out places with negative values.
    pub drop_negative: bool,
    /// No profile labels at the top.
    pub compact_labels: bool,
    /// Divides every value shown.
    pub divide_by: f64,
    /// Directories to search for sources, separated by `:`; empty for the working directory.
    pub source_path: String,
    /// Prefixes to cut off file names, separated by `:`.
    pub trim_path: String,
    /// Where relative source names are searched when `source_path` is empty.
    pub working_dir: String,
    /// One more comment for the profile.
    pub comment: Option<String>,
    /// The time zone in force at a number of seconds since 1970, in which times are shown.
    pub zone: &'a (dyn Fn(i64) -> Zone + Sync),
}

impl Default for ReportOptions<'_> {
    fn default() -> Self {
        Self {
            format: Format::Top,
            filters: FilterSpec::default(),
            sample_index: String::new(),
            mean: false,
            unit: "minimum".to_owned(),
            nodecount: -1,
            nodefraction: 0.005,
            edgefraction: 0.001,
            trim: true,
            cum: false,
            call_tree: false,
            drop_negative: false,
            compact_labels: false,
            divide_by: 1.0,
            source_path: String::new(),
            trim_path: String::new(),
            working_dir: ".".to_owned(),
            comment: None,
            zone: &utc,
        }
    }
}

impl ReportOptions<'_> {
    /// The granularity of the format where it has one of its own, else the one asked for.
    pub(super) fn granularity(&self) -> Granularity {
        match self.format {
            Format::List(_) => Granularity::Lines,
            Format::Proto | Format::Raw | Format::Callgrind => Granularity::Addresses,
            _ => self.filters.granularity,
        }
    }

    /// How much is shown: some formats show all, the others have their own number of places.
    pub(super) fn trimming(&self) -> Trim {
        let own = if matches!(self.format, Format::Top | Format::TopProto) {
            0
        } else {
            80
        };
        let nodecount = if self.nodecount == -1 { own } else { self.nodecount };
        let whole = !self.trim
            || matches!(
                self.format,
                Format::Peek(_) | Format::List(_) | Format::Proto | Format::Raw | Format::Callgrind
            );
        Trim {
            nodecount: if whole {
                0
            } else {
                usize::try_from(nodecount).unwrap_or(0)
            },
            nodefraction: if whole { 0.0 } else { self.nodefraction },
            edgefraction: if whole { 0.0 } else { self.edgefraction },
            cum_sort: self.cum,
            visual: self.format == Format::Dot,
        }
    }
}
