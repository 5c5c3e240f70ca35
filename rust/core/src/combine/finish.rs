//! A partial merge -> the profile.

use super::build::{Build, Order};
use super::canonical::canonical;
use super::merge::columns;
use super::partial::Partial;
use super::snapshot::{Snapshots, is_snapshot};
use crate::error::{Error, Result};
use crate::ids::StringId;
use crate::profile::{Header, Note, Profile};
use crate::value_type::ValueType;
use serde::Serialize;

/// What was done with the values of one sample type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Combined {
    /// The sample type.
    pub r#type: String,
    /// Its unit.
    pub unit: String,
    /// `sum`, `mean` or `last`.
    pub how: &'static str,
    /// Whether the type counts what is there at an instant.
    pub is_snapshot: bool,
}

/// The outcome of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The profile.
    pub profile: Profile,
    /// Profiles that went in.
    pub inputs: u64,
    /// What was done, for each sample type.
    pub combined: Vec<Combined>,
    /// Whether the inputs measured different things, of which only the shared ones were kept.
    pub types_differ: bool,
    /// The earliest and the latest time of the inputs, in nanoseconds since 1970; 0 when unknown.
    pub times: [i64; 2],
}

impl Partial {
    /// The merged profile.
    ///
    /// # Errors
    ///
    /// No profiles, or profiles that measure different things: the error names them.
    pub fn finish(mut self) -> Result<Merged> {
        let inputs = self.inputs();
        if inputs == 0 {
            return Err(Error::incompatible("there are no profiles to merge"));
        }
        self.gathered.shapes.check(self.options.intersect_types)?;
        self.reorder_columns();
        let how: Vec<Snapshots> = (0..self.columns.len())
            .map(|column| {
                if is_snapshot(&self.columns[column].name.0) {
                    self.options.snapshots
                } else {
                    Snapshots::Sum
                }
            })
            .collect();
        let combined = self
            .columns
            .iter()
            .zip(&how)
            .map(|(column, how)| Combined {
                r#type: String::from_utf8_lossy(&column.name.0).into_owned(),
                unit: String::from_utf8_lossy(&column.name.1).into_owned(),
                how: how.name(),
                is_snapshot: is_snapshot(&column.name.0),
            })
            .collect();
        let times = [self.gathered.time_nanos, self.gathered.last_nanos.unwrap_or(0)];
        let types_differ = !self.gathered.shapes.agree();
        let profile = self.build(&how, inputs, false);
        Ok(Merged {
            profile,
            inputs,
            combined,
            types_differ,
            times,
        })
    }

    /// Brings the columns into the order in which [`super::shape::Shapes::shared`] has them.
    pub(super) fn reorder_columns(&mut self) {
        let order: Vec<usize> = self
            .gathered
            .shapes
            .shared()
            .iter()
            .filter_map(|column| self.columns.iter().position(|own| own == column))
            .collect();
        if order.iter().enumerate().any(|(at, &column)| at != column) {
            self.sums.select(&order);
            self.gathered.magnitudes = order.iter().map(|&at| self.gathered.magnitudes[at]).collect();
            self.columns = order.iter().map(|&at| self.columns[at].clone()).collect();
        }
    }

    /// The profile in canonical order. `for_partial` keeps mappings that no sample needs: what stands in them may yet matter.
    pub(super) fn build(&mut self, how: &[Snapshots], inputs: u64, for_partial: bool) -> Profile {
        let header = self.header();
        let notes = self.notes();
        let order = canonical(&self.tables, &self.sums, self.main);
        let mut values = columns(&self.sums, &order.samples);
        let order = if how.contains(&Snapshots::Mean) {
            self.means(order, how, inputs, &mut values)
        } else {
            order
        };
        let order = if for_partial {
            order
        } else {
            order.without_idle_mappings(&self.tables)
        };
        Build {
            tables: &self.tables,
            sums: &self.sums,
            order: &order,
            header,
            notes,
        }
        .profile(values)
    }

    /// Makes means of sums; samples of which nothing is left go.
    fn means(&self, order: Order, how: &[Snapshots], inputs: u64, values: &mut [Vec<i64>]) -> Order {
        for (column, _) in how.iter().enumerate().filter(|(_, how)| **how == Snapshots::Mean) {
            mean(&mut values[column], inputs);
        }
        let kept: Vec<usize> = (0..order.samples.len())
            .filter(|&sample| values.iter().any(|column| column[sample] != 0))
            .collect();
        if kept.len() == order.samples.len() {
            return order;
        }
        for column in values {
            *column = kept.iter().map(|&sample| column[sample]).collect();
        }
        let samples = kept.iter().map(|&sample| order.samples[sample]).collect();
        order.narrowed(samples, &self.tables, &self.sums)
    }

    fn header(&mut self) -> Header {
        let strings = &mut self.tables.strings;
        let gathered = &self.gathered;
        let sample_types: Vec<ValueType> = self
            .columns
            .iter()
            .map(|column| ValueType {
                type_: strings.intern(&column.name.0),
                unit: strings.intern(&column.name.1),
            })
            .collect();
        let default = strings.intern(&gathered.default_sample_type.0);
        let period_type = gathered.shapes.period_type();
        Header {
            default_sample_type: if default.is_empty()
                || sample_types
                    .iter()
                    .any(|sample_type| sample_type.type_ == default)
            {
                default
            } else {
                sample_types
                    .first()
                    .map_or(StringId::EMPTY, |sample_type| sample_type.type_)
            },
            sample_types,
            drop_frames: strings.intern(&gathered.drop_frames.0),
            keep_frames: strings.intern(&gathered.keep_frames.0),
            time_nanos: gathered.time_nanos,
            duration_nanos: gathered.duration_nanos,
            period: if period_type.is_some() { gathered.period } else { 0 },
            period_type: period_type.map_or_else(ValueType::default, |(name, unit)| ValueType {
                type_: strings.intern(name),
                unit: strings.intern(unit),
            }),
            comments: gathered
                .comments
                .iter()
                .map(|comment| strings.intern(comment))
                .collect(),
            doc_url: strings.intern(&gathered.doc_url.0),
        }
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.gathered.notes.list();
        if self.gathered.magnitudes.iter().any(|&sum| sum > i64::MAX as u128) {
            notes.push(Note {
                code: "overflow",
                detail: "the values of a sample type add up to more than 64 bits hold; sums wrapped around"
                    .to_owned(),
            });
        }
        notes
    }
}

/// Divides a column, carrying what is left of each division to the next row: the sum of the column is exact to
/// one, which rounding each row by itself would miss by up to half a unit a row.
fn mean(column: &mut [i64], inputs: u64) {
    let divisor = i128::from(inputs.max(1));
    let mut carried = 0i128;
    for value in column {
        let whole = i128::from(*value) + carried;
        let quotient = whole.div_euclid(divisor);
        carried = whole.rem_euclid(divisor);
        *value = quotient as i64;
    }
}
