//! The heaviest ways through the user's own code: each sample belongs to one at most.
//!
//! The caller marks functions as for [`super::groups()`] and says which stand for which: closures for the function that
//! they are written in. What is left of a stack then is the way through own code, root first, each function where it first
//! occurs, so that recursion of any depth is one step. A storyline follows the heaviest next step from the root until the work
//! is done there or spreads out. It takes all samples from the last step on at which there was a choice, and the next
//! storyline looks at what remains.

use super::groups::mark;
use super::query::{Filters, Prepared, SampleTypeName};
use super::stacks::{StackSum, prepare_frames, sums_by_stack};
use super::{Spot, text};
use crate::aggregate::clean_path;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{FunctionId, StackId, StringId};
use crate::interrupt;
use crate::profile::Profile;
use crate::table::Line;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// What to follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct StorylinesQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
    /// Storylines, at most.
    pub limit: usize,
    /// The least share of the total that a storyline has, 0 to 1.
    pub least: f64,
    /// A step is followed when it has at least this share of the one before, 0 to 1, and no less than ends there.
    pub dominance: f64,
    /// Lines named for a storyline, at most; and steps beyond its end.
    pub lines: usize,
}

impl Default for StorylinesQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            limit: 4,
            least: 0.01,
            dominance: 0.25,
            lines: 3,
        }
    }
}

/// A line of own code with what it counts.
#[derive(Debug, Clone, Serialize)]
pub struct HotLine {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// Samples of the storyline that pass here.
    pub value: i64,
}

/// A function on the way.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Row of the function that stands for it.
    pub function: u32,
    /// All samples that came this way so far, also those of other storylines.
    pub cum: i64,
    /// Its line that most samples of the storyline pass.
    pub line: Option<HotLine>,
    /// Whether it calls itself, through others or not, in a sample of the storyline.
    pub recursive: bool,
}

/// What samples of a storyline are at, in functions that own code called.
#[derive(Debug, Clone, Serialize)]
pub struct KindShare {
    /// The kind nearest to the leaf, of those below own code; 0 for none.
    pub kind: u8,
    /// Their values.
    pub value: i64,
}

/// A function that own code goes on to where a storyline ends.
#[derive(Debug, Clone, Serialize)]
pub struct NextStep {
    /// Row of the function that stands for it.
    pub function: u32,
    /// Its values.
    pub value: i64,
}

/// A way through own code.
#[derive(Debug, Clone, Serialize)]
pub struct Storyline {
    /// The functions, root first.
    pub steps: Vec<Step>,
    /// Values of its samples.
    pub value: i64,
    /// Of those, what own code does itself: it is at the leaf.
    pub flat: i64,
    /// Samples.
    pub samples: u64,
    /// Different stacks.
    pub stacks: usize,
    /// What is done on its behalf, heaviest first.
    pub kinds: Vec<KindShare>,
    /// The lines of own code nearest to the leaf, heaviest first.
    pub lines: Vec<HotLine>,
    /// Where own code goes on from its end, heaviest first.
    pub next: Vec<NextStep>,
}

/// The answer. Storylines are ordered by absolute value, then by the names on the way.
#[derive(Debug, Clone, Serialize)]
pub struct Storylines {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// Sum of the absolute values of all samples, before filters.
    pub total: i64,
    /// Samples after filters.
    pub samples: u64,
    /// Values of samples with own code.
    pub own: i64,
    /// Values of samples without.
    pub without_own: i64,
    /// Values with own code that are in no storyline here.
    pub left: i64,
    /// Storylines.
    pub storylines: Vec<Storyline>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// What tells lines of code apart: files may hold a function several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    function: StringId,
    file: StringId,
    line: i64,
}

/// A stack with own code in it.
struct Way {
    sum: StackSum,
    /// Where its steps lie among those of all.
    from: usize,
    to: usize,
    /// The line of own code nearest to the leaf.
    line: Place,
    is_leaf: bool,
    kind: u8,
}

struct Follower<'p, 'v> {
    prepared: &'v Prepared<'p>,
    marks: &'v [u16],
    folds: &'v [u32],
    query: &'v StorylinesQuery,
    ways: Vec<Way>,
    steps: Vec<u32>,
}

/// The heaviest by absolute value, equal ones by what `order` says.
fn ranked<K: Copy + Eq, O: Ord>(sums: FxHashMap<K, i64>, order: impl Fn(K) -> O) -> Vec<(K, i64)> {
    let mut sums: Vec<(K, i64)> = sums.into_iter().collect();
    sums.sort_by_cached_key(|&(key, value)| (std::cmp::Reverse(value.unsigned_abs()), order(key)));
    sums
}

impl Follower<'_, '_> {
    fn lines(&self, stack: StackId, into: &mut Vec<Option<Line>>) {
        let view = &self.prepared.view;
        into.clear();
        for location in view.stacks().frames(stack) {
            let lines = view.locations().lines(location);
            if lines.is_empty() {
                into.push(None);
            }
            into.extend(lines.iter().copied().map(Some));
        }
    }

    fn own(&self, line: Line) -> bool {
        self.marks[line.function.index()] & mark::OWN != 0
    }

