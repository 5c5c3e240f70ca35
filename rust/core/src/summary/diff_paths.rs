//! Two profiles side by side, path by path.

use super::frames::Frames;
use super::query::Filters;
use super::sides::{Compared, DiffLeftOut, Normalize, Pair, Scale, Sides, Status, ratio, status};
use crate::aggregate::{GraphBuilder, GraphOptions, SampleValue, Weight};
use crate::error::Result;
use crate::ids::StackId;
use crate::interrupt;
use crate::profile::Profile;
use crate::table::Interner;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct DiffPathsQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// How the two sides are made comparable.
    pub normalize: Normalize,
    /// Paths to pass over.
    pub offset: usize,
    /// Paths, at most.
    pub limit: usize,
    /// Frames of one path, at most, counted from the leaf.
    pub max_depth: usize,
}

impl Default for DiffPathsQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            normalize: Normalize::None,
            offset: 0,
            limit: usize::MAX,
            max_depth: usize::MAX,
        }
    }
}

/// A path on both sides. Values are in the unit of the answer, per second where so normalised.
#[derive(Debug, Clone, Serialize)]
pub struct PathDelta {
    /// `new`, `gone` or `changed`.
    pub status: Status,
    /// What its samples count in the base.
    pub base_value: f64,
    /// What they count in the other side.
    pub value: f64,
    /// The difference.
    pub delta: f64,
    /// In percent of the base's total.
    pub delta_pct: f64,
    /// `value / base_value`; null where the base has none.
    pub ratio: Option<f64>,
    /// `delta` with its unit and sign.
    pub delta_text: String,
    /// Frames it has.
    pub depth: usize,
    /// The frames, root first.
    pub frames: Vec<String>,
    /// Frames at the root were cut off.
    pub truncated: bool,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct DiffPaths {
    /// About the sides, and how many paths differ.
    #[serde(flatten)]
    pub compared: Compared,
    /// The paths that differ, by the size of the difference.
    pub rows: Vec<PathDelta>,
    /// What is before and behind the rows.
    pub left_out: DiffLeftOut,
}

/// What the samples of a stack or path count on the two sides.
type Weights = [Weight; 2];

/// What the samples of each stack count.
fn by_stack(view: &View<'_>, values: [SampleValue; 2]) -> Result<Vec<Weights>> {
    let mut weights = vec![Weights::default(); view.stacks().len()];
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        for (weight, value) in weights[sample.stack.index()].iter_mut().zip(values) {
            let (value, divisor) = value.of(view.values(), sample.row);
            weight.add(Weight { value, divisor });
        }
    }
    Ok(weights)
}

/// Bytes of one frame in [`Paths::keys`].
const FRAME: usize = size_of::<u32>();

/// All paths of both sides, each once.
struct Paths<'f, 'b, 'a, 'v, 'p> {
    frames: &'f Frames<'b, 'a, 'v, 'p>,
    /// For each path the ranks of the names of its frames, root first, the high byte of each first: bytes compare as
    /// names do.
    keys: Interner,
    weights: Vec<Weights>,
    /// The row that has each rank.
    rows: Vec<usize>,
}

impl<'f, 'b, 'a, 'v, 'p> Paths<'f, 'b, 'a, 'v, 'p> {
    fn new(frames: &'f Frames<'b, 'a, 'v, 'p>, by_stack: &[Weights]) -> Result<Self> {
        let mut rows = vec![0; frames.rows()];
        for row in 0..rows.len() {
            rows[frames.rank(row) as usize] = row;
        }
        let mut paths = Self {
            frames,
            keys: Interner::default(),
            weights: Vec::new(),
            rows,
        };
        let (mut stack, mut key) = (Vec::new(), Vec::new());
        for (number, weights) in by_stack.iter().enumerate() {
            interrupt::check_at(number)?;
            if *weights == Weights::default() {
                continue;
            }
            frames.read(StackId::from_index(number), &mut stack);
            key.clear();
            for frame in stack.iter().rev() {
                let rank = frames.rank(frames.alike(frame.row()));
                key.extend_from_slice(&rank.to_be_bytes());
            }
            let path = paths.keys.intern(&key) as usize;
            if path == paths.weights.len() {
                paths.weights.push(Weights::default());
            }
            for (sum, weight) in paths.weights[path].iter_mut().zip(weights) {
                sum.add(*weight);
            }
        }
        Ok(paths)
    }

    /// The path of this number, unless it counts for nothing on both sides.
    fn delta(&self, path: usize, scale: &Scale) -> Option<Delta> {
        let counted = self.weights[path].map(|weight| (weight.value != 0).then(|| weight.get()));
        let values = scale.scaled(counted);
        let [base, profile] = counted.map(|value| value.is_some());
        let differs = values[1] - values[0] != 0.0;
        Some(Delta {
            path,
            status: status(base, profile, differs)?,
            values,
        })
    }

