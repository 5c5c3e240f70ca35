//! Two profiles as one: the tables of both merged, their values side by side, and how these are compared.

use super::percent;
use super::query::{Filters, SampleTypeName, apply, of_filters, of_samples};
use crate::aggregate::{SampleValue, total};
use crate::combine::{align, side_by_side};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::StringId;
use crate::profile::Profile;
use crate::unit;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How the two sides are made comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// Not at all.
    #[default]
    None,
    /// Each side is divided by its duration in seconds.
    PerSecond,
    /// The base is scaled to the total of the other side.
    Total,
}

/// What something is on the two sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Only in the other side.
    New,
    /// Only in the base.
    Gone,
    /// In both, with different values.
    Changed,
    /// In both, with equal values.
    Same,
}

/// What every comparison says about its sides. Values are in `unit`, per second where so normalised.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// Total of the base, normalised.
    pub base_total: f64,
    /// Its text, with unit.
    pub base_total_text: String,
    /// Total of the other side, normalised.
    pub total: f64,
    /// Its text, with unit.
    pub total_text: String,
    /// The difference.
    pub delta_total: f64,
    /// Its text, with unit and sign.
    pub delta_total_text: String,
    /// What the base was multiplied by.
    pub base_scale: f64,
    /// What the other side was multiplied by.
    pub scale: f64,
    /// Duration of the base.
    pub base_duration_nanos: i64,
    /// Duration of the other side.
    pub duration_nanos: i64,
    /// How many are only in the other side.
    pub new: usize,
    /// How many are only in the base.
    pub gone: usize,
    /// How many have values that differ.
    pub changed: usize,
    /// How many have equal values; they make no rows.
    pub same: usize,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

impl Compared {
    /// Counts one more; tells whether it differs, so that it is worth a row.
    pub(super) const fn count(&mut self, status: Status) -> bool {
        let count = match status {
            Status::New => &mut self.new,
            Status::Gone => &mut self.gone,
            Status::Changed => &mut self.changed,
            Status::Same => &mut self.same,
        };
        *count += 1;
        !matches!(status, Status::Same)
    }
}

/// What is not shown.
#[derive(Debug, Clone, Serialize)]
pub struct DiffLeftOut {
    /// Rows that differ.
    pub rows: usize,
    /// Sum of their differences, of flat where there is flat and cum.
    pub delta: f64,
}

/// Both profiles in one set of tables. Of two things that belong to the sides, the base's is the first.
pub(super) struct Pair<'p> {
    /// The two profiles with common sample types, without the frames they ask to drop.
    pub(super) sides: [Cow<'p, Profile>; 2],
    merged: Profile,
    sample_type: SampleTypeName,
    /// Which columns of the merged profile count.
    pub(super) values: [SampleValue; 2],
}

/// The merged profile with filters applied, and how its values are compared.
pub(super) struct Sides<'m> {
    pub(super) view: View<'m>,
    pub(super) scale: Scale,
    pub(super) compared: Compared,
}

/// How values are scaled and written.
pub(super) struct Scale {
    factors: [f64; 2],
    base_total: f64,
    unit: String,
    suffix: &'static str,
}