    fn fold(&self, line: Line) -> u32 {
        self.folds[line.function.index()]
    }

    fn name(&self, fold: u32) -> &[u8] {
        let view = &self.prepared.view;
        let function = view.functions().get(FunctionId::from_index(fold as usize));
        view.strings().get(function.name)
    }

    fn place(&self, line: Line) -> Place {
        let function = self.prepared.view.functions().get(line.function);
        Place {
            function: function.name,
            file: function.filename,
            line: line.line,
        }
    }

    fn spot(&self, place: Place) -> Spot {
        let strings = self.prepared.view.strings();
        Spot {
            function: text(strings.get(place.function)),
            file: text(&clean_path(strings.get(place.file))),
            line: place.line,
        }
    }

    /// Reads the stacks; gives the samples, and the values of those without own code.
    fn read(&mut self) -> Result<(u64, i64)> {
        let sums = sums_by_stack(&self.prepared.view, self.prepared.value.undivided())?;
        let (mut samples, mut without) = (0, 0i64);
        let mut frames = Vec::new();
        let mut passed = vec![usize::MAX; self.folds.len()];
        for (number, sum) in sums.into_iter().enumerate() {
            interrupt::check_at(number)?;
            samples += sum.samples;
            self.lines(sum.stack, &mut frames);
            let nearest = frames
                .iter()
                .enumerate()
                .find_map(|(at, line)| line.filter(|&line| self.own(line)).map(|line| (at, line)));
            let Some((at, line)) = nearest else {
                without = without.wrapping_add(sum.value);
                continue;
            };
            let below = frames[..at].iter().flatten();
            let kinds = below.map(|line| self.marks[line.function.index()] as u8);
            let from = self.steps.len();
            for &line in frames.iter().rev().flatten() {
                let fold = self.fold(line);
                if self.own(line) && std::mem::replace(&mut passed[fold as usize], number) != number {
                    self.steps.push(fold);
                }
            }
            self.ways.push(Way {
                sum,
                from,
                to: self.steps.len(),
                line: self.place(line),
                is_leaf: at == 0,
                kind: kinds.into_iter().find(|&kind| kind != 0).unwrap_or(0),
            });
        }
        Ok((samples, without))
    }

    fn step(&self, way: usize, depth: usize) -> Option<u32> {
        let way = &self.ways[way];
        self.steps[way.from..way.to].get(depth).copied()
    }

    fn sum(&self, ways: &[usize]) -> i64 {
        ways.iter()
            .fold(0, |sum, &way| self.ways[way].sum.value.wrapping_add(sum))
    }

    /// The values by the step at a depth, heaviest first, and of what has ended before it.
    fn split(&self, ways: &[usize], depth: usize) -> (Vec<(u32, i64)>, i64) {
        let (mut sums, mut ended): (FxHashMap<u32, i64>, i64) = (FxHashMap::default(), 0);
        for &way in ways {
            let into = match self.step(way, depth) {
                Some(step) => sums.entry(step).or_default(),
                None => &mut ended,
            };
            *into = into.wrapping_add(self.ways[way].sum.value);
        }
        (ranked(sums, |step| (self.name(step), step)), ended)
    }

    /// The heaviest storyline among ways, none when nothing weighs enough; and what it takes.
    fn follow(&self, free: &[usize], least: u64) -> Result<Option<(Storyline, Vec<usize>)>> {
        let mut members = free.to_vec();
        let mut all: Vec<usize> = (0..self.ways.len()).collect();
        let mut way: Vec<(u32, i64)> = Vec::new();
        // The step from which on there is one way only: its function and what it calls are one story.
        let mut anchor = 0;
        loop {
            interrupt::check()?;
            let depth = way.len();
            let (next, ended) = self.split(&members, depth);
            let Some(&(step, value)) = next.first() else {
                break;
            };
            let (whole, weight) = (self.sum(&members).unsigned_abs() as f64, value.unsigned_abs());
            let leads = weight >= ended.unsigned_abs() && weight as f64 >= whole * self.query.dominance;
            if weight == 0 || weight < least || (depth > 0 && !leads) {
                break;
            }
            let (others, _) = self.split(&all, depth);
            let beside: u64 = others
                .iter()
                .filter(|other| other.0 != step)
                .map(|other| other.1.unsigned_abs())
                .sum();
            if depth == 0 || beside >= least.max(1) {
                anchor = depth;
            }
            members.retain(|&member| self.step(member, depth) == Some(step));
            all.retain(|&member| self.step(member, depth) == Some(step));
            way.push((step, self.sum(&all)));
        }
        if way.is_empty() {
            return Ok(None);
        }
        let start = &way[..=anchor];
        let is_here =
            |&at: &usize| (0..start.len()).all(|depth| self.step(at, depth) == Some(start[depth].0));
        let taken: Vec<usize> = free.iter().copied().filter(is_here).collect();
        Ok(Some((self.tell(&way, &taken, &members), taken)))
    }

