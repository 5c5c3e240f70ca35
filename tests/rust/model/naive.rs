//! A profile with strings everywhere and nothing shared: every sample owns its frames.

use std::collections::BTreeMap;

/// A function, and the line in it.
#[allow(clippy::struct_field_names, reason = "the words of the format")]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Line {
    pub name: String,
    pub file: String,
    pub start_line: i64,
    pub line: i64,
    pub column: i64,
}

/// A binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mapping {
    pub start: u64,
    pub limit: u64,
    pub offset: u64,
    pub file: String,
    pub build_id: String,
}

/// A location; `row` tells apart those that look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Location {
    pub row: usize,
    pub mapping: Option<Mapping>,
    pub address: u64,
    /// Innermost first.
    pub lines: Vec<Line>,
}

/// A label: text, or a number with its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    Text(String, String),
    Number(String, i64, String),
}

impl Label {
    pub fn key(&self) -> &str {
        match self {
            Self::Text(key, _) | Self::Number(key, ..) => key,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Leaf first.
    pub stack: Vec<Location>,
    pub values: Vec<i64>,
    pub labels: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Every location, those that no sample names too: filters report what they matched among all.
    pub locations: Vec<Location>,
    pub samples: Vec<Sample>,
    pub drop_frames: String,
    pub keep_frames: String,
}

impl Profile {
    /// Changes every location, in the table and in the stacks.
    pub fn change(&mut self, change: impl Fn(&mut Location)) {
        let stacks = self.samples.iter_mut().flat_map(|sample| &mut sample.stack);
        self.locations.iter_mut().chain(stacks).for_each(change);
    }

    /// The unit of each numeric label: the first that a sample gives, else what the key suggests.
    pub fn units(&self) -> BTreeMap<String, String> {
        let mut units: BTreeMap<String, String> = BTreeMap::new();
        let numbers = || {
            self.samples
                .iter()
                .flat_map(|sample| &sample.labels)
                .filter_map(|label| match label {
                    Label::Number(key, _, unit) => Some((key, unit)),
                    Label::Text(..) => None,
                })
        };
        for (key, unit) in numbers().filter(|(_, unit)| !unit.is_empty()) {
            units.entry(key.clone()).or_insert_with(|| unit.clone());
        }
        for (key, _) in numbers() {
            let guess = if key == "request" || key == "alignment" {
                "bytes"
            } else {
                key
            };
            units.entry(key.clone()).or_insert_with(|| guess.to_owned());
        }
        units
    }

    /// The sum of absolute values, divided for means; of the marked samples only, when there are any.
    pub fn total(&self, index: usize, mean: bool) -> i64 {
        let sums = |samples: &mut dyn Iterator<Item = &Sample>| {
            samples.fold((0, 0), |(sum, divisor), sample| {
                (
                    sum + sample.values[index].abs(),
                    divisor + if mean { sample.values[0] } else { 0 },
                )
            })
        };
        let marked = |sample: &&Sample| {
            sample
                .labels
                .contains(&Label::Text("pprof::base".to_owned(), "true".to_owned()))
        };
        let mut result = sums(&mut self.samples.iter());
        let base = sums(&mut self.samples.iter().filter(marked));
        if base.0 > 0 {
            result = base;
        }
        if result.1 == 0 {
            result.0
        } else {
            result.0 / result.1
        }
    }
}
