//! A legacy profile while it is read.

use super::frames::drop_and_keep;
use crate::error::{Error, Result};
use crate::ids::{FunctionId, LocationId, MappingId};
use crate::limits::Limits;
use crate::profile::{Profile, ProfileBuilder};
use crate::table::{Function, Line, Location, Mapping};
use rustc_hash::FxHashMap;

/// A type and its unit.
pub(super) type Names = [Vec<u8>; 2];

/// [`Names`] from literals.
pub(super) fn names(type_: &[u8], unit: &[u8]) -> Names {
    [type_.to_vec(), unit.to_vec()]
}

/// One mapping with its own strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DraftMapping {
    pub(super) start: u64,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) file: Vec<u8>,
    pub(super) build_id: Vec<u8>,
}

/// One location; each address that samples name has one.
#[derive(Debug, Clone)]
pub(super) struct DraftLocation {
    pub(super) address: u64,
    pub(super) mapping: Option<u32>,
    /// The row in [`Draft::functions`] and the line number.
    pub(super) line: Option<(u32, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct DraftSample {
    /// Its part of [`Draft::frames`].
    start: usize,
    end: usize,
    /// The numeric label `bytes`.
    bytes: Option<i64>,
}

/// What has been read so far: addresses become locations as samples name them.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) sample_types: Vec<Names>,
    pub(super) period_type: Names,
    pub(super) period: i64,
    pub(super) duration_nanos: i64,
    pub(super) locations: Vec<DraftLocation>,
    /// Name and file of each function.
    pub(super) functions: Vec<[Vec<u8>; 2]>,
    pub(super) mappings: Vec<DraftMapping>,
    /// The rows of `locations` in the order of the finished profile; filled by [`Draft::settle`].
    pub(super) order: Vec<u32>,
    limits: Limits,
    rows: FxHashMap<u64, u32>,
    frames: Vec<u32>,
    samples: Vec<DraftSample>,
    /// `width` values for each sample.
    values: Vec<i64>,
    width: usize,
}

impl Draft {
    /// An empty draft whose samples have `width` values, at least one.
    pub(super) fn new(width: usize, limits: &Limits) -> Self {
        Self {
            sample_types: Vec::new(),
            period_type: Names::default(),
            period: 0,
            duration_nanos: 0,
            locations: Vec::new(),
            functions: Vec::new(),
            mappings: Vec::new(),
            order: Vec::new(),
            limits: *limits,
            rows: FxHashMap::default(),
            frames: Vec::new(),
            samples: Vec::new(),
            values: Vec::new(),
            width: width.max(1),
        }
    }

    /// Number of samples.
    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Adds a sample, leaf first. `values` are as many as the draft is wide.
    ///
    /// # Errors
    ///
    /// A passed limit on samples, on the depth of a stack or on the rows of the location table.
    pub(super) fn sample(
        &mut self,
        addresses: impl IntoIterator<Item = u64>,
        values: &[i64],
        bytes: Option<i64>,
    ) -> Result<()> {
        if self.samples.len() as u64 >= self.limits.samples {
            return Err(Error::too_large("samples", self.limits.samples, "samples"));
        }
        let start = self.frames.len();
        for address in addresses {
            if (self.frames.len() - start) as u64 >= self.limits.stack_depth {
                return Err(Error::too_large(
                    "locations of one sample",
                    self.limits.stack_depth,
                    "stack_depth",
                ));
            }
            let row = self.location(address)?;
            self.frames.push(row);
        }
        self.samples.push(DraftSample {
            start,
            end: self.frames.len(),
            bytes,
        });
        self.values.extend_from_slice(values);
        Ok(())
    }

    fn location(&mut self, address: u64) -> Result<u32> {
        if let Some(&row) = self.rows.get(&address) {
            return Ok(row);
        }
        self.check_rows(self.locations.len())?;
        let row = self.locations.len() as u32;
        self.locations.push(DraftLocation {
            address,
            mapping: None,
            line: None,
        });
        self.rows.insert(address, row);
        Ok(row)
    }

    /// The location of an address, if a sample named it.
    pub(super) fn location_of(&mut self, address: u64) -> Option<&mut DraftLocation> {
        let row = *self.rows.get(&address)?;
        self.locations.get_mut(row as usize)
    }

