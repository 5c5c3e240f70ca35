//! What a compiler that optimises by profile gets out of a profile: the measure of Go's `-pgo`.
//!
//! Go's compiler (`internal/profile`, `cmd/internal/pgo`) reads calls: caller, callee, and the line of the call counted from
//! the line where the caller starts. It looks at the two innermost locations of a stack with all that was inlined there, and
//! no further: what called them is no measure of how often they are called. A frame without a name, a line or a start line
//! says nothing to it.

use super::query::{Filters, SampleTypeName};
use super::stacks::prepare_frames;
use crate::error::Result;
use crate::ids::{StackId, StringId};
use crate::interrupt;
use crate::profile::Profile;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Percent of the weight of all calls that hot ones make together: `inlineCDFHotCallSiteThresholdPercent` of Go's
/// `cmd/compile/internal/inline`.
const HOT_PERCENT: u128 = 99;

/// Innermost locations that the compiler reads: `NewGraph` of Go's `internal/profile`.
const READ_LOCATIONS: usize = 2;

/// What to look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PgoQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
}

/// The answer. Weights are sums of absolute values of the sample type.
#[derive(Debug, Clone, Serialize)]
pub struct PgoFit {
    /// What weights count.
    pub sample_type: SampleTypeName,
    /// Samples.
    pub samples: usize,
    /// Different stacks.
    pub stacks: usize,
    /// Weight of everything.
    pub total: u64,
    /// Weight of samples whose leaf has a function.
    pub leaf_named: u64,
    /// Weight of samples whose leaf has a function, a line and the line where the function starts.
    pub leaf_placed: u64,
    /// Weight of the calls that are read.
    pub call_weight: u64,
    /// Weight of the calls whose caller has a name, a line and a start line, and whose callee has a name.
    pub usable_call_weight: u64,
    /// Different usable calls.
    pub calls: usize,
    /// How many of them, heaviest first, make [`HOT_PERCENT`] of the usable weight.
    pub hot_calls: usize,
    /// Functions that have a start line.
    pub functions_with_start: usize,
    /// Functions.
    pub functions: usize,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// A call as the compiler knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Call {
    caller: StringId,
    callee: StringId,
    offset: i64,
}

/// A frame, as far as the compiler tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    address: u64,
    /// Empty without a function.
    name: StringId,
    line: i64,
    start_line: i64,
}

impl Node {
    fn is_named(self) -> bool {
        !self.name.is_empty()
    }

    fn is_placed(self) -> bool {
        self.is_named() && self.line > 0 && self.start_line > 0
    }
}

/// How much of a profile a compiler can use.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn pgo(profile: &Profile, query: &PgoQuery) -> Result<PgoFit> {
    let prepared = prepare_frames(profile, &query.filters)?;
    let view = &prepared.view;
    let column = &view.values()[prepared.value.index];
    let mut weights: FxHashMap<StackId, u64> = FxHashMap::default();
    let mut samples = 0;
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let weight = weights.entry(sample.stack).or_default();
        *weight = weight.saturating_add(column[sample.row as usize].unsigned_abs());
        samples += 1;
    }
    let functions = view.functions();
    let mut fit = PgoFit {
        sample_type: prepared.sample_type.clone(),
        samples,
        stacks: weights.len(),
        total: 0,
        leaf_named: 0,
        leaf_placed: 0,
        call_weight: 0,
        usable_call_weight: 0,
        calls: 0,
        hot_calls: 0,
        functions_with_start: functions.start_line.iter().filter(|&&line| line > 0).count(),
        functions: functions.len(),
        warnings: prepared.warnings.clone(),
    };
    let mut calls: FxHashMap<Call, u64> = FxHashMap::default();
    let mut frames: Vec<Node> = Vec::new();
    let mut seen: Vec<(Node, Node)> = Vec::new();
    // Sums do not depend on the order in which stacks are walked.
    for (number, (&stack, &weight)) in weights.iter().enumerate() {
        interrupt::check_at(number)?;
        frames.clear();
        for location in view.stacks().frames(stack).take(READ_LOCATIONS) {
            let address = view.locations().get(location).address;
            let lines = view.locations().lines(location);
            if lines.is_empty() {
                frames.push(Node {
                    address,
                    name: StringId::EMPTY,
                    line: 0,
                    start_line: 0,
                });
            }
            frames.extend(lines.iter().map(|line| {
                let function = functions.get(line.function);
                Node {
                    address,
                    name: function.name,
                    line: line.line,
                    start_line: function.start_line,
                }
            }));
        }
        fit.total = fit.total.saturating_add(weight);
        if let Some(leaf) = frames.first() {
            fit.leaf_named += if leaf.is_named() { weight } else { 0 };
            fit.leaf_placed += if leaf.is_placed() { weight } else { 0 };
        }
        seen.clear();
        for pair in frames.windows(2) {
            let (callee, caller) = (pair[0], pair[1]);
            if callee == caller || seen.contains(&(callee, caller)) {
                continue;
            }
            seen.push((callee, caller));
            fit.call_weight = fit.call_weight.saturating_add(weight);
            if !callee.is_named() || !caller.is_placed() {
                continue;
            }
            let call = Call {
                caller: caller.name,
                callee: callee.name,
                offset: caller.line - caller.start_line,
            };
            *calls.entry(call).or_default() += weight;
            fit.usable_call_weight = fit.usable_call_weight.saturating_add(weight);
        }
    }
    fit.calls = calls.len();
    fit.hot_calls = hot(calls.into_values().collect());
    Ok(fit)
}