/// The profile without the frames it asks to drop: the other side may ask for others.
fn loaded(profile: Cow<'_, Profile>) -> Cow<'_, Profile> {
    if profile.header.drop_frames.is_empty() {
        return profile;
    }
    let mut loaded = View::new(&profile).to_profile();
    loaded.header.drop_frames = StringId::EMPTY;
    Cow::Owned(loaded)
}

impl<'p> Pair<'p> {
    /// Brings both profiles into one set of tables.
    ///
    /// # Errors
    ///
    /// No common sample type, or not the one that is asked for.
    pub(super) fn new(base: &'p Profile, profile: &'p Profile, filters: &Filters) -> Result<Self> {
        let mut aligned = align(vec![Cow::Borrowed(base), Cow::Borrowed(profile)])?.into_iter();
        let (Some(base), Some(profile)) = (aligned.next(), aligned.next()) else {
            return Err(Error::incompatible("there are no two profiles to compare"));
        };
        let sides = [loaded(base), loaded(profile)];
        let index = sides[1].sample_index(&filters.sample_index)?;
        let width = sides[1].header.sample_types.len();
        let value = |first| SampleValue {
            index: first + index,
            divisor: filters.mean.then_some(first),
        };
        Ok(Self {
            merged: side_by_side(&sides[0], &sides[1])?,
            sample_type: SampleTypeName::of(&sides[1], index),
            values: [value(0), value(width)],
            sides,
        })
    }

    /// Applies the filters, the granularity included, and says how the sides compare.
    ///
    /// # Errors
    ///
    /// As [`super::filtered`]; no durations for a comparison per second.
    pub(super) fn filtered(&self, filters: &Filters, normalize: Normalize) -> Result<Sides<'_>> {
        let spec = filters.spec()?;
        let all = View::all(&self.merged);
        let own = self.values.map(|value| total(&all, value));
        let (mut view, matched) = apply(&self.merged, &spec)?;
        let totals = if spec.relative_percentages {
            self.values.map(|value| total(&view, value))
        } else {
            own
        };
        let scale = self.scale(normalize, totals)?;
        let mut warnings = of_filters(&matched);
        for (side, name) in ["base: ", ""].into_iter().enumerate() {
            let counts = |row| self.values[side].of(view.values(), row) != (0, 0);
            let none_left = !view.samples().any(|sample| counts(sample.row));
            let empty = of_samples(&self.sides[side], &self.sample_type, own[side], none_left);
            warnings.extend(empty.map(|warning| format!("{name}{warning}")));
        }
        if normalize == Normalize::Total && totals[0] == 0 {
            warnings.push("the base has no total, so it was not scaled".to_owned());
        }
        spec.aggregate(&mut view);
        let [base_total, total] = scale.scaled(totals.map(Some));
        let [base_duration_nanos, duration_nanos] = [0, 1].map(|side| self.sides[side].header.duration_nanos);
        let compared = Compared {
            sample_type: self.sample_type.clone(),
            unit: self.sample_type.unit.clone(),
            base_total,
            base_total_text: scale.text(base_total),
            total,
            total_text: scale.text(total),
            delta_total: total - base_total,
            delta_total_text: scale.label(total - base_total),
            base_scale: scale.factors[0],
            scale: scale.factors[1],
            base_duration_nanos,
            duration_nanos,
            new: 0,
            gone: 0,
            changed: 0,
            same: 0,
            warnings,
        };
        Ok(Sides {
            view,
            scale,
            compared,
        })
    }

    fn scale(&self, normalize: Normalize, totals: [i64; 2]) -> Result<Scale> {
        let seconds = [0, 1].map(|side| self.sides[side].header.duration_nanos as f64 / 1e9);
        let factors = match normalize {
            Normalize::PerSecond if seconds.iter().all(|&seconds| seconds > 0.0) => {
                seconds.map(|seconds| 1.0 / seconds)
            }
            Normalize::PerSecond => {
                return Err(Error::new(ErrorKind::InvalidArgument {
                    argument: "normalize",
                    detail: format!(
                        "per_second needs the duration of both profiles, which are {} s and {} s; use none or total",
                        seconds[0], seconds[1]
                    ),
                }));
            }
            Normalize::Total if totals[0] != 0 => [totals[1] as f64 / totals[0] as f64, 1.0],
            // A base without a total can not be scaled to one.
            Normalize::None | Normalize::Total => [1.0, 1.0],
        };
        Ok(Scale {
            factors,
            base_total: totals[0] as f64 * factors[0],
            unit: self.sample_type.unit.clone(),
            suffix: if normalize == Normalize::PerSecond {
                "/s"
            } else {
                ""
            },
        })
    }
}

impl Scale {
    /// The values of the two sides; a side that has none counts 0.
    pub(super) fn scaled(&self, values: [Option<i64>; 2]) -> [f64; 2] {
        [0, 1].map(|side| values[side].map_or(0.0, |value| value as f64 * self.factors[side]))
    }

    /// A difference in percent of the base's total.
    pub(super) fn percent(&self, delta: f64) -> f64 {
        percent(delta, self.base_total)
    }

    /// `value` with its unit.
    fn text(&self, value: f64) -> String {
        format!("{}{}", unit::label_float(value, &self.unit), self.suffix)
    }

    /// `value` with its unit and sign.
    pub(super) fn label(&self, value: f64) -> String {
        let text = unit::label_float(value, &self.unit);
        let sign = if value > 0.0 && text != "0" { "+" } else { "" };
        format!("{sign}{text}{}", self.suffix)
    }
}

/// `value / base_value` to four decimals; `None` where the base has nothing.
pub(super) fn ratio(base_value: f64, value: f64) -> Option<f64> {
    (base_value != 0.0).then(|| (value / base_value * 1e4).round() / 1e4)
}

/// The status of something of which `differs` is known where both sides have it; `None` where neither has.
pub(super) const fn status(base: bool, profile: bool, differs: bool) -> Option<Status> {
    match (base, profile) {
        (false, false) => None,
        (false, true) => Some(Status::New),
        (true, false) => Some(Status::Gone),
        (true, true) if differs => Some(Status::Changed),
        (true, true) => Some(Status::Same),
    }
}