    /// That a table of `len` rows may get another.
    ///
    /// # Errors
    ///
    /// The limit on the rows of a table.
    pub(super) fn check_rows(&self, len: usize) -> Result<()> {
        let limit = self.limits.table_rows.min(u64::from(u32::MAX));
        if len as u64 >= limit {
            Err(Error::too_large("rows of one table", limit, "table_rows"))
        } else {
            Ok(())
        }
    }

    /// Adds one to the first value of the last sample, if there is one.
    pub(super) fn count_last_again(&mut self) {
        let width = self.width;
        if let Some(value) = self
            .values
            .len()
            .checked_sub(width)
            .and_then(|at| self.values.get_mut(at))
        {
            *value = value.wrapping_add(1);
        }
    }

    /// The stack of a sample as rows of `locations`, leaf first.
    pub(super) fn stack(&self, sample: usize) -> &[u32] {
        self.samples
            .get(sample)
            .and_then(|sample| self.frames.get(sample.start..sample.end))
            .unwrap_or(&[])
    }

    fn address(&self, row: u32) -> Option<u64> {
        self.locations.get(row as usize).map(|location| location.address)
    }

    /// The address of the leaf's caller.
    pub(super) fn second_address(&self, sample: usize) -> Option<u64> {
        self.address(*self.stack(sample).get(1)?)
    }

    /// Takes the leaf's caller out of a stack.
    pub(super) fn remove_second(&mut self, sample: usize) {
        if let Some(sample) = self.samples.get_mut(sample)
            && let Some([leaf, second, ..]) = self.frames.get_mut(sample.start..sample.end)
        {
            *second = *leaf;
            sample.start += 1;
        }
    }

    /// Takes out callers that are the leaf again, one address lower.
    ///
    /// A handler may take the leaf's address from the signal context and once more from unwinding, where it
    /// then was moved onto a call that it is not.
    pub(super) fn remove_repeated_leaves(&mut self) {
        for sample in 0..self.len() {
            let leaf = self.stack(sample).first().and_then(|&row| self.address(row));
            let second = self.second_address(sample).map(|address| address.wrapping_add(1));
            if leaf.is_some() && leaf == second {
                self.remove_second(sample);
            }
        }
    }

    /// The profile. [`Draft::settle`] comes before.
    ///
    /// # Errors
    ///
    /// Samples without sample types; strings over the limit.
    pub(super) fn build(self) -> Result<Profile> {
        self.check_strings()?;
        let mut builder = ProfileBuilder::default();
        self.header(&mut builder);
        for mapping in &self.mappings {
            let (file, build_id) = (builder.string(&mapping.file), builder.string(&mapping.build_id));
            let DraftMapping {
                start, limit, offset, ..
            } = *mapping;
            builder.mapping(Mapping {
                start,
                limit,
                offset,
                file,
                build_id,
                ..Mapping::default()
            });
        }
        let ids = self.locations(&mut builder)?;
        let mut stack = Vec::new();
        for (sample, values) in self.samples.iter().zip(self.values.chunks_exact(self.width)) {
            stack.clear();
            let frames = self.frames.get(sample.start..sample.end).unwrap_or(&[]);
            stack.extend(frames.iter().filter_map(|&row| ids.get(row as usize).copied()));
            let label = sample.bytes.map(|bytes| builder.num_label(b"bytes", bytes, b""));
            builder.sample(
                &stack,
                values,
                label.into_iter().collect::<Vec<_>>().as_mut_slice(),
            )?;
        }
        Ok(builder.finish())
    }

    fn check_strings(&self) -> Result<()> {
        let functions: usize = self
            .functions
            .iter()
            .map(|[name, file]| name.len() + file.len())
            .sum();
        let mappings: usize = self
            .mappings
            .iter()
            .map(|mapping| mapping.file.len() + mapping.build_id.len())
            .sum();
        let limit = self.limits.string_bytes;
        if (functions + mappings) as u64 > limit {
            return Err(Error::too_large("bytes of strings", limit, "string_bytes"));
        }
        Ok(())
    }

