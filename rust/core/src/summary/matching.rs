//! What the functions that patterns match cost: one at a time, and together.

use super::query::{Filters, Prepared, SampleTypeName};
use super::stacks::{Sum, lines_of, prepare_frames, sums_by_stack};
use super::{percent, text};
use crate::aggregate::clean_path;
use crate::error::Result;
use crate::ids::{FunctionId, StringId};
use crate::interrupt;
use crate::pattern::Pattern;
use crate::profile::Profile;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// What to sum.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MatchingQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
    /// Which functions, by name; one answer each.
    pub patterns: Vec<String>,
    /// Functions named for each pattern, at most.
    pub limit: usize,
}

/// A function; those of one name are one.
#[derive(Debug, Clone, Serialize)]
pub struct MatchedFunction {
    /// Name.
    pub name: String,
    /// Source file, cleaned; empty when unknown, or when functions of this name are in several.
    pub file: String,
    /// Samples whose leaf is in it.
    pub flat: i64,
    /// Samples that it is in, each counted once.
    pub cum: i64,
    /// `flat` in percent of the total.
    pub flat_pct: f64,
    /// `cum` in percent of the total.
    pub cum_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
    /// `cum` with its unit.
    pub cum_text: String,
}

/// All functions that one pattern matches.
#[derive(Debug, Clone, Serialize)]
pub struct MatchedTogether {
    /// Samples whose leaf is in one of them.
    pub flat: i64,
    /// Samples that any of them is in, each counted once.
    pub cum: i64,
    /// The largest flat of one of them.
    pub largest_flat: i64,
    /// The largest cum of one of them.
    pub largest_cum: i64,
    /// How many there are, by name, with samples or without.
    pub function_count: usize,
    /// The largest cum first, then flat, then by name.
    pub functions: Vec<MatchedFunction>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Matching {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// In the order of the patterns.
    pub patterns: Vec<MatchedTogether>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// What is known of a name that a pattern matches.
struct Named {
    name: StringId,
    file: Option<StringId>,
    /// The patterns that match, by number.
    patterns: Vec<usize>,
    sum: Sum,
}

/// Flat and cum of the functions that each pattern matches; samples are in each sum once, however many of the functions
/// they are in.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn matching(profile: &Profile, query: &MatchingQuery) -> Result<Matching> {
    let patterns = query
        .patterns
        .iter()
        .map(|source| Pattern::new("function", source))
        .collect::<Result<Vec<_>>>()?;
    let prepared = prepare_frames(profile, &query.filters)?;
    let (mut named, rows) = named(&prepared, &patterns)?;
    let together = walk(&prepared, &mut named, &rows, patterns.len())?;
    let answers = together
        .iter()
        .enumerate()
        .map(|(number, sum)| told(&prepared, &named, number, *sum, query.limit))
        .collect();
    Ok(Matching {
        unit: prepared.sample_type.unit.clone(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        patterns: answers,
        warnings: prepared.warnings,
    })
}

/// The names that match, and for each row of the function table which of them it has.
fn named(prepared: &Prepared<'_>, patterns: &[Pattern]) -> Result<(Vec<Named>, Vec<Option<usize>>)> {
    let view = &prepared.view;
    let (functions, strings) = (view.functions(), view.strings());
    let mut known: FxHashMap<StringId, Option<usize>> = FxHashMap::default();
    let mut named: Vec<Named> = Vec::new();
    let mut rows = Vec::with_capacity(functions.len());
    for row in 0..functions.len() {
        interrupt::check_at(row)?;
        let function = functions.get(FunctionId::from_index(row));
        let found = *known.entry(function.name).or_insert_with(|| {
            let name = strings.get(function.name);
            let matching: Vec<usize> = (0..patterns.len())
                .filter(|&number| patterns[number].is_match(name))
                .collect();
            (!matching.is_empty()).then(|| {
                named.push(Named {
                    name: function.name,
                    file: Some(function.filename),
                    patterns: matching,
                    sum: Sum::NONE,
                });
                named.len() - 1
            })
        });
        if let Some(at) = found
            && named[at].file != Some(function.filename)
        {
            named[at].file = None;
        }
        rows.push(found);
    }
    Ok((named, rows))
}

/// Sums by name and, as the result, by pattern.
fn walk(
    prepared: &Prepared<'_>,
    named: &mut [Named],
    rows: &[Option<usize>],
    patterns: usize,
) -> Result<Vec<Sum>> {
    let view = &prepared.view;
    let mut together = vec![Sum::NONE; patterns];
    let sums = sums_by_stack(view, prepared.value.undivided())?;
    for (number, &sum) in sums.iter().enumerate() {
        interrupt::check_at(number)?;
        for (line, is_leaf) in lines_of(view, sum.stack) {
            let Some(at) = rows[line.function.index()] else {
                continue;
            };
            let one = &mut named[at];
            one.sum.pass(sum, is_leaf);
            for &pattern in &one.patterns {
                together[pattern].pass(sum, is_leaf);
            }
        }
    }
    Ok(together)
}

fn told(prepared: &Prepared<'_>, named: &[Named], pattern: usize, sum: Sum, limit: usize) -> MatchedTogether {
    let strings = prepared.view.strings();
    let total = prepared.total as f64;
    let mut mine: Vec<&Named> = named
        .iter()
        .filter(|one| one.patterns.contains(&pattern))
        .collect();
    mine.sort_by_key(|one| {
        let name = strings.get(one.name);
        (
            Reverse(one.sum.cum.unsigned_abs()),
            Reverse(one.sum.flat.unsigned_abs()),
            name,
        )
    });
    let functions = mine.iter().take(limit).map(|one| MatchedFunction {
        name: text(strings.get(one.name)),
        file: one
            .file
            .map_or_else(String::new, |file| text(&clean_path(strings.get(file)))),
        flat: one.sum.flat,
        cum: one.sum.cum,
        flat_pct: percent(one.sum.flat as f64, total),
        cum_pct: percent(one.sum.cum as f64, total),
        flat_text: prepared.label(one.sum.flat),
        cum_text: prepared.label(one.sum.cum),
    });
    MatchedTogether {
        flat: sum.flat,
        cum: sum.cum,
        largest_flat: mine.iter().map(|one| one.sum.flat).max().unwrap_or(0),
        largest_cum: mine.iter().map(|one| one.sum.cum).max().unwrap_or(0),
        function_count: mine.len(),
        functions: functions.collect(),
    }
}
