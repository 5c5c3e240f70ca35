//! What each line of some functions costs.

use super::query::{Filters, Prepared, SampleTypeName};
use super::stacks::{Sum, lines_of, matches, prepare_frames, sums_by_stack};
use super::{percent, text};
use crate::aggregate::clean_path;
use crate::error::Result;
use crate::ids::StringId;
use crate::interrupt;
use crate::pattern::Pattern;
use crate::profile::Profile;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What to list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LinesQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
    /// Which functions, by name.
    pub function: String,
}

/// A line.
#[derive(Debug, Clone, Serialize)]
pub struct LineRow {
    /// Its number; 0 when the profile does not say it.
    pub line: i64,
    /// Samples whose leaf is here.
    pub flat: i64,
    /// Samples that pass here, each counted once.
    pub cum: i64,
    /// `flat` in percent of the total.
    pub flat_pct: f64,
    /// `cum` in percent of the total.
    pub cum_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
    /// `cum` with its unit.
    pub cum_text: String,
    /// Samples that pass here, however much each counts.
    pub samples: u64,
}

impl LineRow {
    /// All lines of a function, ascending.
    pub(super) fn all(sums: &FxHashMap<i64, Sum>, prepared: &Prepared<'_>) -> Vec<Self> {
        let total = prepared.total as f64;
        let mut lines: Vec<Self> = sums
            .iter()
            .map(|(&line, sum)| Self {
                line,
                flat: sum.flat,
                cum: sum.cum,
                flat_pct: percent(sum.flat as f64, total),
                cum_pct: percent(sum.cum as f64, total),
                flat_text: prepared.label(sum.flat),
                cum_text: prepared.label(sum.cum),
                samples: sum.samples,
            })
            .collect();
        lines.sort_unstable_by_key(|line| line.line);
        lines
    }
}

/// A function with its lines.
#[derive(Debug, Clone, Serialize)]
pub struct ListedFunction {
    /// Name.
    pub function: String,
    /// Source file as the profile has it, cleaned; empty when unknown.
    pub file: String,
    /// Where it starts; 0 when unknown.
    pub start_line: i64,
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
    /// Samples that it is in, however much each counts.
    pub samples: u64,
    /// Lines with samples, ascending.
    pub lines: Vec<LineRow>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Lines {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// Samples that any of the functions is in, each counted once.
    pub matched: i64,
    /// `matched` in percent of the total.
    pub matched_pct: f64,
    /// The functions, the largest cum first.
    pub functions: Vec<ListedFunction>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// What tells functions apart: two of one name in two files are two.
type Key = (StringId, StringId);

#[derive(Debug)]
struct Found {
    start_line: i64,
    sum: Sum,
    lines: FxHashMap<i64, Sum>,
}

/// Costs by line of every function whose name matches.
///
/// # Errors
///
/// As [`super::filtered`]; an expression that does not compile.
pub fn lines(profile: &Profile, query: &LinesQuery) -> Result<Lines> {
    let pattern = Pattern::new("function", &query.function)?;
    let prepared = prepare_frames(profile, &query.filters)?;
    let view = &prepared.view;
    let functions = view.functions();
    let matches = matches(view, &pattern);
    let mut found: FxHashMap<Key, Found> = FxHashMap::default();
    let mut matched = 0i64;
    for (number, &sum) in sums_by_stack(view, prepared.value)?.iter().enumerate() {
        interrupt::check_at(number)?;
        let mut is_matched = false;
        for (line, is_leaf) in lines_of(view, sum.stack) {
            if !matches[line.function.index()] {
                continue;
            }
            is_matched = true;
            let function = functions.get(line.function);
            let entry = found
                .entry((function.name, function.filename))
                .or_insert_with(|| Found {
                    start_line: function.start_line,
                    sum: Sum::NONE,
                    lines: FxHashMap::default(),
                });
            entry.sum.pass(sum, is_leaf);
            let of_line = entry.lines.entry(line.line).or_insert(Sum::NONE);
            of_line.pass(sum, is_leaf);
        }
        if is_matched {
            matched = matched.wrapping_add(sum.value);
        }
    }
    let total = prepared.total as f64;
    let mut listed: Vec<ListedFunction> = found
        .into_iter()
        .map(|((name, file), found)| ListedFunction {
            function: text(view.strings().get(name)),
            file: text(&clean_path(view.strings().get(file))),
            start_line: found.start_line,
            flat: found.sum.flat,
            cum: found.sum.cum,
            flat_pct: percent(found.sum.flat as f64, total),
            cum_pct: percent(found.sum.cum as f64, total),
            flat_text: prepared.label(found.sum.flat),
            cum_text: prepared.label(found.sum.cum),
            samples: found.sum.samples,
            lines: LineRow::all(&found.lines, &prepared),
        })
        .collect();
    listed.sort_by(|left, right| {
        let heavier = right.cum.unsigned_abs().cmp(&left.cum.unsigned_abs());
        heavier
            .then_with(|| right.flat.unsigned_abs().cmp(&left.flat.unsigned_abs()))
            .then_with(|| left.function.cmp(&right.function))
            .then_with(|| left.file.cmp(&right.file))
    });
    let mut warnings = prepared.warnings.clone();
    if listed.is_empty() && !profile.samples.is_empty() {
        warnings.push("function matched nothing".to_owned());
    }
    Ok(Lines {
        unit: prepared.sample_type.unit.clone(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        total_text: prepared.label(prepared.total),
        matched,
        matched_pct: percent(matched as f64, total),
        functions: listed,
        warnings,
    })
}