    fn header(&self, builder: &mut ProfileBuilder) {
        let types: Vec<&[u8]> = self
            .sample_types
            .iter()
            .map(|[type_, _]| type_.as_slice())
            .collect();
        let (drop_frames, keep_frames) = drop_and_keep(&types);
        builder.header.drop_frames = builder.string(drop_frames.as_bytes());
        builder.header.keep_frames = builder.string(keep_frames.as_bytes());
        for [type_, unit] in &self.sample_types {
            let sample_type = builder.value_type(type_, unit);
            builder.header.sample_types.push(sample_type);
        }
        let [type_, unit] = &self.period_type;
        builder.header.period_type = builder.value_type(type_, unit);
        builder.header.period = self.period;
        builder.header.duration_nanos = self.duration_nanos;
    }

    /// Adds functions and locations in their final order; gives the new id of each row of `locations`.
    fn locations(&self, builder: &mut ProfileBuilder) -> Result<Vec<LocationId>> {
        let mut ids = vec![LocationId::default(); self.locations.len()];
        let mut function_ids: Vec<Option<FunctionId>> = vec![None; self.functions.len()];
        for &row in &self.order {
            let row = row as usize;
            let (Some(location), Some(id)) = (self.locations.get(row), ids.get_mut(row)) else {
                continue;
            };
            let mut lines = Vec::new();
            if let Some((function, line)) = location.line
                && let Some([name, file]) = self.functions.get(function as usize)
                && let Some(known) = function_ids.get_mut(function as usize)
            {
                let function = *known.get_or_insert_with(|| {
                    let (name, filename) = (builder.string(name), builder.string(file));
                    builder.function(Function {
                        name,
                        system_name: name,
                        filename,
                        start_line: 0,
                    })
                });
                lines.push(Line {
                    function,
                    line,
                    column: 0,
                });
            }
            let mapping = location.mapping.map(MappingId);
            *id = builder.location(
                Location {
                    mapping,
                    address: location.address,
                    is_folded: false,
                },
                &lines,
            )?;
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(limits: &Limits) -> Draft {
        let mut draft = Draft::new(1, limits);
        draft.sample_types = vec![names(b"thread", b"count")];
        draft
    }

    #[test]
    fn a_repeated_leaf_goes_and_the_leaf_stays() {
        let mut draft = draft(&Limits::default());
        draft.sample([0x10, 0xf, 0x30], &[1], None).unwrap();
        draft.sample([0x10, 0x30], &[1], None).unwrap();
        draft.sample([0], &[1], None).unwrap();
        draft.remove_repeated_leaves();
        assert_eq!(
            [draft.stack(0), draft.stack(1), draft.stack(2)],
            [&[0, 2][..], &[0, 2], &[3]]
        );
    }

    #[test]
    fn the_limits_hold_for_samples_depth_and_rows() {
        let one = |set: fn(&mut Limits)| {
            let mut limits = Limits::default();
            set(&mut limits);
            let mut draft = draft(&limits);
            draft
                .sample([1, 2], &[1], None)
                .and_then(|()| draft.sample([3], &[1], None))
                .unwrap_err()
                .to_string()
        };
        assert!(one(|limits| limits.samples = 1).contains("samples over the limit of 1"));
        assert!(one(|limits| limits.stack_depth = 1).contains("locations of one sample over the limit of 1"));
        assert!(one(|limits| limits.table_rows = 2).contains("rows of one table over the limit of 2"));
    }

    #[test]
    fn strings_over_the_limit_are_refused() {
        let mut draft = draft(&Limits {
            string_bytes: 3,
            ..Limits::default()
        });
        draft.functions.push([b"main".to_vec(), Vec::new()]);
        assert_eq!(draft.build().unwrap_err().code(), "profile_too_large");
    }

    #[test]
    fn counting_again_without_a_sample_does_nothing() {
        let mut draft = draft(&Limits::default());
        draft.count_last_again();
        draft.sample([1], &[i64::MAX], None).unwrap();
        draft.count_last_again();
        draft.settle(Vec::new());
        assert_eq!(draft.build().unwrap().samples.values, [[i64::MIN]]);
    }
}
