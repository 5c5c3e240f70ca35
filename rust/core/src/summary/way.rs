//! The heaviest way through a function, and what each step of it costs by line.

use super::lines::LineRow;
use super::query::{Filters, Prepared, SampleTypeName};
use super::stacks::{StackSum, Sum, lines_of, matches, prepare_frames, sums_by_stack};
use super::{percent, text};
use crate::aggregate::clean_path;
use crate::error::Result;
use crate::ids::{FunctionId, StringId};
use crate::interrupt;
use crate::pattern::Pattern;
use crate::profile::Profile;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to follow.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WayQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
    /// Which functions, by name.
    pub function: String,
}

/// A step of the way.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Function.
    pub function: String,
    /// Source file, cleaned; empty when unknown.
    pub file: String,
    /// Whether its name matches.
    pub is_target: bool,
    /// How often it stands here in a row: more than once where it calls itself.
    pub calls: usize,
    /// Samples through the target whose leaf is in it.
    pub flat: i64,
    /// Samples through the target that it is in, each counted once.
    pub cum: i64,
    /// `flat` in percent of the total.
    pub flat_pct: f64,
    /// `cum` in percent of the total.
    pub cum_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
    /// `cum` with its unit.
    pub cum_text: String,
    /// Its lines in those samples, ascending.
    pub lines: Vec<LineRow>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Way {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// Samples through any of the functions, each counted once.
    pub matched: i64,
    /// `matched` in percent of the total.
    pub matched_pct: f64,
    /// Names that match, in byte order.
    pub functions: Vec<String>,
    /// Samples that go this way to its end.
    pub value: i64,
    /// `value` in percent of `matched`.
    pub pct_of_matched: f64,
    /// The steps, root first.
    pub steps: Vec<Step>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// What tells functions apart: two of one name in two files are two.
type Key = (StringId, StringId);

/// A matching stack, root first, calls of itself folded, with how often each was called in a row.
struct Walk {
    steps: Vec<(Key, usize)>,
    /// Position of the first step that matches.
    target: usize,
    sum: StackSum,
}

struct Walks {
    stacks: Vec<Walk>,
    matched: i64,
    names: BTreeSet<String>,
}

fn walk(prepared: &Prepared<'_>, pattern: &Pattern) -> Result<Walks> {
    let view = &prepared.view;
    let functions = view.functions();
    let matches = matches(view, pattern);
    let mut found = Walks {
        stacks: Vec::new(),
        matched: 0,
        names: BTreeSet::new(),
    };
    let mut frames: Vec<FunctionId> = Vec::new();
    for (number, sum) in sums_by_stack(view, prepared.value)?.into_iter().enumerate() {
        interrupt::check_at(number)?;
        frames.clear();
        frames.extend(lines_of(view, sum.stack).map(|(line, _)| line.function));
        frames.reverse();
        if !frames.iter().any(|function| matches[function.index()]) {
            continue;
        }
        let mut steps: Vec<(Key, usize)> = Vec::with_capacity(frames.len());
        let mut target = None;
        for &id in &frames {
            let function = functions.get(id);
            let key = (function.name, function.filename);
            match steps.last_mut() {
                Some((last, calls)) if *last == key => *calls += 1,
                _ => steps.push((key, 1)),
            }
            if matches[id.index()] {
                target.get_or_insert(steps.len() - 1);
                if found.names.len() < NAMES {
                    found.names.insert(text(view.strings().get(function.name)));
                }
            }
        }
        found.matched = found.matched.wrapping_add(sum.value);
        found.stacks.push(Walk {
            steps,
            target: target.unwrap_or(0),
            sum,
        });
    }
    Ok(found)
}

/// Names that are collected, at most. Chosen.
const NAMES: usize = 1_000;

/// The heaviest of some keys; equal ones by their words.
fn heaviest<K: std::hash::Hash + Eq + Clone, W: Ord>(
    sums: FxHashMap<K, i64>,
    words: impl Fn(&K) -> W,
) -> Option<(K, i64)> {
    sums.into_iter().max_by(|(left, l), (right, r)| {
        l.unsigned_abs()
            .cmp(&r.unsigned_abs())
            .then_with(|| words(right).cmp(&words(left)))
    })
}

/// The heaviest way from the root to the function, and from there on always to the heaviest callee, as long as more goes there
/// than stays.
fn follow(found: &Walks, words: impl Fn(Key) -> (Vec<u8>, Vec<u8>)) -> (Vec<(Key, usize)>, i64) {
    let keys = |steps: &[(Key, usize)]| -> Vec<Key> { steps.iter().map(|step| step.0).collect() };
    let mut above: FxHashMap<Vec<Key>, i64> = FxHashMap::default();
    for walk in &found.stacks {
        let sum = above.entry(keys(&walk.steps[..=walk.target])).or_default();
        *sum = sum.wrapping_add(walk.sum.value);
    }
    let ways = |way: &Vec<Key>| way.iter().map(|&key| words(key)).collect::<Vec<_>>();
    let Some((mut way, _)) = heaviest(above, ways) else {
        return (Vec::new(), 0);
    };
    let mut on: Vec<&Walk> = found
        .stacks
        .iter()
        .filter(|walk| keys(&walk.steps[..=walk.target]) == way)
        .collect();
    loop {
        let mut next: FxHashMap<Option<Key>, i64> = FxHashMap::default();
        for walk in &on {
            let sum = next
                .entry(walk.steps.get(way.len()).map(|step| step.0))
                .or_default();
            *sum = sum.wrapping_add(walk.sum.value);
        }
        let Some((Some(key), _)) = heaviest(next, |key| key.map(&words)) else {
            break;
        };
        on.retain(|walk| walk.steps.get(way.len()).is_some_and(|step| step.0 == key));
        way.push(key);
    }
    let value = on.iter().fold(0i64, |sum, walk| sum.wrapping_add(walk.sum.value));
    let steps = (0..way.len())
        .map(|at| {
            let calls = on.iter().map(|walk| walk.steps[at].1).max().unwrap_or(1);
            (way[at], calls)
        })
        .collect();
    (steps, value)
}

/// The way, with the costs of its functions in all samples through the target.
///
/// # Errors
///
/// As [`super::filtered`]; an expression that does not compile.
pub fn way(profile: &Profile, query: &WayQuery) -> Result<Way> {
    let pattern = Pattern::new("function", &query.function)?;
    let prepared = prepare_frames(profile, &query.filters)?;
    let view = &prepared.view;
    let found = walk(&prepared, &pattern)?;
    let words = |(name, file): Key| {
        let strings = view.strings();
        (strings.get(name).to_vec(), strings.get(file).to_vec())
    };
    let (steps, value) = follow(&found, words);
    let mut sums: FxHashMap<Key, (Sum, FxHashMap<i64, Sum>)> = steps
        .iter()
        .map(|(key, _)| (*key, (Sum::NONE, FxHashMap::default())))
        .collect();
    for (number, walk) in found.stacks.iter().enumerate() {
        interrupt::check_at(number)?;
        for (line, is_leaf) in lines_of(view, walk.sum.stack) {
            let function = view.functions().get(line.function);
            if let Some((sum, lines)) = sums.get_mut(&(function.name, function.filename)) {
                sum.pass(walk.sum, is_leaf);
                let of_line = lines.entry(line.line).or_insert(Sum::NONE);
                of_line.pass(walk.sum, is_leaf);
            }
        }
    }
    let total = prepared.total as f64;
    let step = |&((name, file), calls): &(Key, usize)| {
        let (sum, lines) = &sums[&(name, file)];
        let name = view.strings().get(name);
        Step {
            function: text(name),
            file: text(&clean_path(view.strings().get(file))),
            is_target: pattern.is_match(name),
            calls,
            flat: sum.flat,
            cum: sum.cum,
            flat_pct: percent(sum.flat as f64, total),
            cum_pct: percent(sum.cum as f64, total),
            flat_text: prepared.label(sum.flat),
            cum_text: prepared.label(sum.cum),
            lines: LineRow::all(lines, &prepared),
        }
    };
    let mut warnings = prepared.warnings.clone();
    if found.stacks.is_empty() && !profile.samples.is_empty() {
        warnings.push("function matched nothing".to_owned());
    }
    Ok(Way {
        unit: prepared.sample_type.unit.clone(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        matched: found.matched,
        matched_pct: percent(found.matched as f64, total),
        functions: found.names.into_iter().collect(),
        value,
        pct_of_matched: percent(value as f64, found.matched as f64),
        steps: steps.iter().map(step).collect(),
        warnings,
    })
}
