//! A merge that can be interrupted, handed on and continued anywhere: profiles go in, partials combine, one profile
//! comes out.
//!
//! Whatever the order in which profiles are added and partials combined, the result is the same to the byte: sums
//! wrap, which is associative; of several equal mappings the least stands for all; header fields are sums, least or
//! largest ones, or sets; and [`super::canonical`] orders rows by their contents. Memory is that of the distinct rows.

use super::canonical::mapping_key;
use super::fold::Folder;
use super::gathered::Gathered;
use super::merge::Source;
use super::shape::{Column, Shape};
use super::snapshot::{Snapshots, is_snapshot};
use super::sums::Sums;
use super::tables::{Keep, Tables};
use crate::error::Result;
use crate::ids::{MappingId, StringId};
use crate::limits::Limits;
use crate::profile::Profile;
use crate::table::Mapping;
use crate::value_type::ValueType;
use crate::wire::container::unpack_into;
use crate::wire::decode;
use serde::{Deserialize, Serialize};

/// How profiles are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MergeOptions {
    /// Merge the sample types that all profiles share; without it, different ones are an error.
    pub intersect_types: bool,
    /// What becomes of values that are snapshots.
    pub snapshots: Snapshots,
}
/// What has been merged so far.
#[derive(Debug, Clone, Default)]
pub struct Partial {
    pub(super) options: MergeOptions,
    pub(super) tables: Tables,
    pub(super) sums: Sums,
    pub(super) columns: Vec<Column>,
    pub(super) main: Option<MappingId>,
    pub(super) gathered: Gathered,
    /// Made when it is first wanted.
    pub(super) folder: Option<Folder>,
}

/// What a profile says about itself, with its strings as rows of the merged tables.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub time_nanos: i64,
    pub duration_nanos: i64,
    pub period: i64,
    pub comments: Vec<StringId>,
    pub default_sample_type: StringId,
    pub drop_frames: StringId,
    pub keep_frames: StringId,
    pub doc_url: StringId,
    /// All mappings, the main binary first, with the rows that they fell into.
    pub mappings: Vec<(MappingId, Mapping)>,
}

/// Samples of one profile, waiting until all of it is known to be good.
#[derive(Debug, Clone, Default)]
pub(super) struct Staged {
    /// Rows of the merged samples.
    pub rows: Vec<u32>,
    /// All values of each of them.
    pub values: Vec<i64>,
    /// Values of a row.
    pub width: usize,
}

impl Partial {
    /// Nothing yet.
    #[must_use]
    pub fn new(options: MergeOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Profiles that went in.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        self.gathered.shapes.count()
    }