    fn hot(&self, sums: FxHashMap<Place, i64>) -> Vec<HotLine> {
        let order = |place: Place| {
            let spot = self.spot(place);
            (spot.function, spot.file, spot.line, place)
        };
        let found = ranked(sums, order).into_iter();
        found
            .map(|(place, value)| HotLine {
                spot: self.spot(place),
                value,
            })
            .collect()
    }

    fn tell(&self, way: &[(u32, i64)], members: &[usize], at_end: &[usize]) -> Storyline {
        let (mut kinds, mut lines): (FxHashMap<u8, i64>, FxHashMap<Place, i64>) = Default::default();
        let mut by_step: FxHashMap<u32, FxHashMap<Place, i64>> = way
            .iter()
            .map(|&(step, _)| (step, FxHashMap::default()))
            .collect();
        let mut recursive: FxHashSet<u32> = FxHashSet::default();
        let (mut flat, mut samples) = (0i64, 0);
        let (mut frames, mut seen, mut passed) = (Vec::new(), FxHashSet::default(), FxHashSet::default());
        for &member in members {
            let member = &self.ways[member];
            samples += member.sum.samples;
            if member.is_leaf {
                flat = flat.wrapping_add(member.sum.value);
            }
            for sum in [
                kinds.entry(member.kind).or_default(),
                lines.entry(member.line).or_default(),
            ] {
                *sum = sum.wrapping_add(member.sum.value);
            }
            self.lines(member.sum.stack, &mut frames);
            seen.clear();
            passed.clear();
            let mut last = None;
            for line in frames.iter().rev().flatten().copied() {
                if !self.own(line) {
                    continue;
                }
                let step = self.fold(line);
                // A closure that its own function calls is no recursion; coming back after something else, or to itself, is.
                if !passed.insert(self.place(line).function) || (last != Some(step) && seen.contains(&step)) {
                    recursive.insert(step);
                }
                seen.insert(step);
                last = Some(step);
            }
            let mut counted: FxHashSet<Place> = FxHashSet::default();
            for &line in frames.iter().flatten() {
                if let (true, Some(sums)) = (self.own(line), by_step.get_mut(&self.fold(line)))
                    && counted.insert(self.place(line))
                {
                    let sum = sums.entry(self.place(line)).or_default();
                    *sum = sum.wrapping_add(member.sum.value);
                }
            }
        }
        let mut lines = self.hot(lines);
        lines.truncate(self.query.lines);
        let (mut next, _) = self.split(at_end, way.len());
        next.truncate(self.query.lines);
        Storyline {
            steps: way
                .iter()
                .map(|&(function, cum)| Step {
                    function,
                    cum,
                    line: by_step
                        .remove(&function)
                        .and_then(|sums| self.hot(sums).into_iter().next()),
                    recursive: recursive.contains(&function),
                })
                .collect(),
            value: self.sum(members),
            flat,
            samples,
            stacks: members.len(),
            kinds: ranked(kinds, |kind| kind)
                .into_iter()
                .map(|(kind, value)| KindShare { kind, value })
                .collect(),
            lines,
            next: next
                .into_iter()
                .map(|(function, value)| NextStep { function, value })
                .collect(),
        }
    }
}

/// The heaviest ways through own code. `marks` and `folds` have an entry for each function, in the order of
/// [`super::functions()`] under the same filters; a fold is the row of the function that stands for it, itself or another.
///
/// # Errors
///
/// As [`super::filtered`]; marks or folds of another profile.
pub fn storylines(
    profile: &Profile,
    query: &StorylinesQuery,
    marks: &[u16],
    folds: &[u32],
) -> Result<Storylines> {
    let prepared = prepare_frames(profile, &query.filters)?;
    let functions = prepared.view.functions().len();
    let strange = folds.iter().any(|&fold| fold as usize >= functions);
    if marks.len() != functions || folds.len() != functions || strange {
        return Err(Error::new(ErrorKind::InvalidArgument {
            argument: "marks",
            detail: format!(
                "{} marks and {} folds for {functions} functions",
                marks.len(),
                folds.len()
            ),
        }));
    }
    let mut follower = Follower {
        prepared: &prepared,
        marks,
        folds,
        query,
        ways: Vec::new(),
        steps: Vec::new(),
    };
    let (samples, without_own) = follower.read()?;
    let mut free: Vec<usize> = (0..follower.ways.len()).collect();
    let own = follower.sum(&free);
    let least = (prepared.total as f64 * query.least).ceil() as u64;
    let mut found = Vec::new();
    while found.len() < query.limit
        && let Some((storyline, taken)) = follower.follow(&free, least)?
    {
        let taken: FxHashSet<usize> = taken.into_iter().collect();
        free.retain(|way| !taken.contains(way));
        found.push(storyline);
    }
    let left = follower.sum(&free);
    found.sort_by_cached_key(|one| {
        let names: Vec<_> = one
            .steps
            .iter()
            .map(|step| follower.name(step.function))
            .collect();
        (std::cmp::Reverse(one.value.unsigned_abs()), names)
    });
    Ok(Storylines {
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        samples,
        own,
        without_own,
        left,
        storylines: found,
        warnings: prepared.warnings.clone(),
    })
}

#[cfg(test)]
mod tests;
