//! A merge that can be interrupted, handed on and continued anywhere: profiles go in, partials combine, one profile
//! comes out.
//!
//! Whatever the order in which profiles are added and partials combined, the result is the same to the byte: sums
//! wrap, which is associative; of several equal mappings the least stands for all; header fields are sums, least or
//! largest ones, or sets; and [`super::canonical`] orders rows by their contents. Memory is that of the distinct rows.

use super::build::Build;
use super::canonical::{canonical, mapping_key};
use super::fold::Folder;
use super::gathered::Gathered;
use super::merge::{Source, columns};
use super::shape::{Column, Shape};
use super::snapshot::{Snapshots, is_snapshot};
use super::sums::Sums;
use super::tables::{Keep, Tables};
use crate::error::{Error, Result};
use crate::ids::{MappingId, StringId};
use crate::limits::Limits;
use crate::profile::{Header, Note, Profile};
use crate::table::Mapping;
use crate::value_type::ValueType;
use crate::wire::container::unpack_into;
use crate::wire::{decode, decode_proto, encode_proto};
use serde::{Deserialize, Serialize};

/// How profiles are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MergeOptions {
    /// Merge the sample types that all profiles share; without it, different ones are an error.
    pub intersect_types: bool,
    /// What becomes of values that are snapshots.
    pub snapshots: Snapshots,
}

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