    /// Distinct samples so far.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.sums.len()
    }

    /// Adds a profile from the bytes of its file. After an error the partial is as it was.
    ///
    /// Sample types that differ are no error here: [`Partial::finish`] names all profiles that do.
    ///
    /// # Errors
    ///
    /// What [`decode`] refuses.
    pub fn add(&mut self, name: &str, bytes: &[u8], limits: &Limits) -> Result<()> {
        let mut folder = self.folder.take().unwrap_or_default();
        let added = match unpack_into(bytes, limits, &mut folder.inflated) {
            Ok(content) => self.fold(name, content, limits, &mut folder.scratch),
            Err(error) => Err(error),
        };
        self.folder = Some(folder);
        if !added? {
            self.add_profile(name, &decode(bytes, limits)?);
        }
        Ok(())
    }

    /// Adds a decoded profile.
    pub fn add_profile(&mut self, name: &str, profile: &Profile) {
        let shape = shape(profile);
        if self.would_differ(&shape) {
            self.gathered.shapes.add(&shape, name);
            return;
        }
        let mut source = Source::new(profile, Keep::Least);
        let strings = &mut self.tables.strings;
        let mut string = |id: StringId| strings.intern(profile.strings.get(id));
        let header = &profile.header;
        let mut told = Told {
            time_nanos: header.time_nanos,
            duration_nanos: header.duration_nanos,
            period: header.period,
            comments: header.comments.iter().map(|&comment| string(comment)).collect(),
            default_sample_type: string(header.default_sample_type),
            drop_frames: string(header.drop_frames),
            keep_frames: string(header.keep_frames),
            doc_url: string(header.doc_url),
            mappings: Vec::new(),
        };
        for mapping in &profile.mappings.rows {
            let mapping = Mapping {
                file: string(mapping.file),
                build_id: string(mapping.build_id),
                ..*mapping
            };
            told.mappings.push((MappingId::default(), mapping));
        }
        for (row, mapping) in &mut told.mappings {
            *row = self.tables.mapping(mapping);
        }
        let samples = &profile.samples;
        let mut staged = Staged {
            width: header.sample_types.len(),
            ..Staged::default()
        };
        for sample in 0..samples.len() {
            if samples.row(sample).all(|value| value == 0) {
                continue;
            }
            let stack = source.stack(&mut self.tables, samples.stack[sample]);
            let set = source.label_set(&mut self.tables, samples.label_set[sample]);
            staged.rows.push(self.sums.row(stack, set.0));
            staged.values.extend(samples.row(sample));
        }
        for note in &profile.notes {
            self.gathered.notes.add(note);
        }
        self.commit(name, &shape, &told, &staged);
    }

    /// Whether a profile of this shape can not be merged with those before it.
    pub(super) fn would_differ(&self, shape: &Shape) -> bool {
        !self.options.intersect_types && self.gathered.shapes.differs(shape)
    }

    /// Notes a profile that measures something else.
    pub(super) fn differs(&mut self, name: &str, shape: &Shape) {
        self.gathered.shapes.add(shape, name);
    }

    /// Takes up a profile that is known to be good.
    pub(super) fn commit(&mut self, name: &str, shape: &Shape, told: &Told, staged: &Staged) {
        let is_first = self.gathered.shapes.count() == 0;
        self.gathered.shapes.add(shape, name);
        if is_first {
            self.set_columns(shape.columns());
        } else {
            self.narrow(&shape.columns());
        }
        for (row, mapping) in &told.mappings {
            self.tables.settle(*row, mapping, Keep::Least);
        }
        if let Some(&(main, _)) = told.mappings.first() {
            self.offer_main(main);
        }
        let tables = &self.tables;
        let gathered = &mut self.gathered;
        let text = |id: StringId| tables.strings.get(id);
        gathered
            .comments
            .extend(told.comments.iter().map(|&comment| text(comment).to_vec()));
        gathered.default_sample_type.offer(text(told.default_sample_type));
        gathered.drop_frames.offer(text(told.drop_frames));
        gathered.keep_frames.offer(text(told.keep_frames));
        gathered.doc_url.offer(text(told.doc_url));
        let is_late = self.make_way(told.time_nanos);
        self.gathered.times(
            told.time_nanos,
            Some(told.time_nanos),
            told.duration_nanos,
            told.period,
        );
        self.add_values(&shape.columns(), &is_late, staged);
    }

    fn set_columns(&mut self, columns: Vec<Column>) {
        if self.sums.len() == 0 {
            self.sums = Sums::new(columns.len());
        } else {
            // Rows were made while the first profile was read, before it was known to be good.
            self.sums.widen(columns.len());
        }
        self.gathered.magnitudes = vec![0; columns.len()];
        self.columns = columns;
    }

    /// Keeps the columns that `other` has too.
    pub(super) fn narrow(&mut self, other: &[Column]) {
        if self.columns.iter().all(|column| other.contains(column)) {
            return;
        }
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|&at| other.contains(&self.columns[at]))
            .collect();
        self.sums.select(&kept);
        self.gathered.magnitudes = kept.iter().map(|&at| self.gathered.magnitudes[at]).collect();
        self.columns = kept.iter().map(|&at| self.columns[at].clone()).collect();
    }

    pub(super) fn offer_main(&mut self, offered: MappingId) {
        let tables = &self.tables;
        if self
            .main
            .is_none_or(|main| mapping_key(tables, offered) < mapping_key(tables, main))
        {
            self.main = Some(offered);
        }
    }

    fn is_last(&self, column: usize) -> bool {
        self.options.snapshots == Snapshots::Last && is_snapshot(&self.columns[column].name.0)
    }

    /// Where only the latest snapshots count: forgets those that are older than `time`, and says which columns
    /// of a profile of that time count no more.
    pub(super) fn make_way(&mut self, time: i64) -> Vec<bool> {
        let Some(last) = self.gathered.last_nanos else {
            return vec![false; self.columns.len()];
        };
        let mut late = vec![false; self.columns.len()];
        for (column, late) in late.iter_mut().enumerate() {
            if self.is_last(column) {
                *late = time < last;
                if time > last {
                    self.sums.clear_column(column);
                    self.gathered.magnitudes[column] = 0;
                }
            }
        }
        late
    }

    fn add_values(&mut self, from: &[Column], is_late: &[bool], staged: &Staged) {
        let picks: Vec<usize> = self
            .columns
            .iter()
            .map(|column| from.iter().position(|other| other == column).unwrap_or_default())
            .collect();
        let is_plain = picks.iter().enumerate().all(|(at, &pick)| at == pick) && picks.len() == staged.width;
        let picked;
        let values = if is_plain && !is_late.contains(&true) {
            &staged.values
        } else {
            picked = staged
                .values
                .chunks_exact(staged.width.max(1))
                .flat_map(|values| {
                    let pairs = picks.iter().zip(is_late);
                    pairs.map(|(&pick, &late)| if late { 0 } else { values[pick] })
                })
                .collect();
            &picked
        };
        let magnitudes = self.sums.add_all(&staged.rows, values);
        for (sum, more) in self.gathered.magnitudes.iter_mut().zip(magnitudes) {
            *sum = sum.saturating_add(u128::from(more));
        }
    }
}

fn shape(profile: &Profile) -> Shape {
    let name = |value_type: ValueType| {
        let text = |id| profile.strings.get(id).to_vec();
        (text(value_type.type_), text(value_type.unit))
    };
    Shape {
        sample_types: profile.header.sample_types.iter().map(|&one| name(one)).collect(),
        period_type: name(profile.header.period_type),
    }
}