    fn key(&self, delta: &Delta) -> &[u8] {
        self.keys.arena().get(delta.path)
    }

    fn row(&self, delta: &Delta, scale: &Scale, max_depth: usize) -> PathDelta {
        let ([base_value, value], change) = (delta.values, delta.change());
        let ranks = self.key(delta).chunks_exact(FRAME);
        let depth = ranks.len();
        let rank = |bytes: &[u8]| bytes.iter().fold(0, |rank, &byte| rank << 8 | usize::from(byte));
        PathDelta {
            status: delta.status,
            base_value,
            value,
            delta: change,
            delta_pct: scale.percent(change),
            ratio: ratio(base_value, value),
            delta_text: scale.label(change),
            depth,
            truncated: depth > max_depth,
            frames: ranks
                .skip(depth.saturating_sub(max_depth))
                .map(|bytes| self.frames.row_name(self.rows[rank(bytes)]))
                .collect(),
        }
    }
}

/// A path that differs.
struct Delta {
    /// Its number in [`Paths`].
    path: usize,
    status: Status,
    values: [f64; 2],
}

impl Delta {
    fn change(&self) -> f64 {
        self.values[1] - self.values[0]
    }
}

/// Compares the whole paths of `profile`, from root to leaf, with those of `base`. A path is the printed names of its
/// frames; whether one of them was inlined does not make another path.
///
/// # Errors
///
/// As [`super::filtered`]; no common sample type; no durations for a comparison per second.
pub fn diff_paths(base: &Profile, profile: &Profile, query: &DiffPathsQuery) -> Result<DiffPaths> {
    let pair = Pair::new(base, profile, &query.filters)?;
    let Sides {
        view,
        scale,
        mut compared,
    } = pair.filtered(&query.filters, query.normalize)?;
    let builder = GraphBuilder::new(&view, GraphOptions::plain(pair.values[1]));
    let frames = Frames::new(&builder);
    let paths = Paths::new(&frames, &by_stack(&view, pair.values)?)?;
    let deltas = (0..paths.weights.len()).filter_map(|path| paths.delta(path, &scale));
    let mut deltas: Vec<Delta> = deltas.filter(|delta| compared.count(delta.status)).collect();
    let (all, all_delta) = (deltas.len(), deltas.iter().map(Delta::change).sum::<f64>());
    let order = |l: &Delta, r: &Delta| {
        let larger = r.change().abs().total_cmp(&l.change().abs());
        larger.then_with(|| paths.key(l).cmp(paths.key(r)))
    };
    // Of many paths few are shown, and only those need to be in order.
    let end = query.offset.saturating_add(query.limit);
    if end < all {
        deltas.select_nth_unstable_by(end, order);
        deltas.truncate(end);
    }
    deltas.sort_unstable_by(order);
    let rows: Vec<PathDelta> = deltas
        .iter()
        .skip(query.offset)
        .map(|delta| paths.row(delta, &scale, query.max_depth))
        .collect();
    Ok(DiffPaths {
        compared,
        left_out: DiffLeftOut {
            rows: all - rows.len(),
            delta: all_delta - rows.iter().map(|row| row.delta).sum::<f64>(),
        },
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StringId;
    use crate::profile::ProfileBuilder;
    use crate::table::{Function, Line, Location, Mapping};

    /// One stack (leaf first) of functions in a binary that is loaded at `start`.
    fn profile(start: u64, drop_frames: &[u8], types: &[&[u8]], stack: &[&[u8]], values: &[i64]) -> Profile {
        let mut builder = ProfileBuilder::default();
        builder.header.drop_frames = builder.string(drop_frames);
        for name in types {
            let value_type = builder.value_type(name, b"count");
            builder.header.sample_types.push(value_type);
        }
        builder.header.default_sample_type = builder.header.sample_types[0].type_;
        let mapping = Mapping {
            start,
            limit: start + 0x1000,
            file: builder.string(b"/bin/x"),
            ..Mapping::default()
        };
        let mapping = Some(builder.mapping(mapping));
        let locations: Vec<_> = (1..)
            .zip(stack)
            .map(|(at, name)| {
                let name = builder.string(name);
                let function = builder.function(Function {
                    name,
                    ..Function::default()
                });
                let location = Location {
                    mapping,
                    address: start + 16 * at,
                    ..Location::default()
                };
                let line = Line {
                    function,
                    line: 7,
                    column: 0,
                };
                builder.location(location, &[line]).unwrap()
            })
            .collect();
        builder.sample(&locations, values, &mut []).unwrap();
        builder.finish()
    }

    fn compared(base: &Profile, profile: &Profile, granularity: &str) -> DiffPaths {
        let filters = Filters {
            granularity: granularity.to_owned(),
            ..Filters::default()
        };
        let query = DiffPathsQuery {
            filters,
            ..DiffPathsQuery::default()
        };
        diff_paths(base, profile, &query).unwrap()
    }

    const STACK: [&[u8]; 2] = [b"work", b"main"];

    #[test]
    fn a_binary_that_was_loaded_elsewhere_has_the_same_addresses() {
        let base = profile(0x40_0000, b"", &[b"cpu"], &STACK, &[3]);
        let other = profile(0x7f_0000, b"", &[b"cpu"], &STACK, &[5]);
        for granularity in ["addresses", "lines", "functions"] {
            let diff = compared(&base, &other, granularity);
            assert_eq!((diff.compared.changed, diff.rows.len()), (1, 1), "{granularity}");
            assert_eq!(diff.rows[0].delta.to_bits(), 2.0f64.to_bits());
        }
        let frames = &compared(&base, &other, "addresses").rows[0].frames;
        assert_eq!(frames, &["00000000007f0020 main :7", "00000000007f0010 work :7"]);
    }

    #[test]
    fn paths_through_binaries_that_print_alike_are_one() {
        let mut builder = ProfileBuilder::default();
        let cpu = builder.value_type(b"cpu", b"count");
        builder.header.sample_types.push(cpu);
        for (file, value) in [b"/a/x.so", b"/b/x.so"].into_iter().zip([3, 4]) {
            let file = builder.string(file);
            let mapping = Some(builder.mapping(Mapping {
                file,
                ..Mapping::default()
            }));
            let location = Location {
                mapping,
                ..Location::default()
            };
            let location = builder.location(location, &[]).unwrap();
            builder.sample(&[location], &[value], &mut []).unwrap();
        }
        let base = profile(0, b"", &[b"cpu"], &[], &[0]);
        let diff = compared(&base, &builder.finish(), "");
        assert_eq!((diff.compared.new, diff.rows.len()), (1, 1));
        assert_eq!(
            (diff.rows[0].frames.as_slice(), diff.rows[0].delta.to_bits()),
            (["[x.so]".to_owned()].as_slice(), 7.0f64.to_bits())
        );
    }

    #[test]
    fn each_side_drops_the_frames_it_asks_to_drop() {
        let base = profile(0x40_0000, b"work", &[b"cpu"], &STACK, &[3]);
        let other = profile(0x40_0000, b"", &[b"cpu"], &STACK, &[3]);
        let diff = compared(&base, &other, "functions");
        let mut found: Vec<_> = diff
            .rows
            .iter()
            .map(|row| (row.status, row.frames.join(" ")))
            .collect();
        found.sort_by(|l, r| l.1.cmp(&r.1));
        assert_eq!(
            found,
            [
                (Status::Gone, "main".to_owned()),
                (Status::New, "main work".to_owned())
            ]
        );
        assert_ne!(base.header.drop_frames, StringId::EMPTY);
    }

    #[test]
    fn both_sides_are_asked_for_the_default_type_of_the_profile() {
        let base = profile(0, b"", &[b"space", b"objects"], &STACK, &[100, 1]);
        let other = profile(0, b"", &[b"objects", b"space"], &STACK, &[2, 400]);
        let diff = compared(&base, &other, "functions");
        assert_eq!(diff.compared.sample_type.type_, "objects");
        let row = &diff.rows[0];
        assert_eq!(
            (row.base_value.to_bits(), row.value.to_bits()),
            (1.0f64.to_bits(), 2.0f64.to_bits())
        );
    }

    #[test]
    fn a_mean_is_divided_on_each_side_by_what_that_side_counted() {
        let base = profile(0, b"", &[b"count", b"delay"], &STACK, &[2, 10]);
        let other = profile(0, b"", &[b"count", b"delay"], &STACK, &[5, 40]);
        let filters = Filters {
            sample_index: "delay".to_owned(),
            mean: true,
            ..Filters::default()
        };
        let query = DiffPathsQuery {
            filters,
            ..DiffPathsQuery::default()
        };
        let diff = diff_paths(&base, &other, &query).unwrap();
        let row = &diff.rows[0];
        let expected = [5.0f64, 8.0, 3.0, 3.0].map(f64::to_bits);
        let found = [row.base_value, row.value, row.delta, diff.compared.delta_total].map(f64::to_bits);
        assert_eq!(found, expected);
    }
}