/// What has been merged so far.
#[derive(Debug, Clone, Default)]
pub struct Partial {
    options: MergeOptions,
    pub(super) tables: Tables,
    pub(super) sums: Sums,
    columns: Vec<Column>,
    main: Option<MappingId>,
    gathered: Gathered,
    pub(super) folder: Folder,
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
        let mut folder = std::mem::take(&mut self.folder);
        let added = match unpack_into(bytes, limits, &mut folder.inflated) {
            Ok(content) => self.fold(name, content, limits, &mut folder.scratch),
            Err(error) => Err(error),
        };
        self.folder = folder;
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
    fn narrow(&mut self, other: &[Column]) {
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

    fn offer_main(&mut self, offered: MappingId) {
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
    fn make_way(&mut self, time: i64) -> Vec<bool> {
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

    /// Adds all that another partial holds.
    ///
    /// # Errors
    ///
    /// The two were made with different options.
    pub fn absorb(&mut self, other: Self) -> Result<()> {
        if self.options != other.options {
            return Err(Error::incompatible("partial merges made with different options"));
        }
        self.absorb_alike(other);
        Ok(())
    }

    pub(super) fn absorb_alike(&mut self, mut other: Self) {
        // Nothing has no columns: to keep the common ones would be to keep none.
        if other.inputs() == 0 {
            return;
        }
        if self.inputs() == 0 {
            *self = other;
            return;
        }
        let agree = self.gathered.shapes.agree() && other.gathered.shapes.agree();
        if !(agree || self.options.intersect_types) {
            self.gathered.shapes.absorb(other.gathered.shapes);
            return;
        }
        self.narrow(&other.columns);
        other.narrow(&self.columns);
        if let Some(theirs) = other.gathered.last_nanos {
            // Whichever is older loses its latest snapshots; `is_late` speaks of the other.
            let late = self.make_way(theirs);
            for column in (0..late.len()).filter(|&column| late[column]) {
                let theirs = other.columns.iter().position(|one| *one == self.columns[column]);
                if let Some(theirs) = theirs {
                    other.sums.clear_column(theirs);
                    other.gathered.magnitudes[theirs] = 0;
                }
            }
        }
        let staged = super::absorb::stage(self, &other);
        let picks: Vec<usize> = self
            .columns
            .iter()
            .map(|column| {
                other
                    .columns
                    .iter()
                    .position(|one| one == column)
                    .unwrap_or_default()
            })
            .collect();
        let mut picked = vec![0; picks.len()];
        for (at, &row) in staged.rows.iter().enumerate() {
            let values = &staged.values[at * staged.width..(at + 1) * staged.width];
            for (into, &pick) in picked.iter_mut().zip(&picks) {
                *into = values[pick];
            }
            self.sums.add(row, &picked);
        }
        other.gathered.magnitudes = picks
            .iter()
            .map(|&pick| other.gathered.magnitudes[pick])
            .collect();
        self.gathered.absorb(other.gathered);
    }

    pub(super) fn absorb_main(&mut self, main: Option<MappingId>) {
        if let Some(main) = main {
            self.offer_main(main);
        }
    }

    pub(super) fn main(&self) -> Option<MappingId> {
        self.main
    }

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
    fn reorder_columns(&mut self) {
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
    fn build(&mut self, how: &[Snapshots], inputs: u64, for_partial: bool) -> Profile {
        let header = self.header();
        let notes = self.notes();
        let order = canonical(&self.tables, &self.sums, self.main);
        let mut values = columns(&self.sums, &order.samples);
        for (column, _) in how.iter().enumerate().filter(|(_, how)| **how == Snapshots::Mean) {
            mean(&mut values[column], inputs);
        }
        let kept: Vec<usize> = (0..order.samples.len())
            .filter(|&sample| values.iter().any(|column| column[sample] != 0))
            .collect();
        if kept.len() < order.samples.len() {
            for column in &mut values {
                *column = kept.iter().map(|&sample| column[sample]).collect();
            }
        }
        let samples = kept.iter().map(|&sample| order.samples[sample]).collect();
        let order = order.narrowed(samples, for_partial, &self.tables, &self.sums);
        Build {
            tables: &self.tables,
            sums: &self.sums,
            order: &order,
            header,
            notes,
        }
        .profile(values)
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

    /// The partial as bytes, for another process to go on with. Equal partials give equal bytes.
    ///
    /// # Errors
    ///
    /// None in practice; the form of the header is fixed.
    pub fn to_bytes(mut self) -> Result<Vec<u8>> {
        self.reorder_columns();
        let state = State {
            options: self.options,
            gathered: self.gathered.clone(),
        };
        let head = serde_json::to_vec(&state)
            .map_err(|error| Error::invalid(format!("a partial merge can not be written: {error}")))?;
        let sums = vec![Snapshots::Sum; self.columns.len()];
        let profile = encode_proto(&self.build(&sums, 1, true));
        let mut bytes = MAGIC.to_vec();
        bytes.extend((head.len() as u64).to_le_bytes());
        bytes.extend(head);
        bytes.extend(profile);
        Ok(bytes)
    }

    /// A partial from [`Partial::to_bytes`].
    ///
    /// # Errors
    ///
    /// Bytes that are none, or that were changed.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let parts = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk::<8>);
        let Some((len, rest)) = parts else {
            return Err(Error::not_a_profile("no partial merge of this version"));
        };
        let len = usize::try_from(u64::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let Some((head, content)) = rest.split_at_checked(len) else {
            return Err(Error::truncated(
                "the bytes end inside the head of a partial merge",
            ));
        };
        let state: State = serde_json::from_slice(head)
            .map_err(|error| Error::invalid(format!("the head of a partial merge: {error}")))?;
        let mut partial = Self::new(state.options);
        let shapes = &state.gathered.shapes;
        if shapes.count() == 0 {
            return Ok(partial);
        }
        partial.add_profile("", &decode_proto(content, limits)?);
        let columns = if state.options.intersect_types || shapes.agree() {
            shapes.shared()
        } else {
            partial.columns.clone()
        };
        if columns != partial.columns || state.gathered.magnitudes.len() != columns.len() {
            return Err(Error::invalid(
                "a partial merge whose head does not fit its samples",
            ));
        }
        partial.gathered = state.gathered;
        Ok(partial)
    }
}

/// What stands before the profile in the bytes of a partial.
#[derive(Serialize, Deserialize)]
struct State {
    options: MergeOptions,
    gathered: Gathered,
}

/// First bytes of a partial; the number counts versions of the form.
const MAGIC: &[u8] = b"pprof partial merge 1\n";

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