/// How many of the heaviest make [`HOT_PERCENT`] of all.
fn hot(mut weights: Vec<u64>) -> usize {
    weights.sort_unstable_by(|left, right| right.cmp(left));
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let mut sum = 0u128;
    weights
        .iter()
        .take_while(|&&weight| {
            let goes_on = sum * 100 < total * HOT_PERCENT;
            sum += u128::from(weight);
            goes_on
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::LocationId;
    use crate::profile::ProfileBuilder;
    use crate::table::{Function, Line, Location};

    /// Name, line and start line.
    type Place = (&'static str, i64, i64);

    /// Stacks, leaf first, with a value each.
    fn profile(stacks: &[(&[Place], i64)]) -> Profile {
        let mut builder = ProfileBuilder::default();
        let value_type = builder.value_type(b"samples", b"count");
        builder.header.sample_types.push(value_type);
        for (stack, value) in stacks {
            let locations: Vec<LocationId> = stack
                .iter()
                .map(|&(name, line, start_line)| {
                    let name = builder.string(name.as_bytes());
                    let function = builder.function(Function {
                        name,
                        start_line,
                        ..Function::default()
                    });
                    let line = Line {
                        function,
                        line,
                        column: 0,
                    };
                    let lines: &[Line] = if name.is_empty() { &[] } else { &[line] };
                    builder.location(Location::default(), lines).unwrap()
                })
                .collect();
            builder.sample(&locations, &[*value], &mut []).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn only_calls_with_names_and_places_count_and_hot_ones_are_told() {
        let profile = profile(&[
            (&[("leaf", 12, 10), ("mid", 25, 20), ("main", 3, 1)], 990),
            (&[("other", 0, 40), ("mid", 26, 20), ("main", 3, 1)], 8),
            (&[("", 0, 0), ("main", 4, 1)], 2),
        ]);
        let fit = pgo(&profile, &PgoQuery::default()).unwrap();
        assert_eq!((fit.total, fit.leaf_named, fit.leaf_placed), (1000, 998, 990));
        // mid -> leaf (990) and mid -> other (8); main -> mid is too far from the leaf to be read.
        assert_eq!((fit.call_weight, fit.usable_call_weight), (1000, 998));
        assert_eq!((fit.calls, fit.hot_calls), (2, 1));
        assert_eq!((fit.samples, fit.stacks), (3, 3));
    }

    #[test]
    fn a_call_of_itself_at_one_place_is_none_and_nothing_gives_zeros() {
        let deep = profile(&[
            (&[("f", 5, 1), ("f", 5, 1), ("f", 5, 1)], 7),
            (&[("f", 6, 1), ("f", 5, 1)], 2),
        ]);
        let fit = pgo(&deep, &PgoQuery::default()).unwrap();
        assert_eq!((fit.calls, fit.hot_calls, fit.usable_call_weight), (1, 1, 2));
        let empty = pgo(&profile(&[]), &PgoQuery::default()).unwrap();
        assert_eq!((empty.total, empty.calls, empty.hot_calls), (0, 0, 0));
    }
}
