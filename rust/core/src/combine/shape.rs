//! What a profile measures, and how the profiles of a merge differ in it.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A type and its unit, as bytes.
pub(super) type Named = (Vec<u8>, Vec<u8>);

/// Sample types in their order, and the period type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Shape {
    pub sample_types: Vec<Named>,
    pub period_type: Named,
}

/// One column: a sample type, told apart from a second one of the same name by its position among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: Named,
    nth: usize,
}

impl Shape {
    pub(super) fn columns(&self) -> Vec<Column> {
        let column = |(at, name): (usize, &Named)| Column {
            name: name.clone(),
            nth: self.sample_types[..at]
                .iter()
                .filter(|other| *other == name)
                .count(),
        };
        self.sample_types.iter().enumerate().map(column).collect()
    }
}

/// Profiles of one shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    count: u64,
    /// The least of their names, so that it does not matter in which order they came.
    names: BTreeSet<String>,
}

/// Names kept of each shape.
const NAMED: usize = 3;

/// All shapes of the profiles that were merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Shape, Seen)>", into = "Vec<(Shape, Seen)>")]
pub(super) struct Shapes(BTreeMap<Shape, Seen>);

impl From<Vec<(Shape, Seen)>> for Shapes {
    fn from(list: Vec<(Shape, Seen)>) -> Self {
        Self(list.into_iter().collect())
    }
}

impl From<Shapes> for Vec<(Shape, Seen)> {
    fn from(shapes: Shapes) -> Self {
        shapes.0.into_iter().collect()
    }
}

impl Shapes {
    pub(super) fn add(&mut self, shape: &Shape, name: &str) {
        let seen = match self.0.get_mut(shape) {
            Some(seen) => seen,
            None => self.0.entry(shape.clone()).or_default(),
        };
        seen.count += 1;
        seen.name(name);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for (shape, other) in other.0 {
            let seen = self.0.entry(shape).or_default();
            seen.count += other.count;
            for name in &other.names {
                seen.name(name);
            }
        }
    }

    /// Whether all profiles have one shape; that of none at all too.
    pub(super) fn agree(&self) -> bool {
        self.0.len() <= 1
    }

    /// Whether a profile of this shape would differ from those before it.
    pub(super) fn differs(&self, shape: &Shape) -> bool {
        self.0.len() > 1 || self.0.keys().any(|other| other != shape)
    }

    /// Profiles seen.
    pub(super) fn count(&self) -> u64 {
        self.0.values().map(|seen| seen.count).sum()
    }

    /// The columns that all profiles have, in the order of the least shape.
    pub(super) fn shared(&self) -> Vec<Column> {
        let mut shapes = self.0.keys();
        let Some(first) = shapes.next() else {
            return Vec::new();
        };
        let mut columns = first.columns();
        for shape in shapes {
            let other = shape.columns();
            columns.retain(|column| other.contains(column));
        }
        columns
    }

    /// The period type, when all profiles agree.
    pub(super) fn period_type(&self) -> Option<&Named> {
        let mut periods = self.0.keys().map(|shape| &shape.period_type);
        let first = periods.next()?;
        periods.all(|period| period == first).then_some(first)
    }

    /// Says which profiles differ and how.
    pub(super) fn check(&self, intersect: bool) -> Result<()> {
        if intersect {
            if self.0.is_empty()
                || !self.shared().is_empty()
                || self.0.keys().all(|shape| shape.sample_types.is_empty())
            {
                return Ok(());
            }
            return Err(Error::incompatible(format!(
                "the profiles have no sample type in common: {}",
                self.groups()
            )));
        }
        if self.agree() {
            return Ok(());
        }
        Err(Error::incompatible(format!(
            "the profiles measure different things: {}; merge those of one kind, or what all share with intersect_types",
            self.groups()
        )))
    }

    fn groups(&self) -> String {
        let mut text = String::new();
        let mut groups: Vec<_> = self.0.iter().collect();
        groups.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
        for (at, (shape, seen)) in groups.into_iter().enumerate() {
            let names = seen.names.iter().cloned().collect::<Vec<_>>().join(", ");
            let more = if seen.count > seen.names.len() as u64 {
                ", ..."
            } else {
                ""
            };
            let types: Vec<String> = shape.sample_types.iter().map(spelled).collect();
            // Writing to a string can not fail.
            let _ = write!(
                text,
                "{}{} of {} have [{}], period {} ({names}{more})",
                if at == 0 { "" } else { "; " },
                seen.count,
                self.count(),
                types.join(", "),
                spelled(&shape.period_type),
            );
        }
        text
    }
}

impl Seen {
    fn name(&mut self, name: &str) {
        if self.names.len() < NAMED || self.names.last().is_some_and(|last| name < last.as_str()) {
            self.names.insert(name.to_owned());
            if self.names.len() > NAMED {
                self.names.pop_last();
            }
        }
    }
}

fn spelled((name, unit): &Named) -> String {
    if name.is_empty() && unit.is_empty() {
        return "none".to_owned();
    }
    format!(
        "{}/{}",
        String::from_utf8_lossy(name),
        String::from_utf8_lossy(unit)
    )
}
