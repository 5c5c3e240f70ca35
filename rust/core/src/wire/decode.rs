//! Bytes of the protobuf form -> profile, with every reference checked.
//!
//! Samples come first in most files and name rows that are read later, so they are taken up packed as they lie
//! ([`super::decode_samples`]) and resolved at the end, when all tables are known.

use super::cursor::Cursor;
use super::decode_samples::RawSamples;
use super::plain_samples::Batch;
use super::varint::{Reader, Value};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::ids::{FunctionId, MappingId, StringId};
use crate::interrupt;
use crate::limits::Limits;
use crate::profile::{Header, Note, Profile};
use crate::table::{
    FileIds, Function, Functions, Line, Location, Locations, Mapping, Mappings, StringsBuilder,
};
use crate::value_type::ValueType;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Fields that were skipped because this version does not know them, by message and number.
pub(super) type Unknown = BTreeMap<(&'static str, u64), u64>;

/// Decodes an uncompressed profile.
///
/// # Errors
///
/// Truncated or malformed bytes (with the offset), ids that name nothing, ids that occur twice, wrong value counts, two
/// profiles in one file, a passed limit.
pub fn decode_proto(bytes: &[u8], limits: &Limits) -> Result<Profile> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput));
    }
    let mut decoder = Decoder::new(limits);
    decoder.take(bytes, true)?;
    decoder.finish()
}

/// Decodes a profile that is given piece by piece.
pub(super) struct Decoder<'l> {
    raw: RawProfile,
    limits: &'l Limits,
    /// Bytes taken up so far.
    taken: u64,
}

/// Fields after which the flag that stops the work is looked at. Chosen: a millisecond's worth of samples.
const FIELDS_BETWEEN_CHECKS: u32 = 4_096;

impl<'l> Decoder<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            raw: RawProfile::default(),
            limits,
            taken: 0,
        }
    }

    /// Takes up the fields that `window` holds whole and tells how many bytes they are; the rest is to be given again with
    /// more behind it. With the `last` window nothing may be left over.
    pub(super) fn take(&mut self, window: &[u8], last: bool) -> Result<usize> {
        let mut batch = Batch::default();
        let walked = self.walk(window, last, &mut batch);
        // What is wrong with a sample comes before what is wrong behind it.
        self.raw.samples.add_all(&mut batch, self.limits)?;
        let taken = walked?;
        self.taken += taken as u64;
        Ok(taken)
    }

    fn walk<'w>(&mut self, window: &'w [u8], last: bool, batch: &mut Batch<'w>) -> Result<usize> {
        let mut reader = Reader::new(window, self.taken);
        let mut until_check = 0;
        loop {
            if until_check == 0 {
                interrupt::check()?;
                until_check = FIELDS_BETWEEN_CHECKS;
            }
            until_check -= 1;
            let start = reader.position();
            let (number, value) = match reader.field() {
                Ok(Some(field)) => field,
                Ok(None) => return Ok(start),
                Err(error) if !last && matches!(*error.kind, ErrorKind::Truncated { .. }) => {
                    return Ok(start);
                }
                Err(error) => return Err(error),
            };
            if let (2, Value::Bytes(bytes)) = (number, value) {
                let end = reader.position();
                let sample = Cursor::new(window).part(end - bytes.len(), end);
                if batch.push(sample, self.limits).is_some() {
                    if batch.is_full() {
                        self.raw.samples.add_all(batch, self.limits)?;
                    }
                    continue;
                }
                self.raw.samples.add_all(batch, self.limits)?;
            }
            let at = self.taken + start as u64;
            self.raw.field(number, value, reader.offset(), at, self.limits)?;
        }
    }

    /// Resolves every number of the file to a row.
    pub(super) fn finish(self) -> Result<Profile> {
        self.raw.finish()
    }
}

/// What has been read so far, with strings and rows still by their numbers in the file.
#[derive(Default)]
struct RawProfile {
    sample_types: Vec<[u64; 2]>,
    samples: RawSamples,
    mappings: Vec<RawMapping>,
    locations: RawLocations,
    functions: Vec<RawFunction>,
    strings: StringsBuilder,
    /// The table row of each string of the file.
    string_ids: Vec<StringId>,
    drop_frames: u64,
    keep_frames: u64,
    time_nanos: i64,
    duration_nanos: i64,
    period_type: [u64; 2],
    period: i64,
    comments: Vec<u64>,
    default_sample_type: u64,
    doc_url: u64,
    unknown: Unknown,
}

#[derive(Default)]
struct RawMapping {
    id: u64,
    mapping: Mapping,
    file: u64,
    build_id: u64,
}

#[derive(Default)]
struct RawFunction {
    id: u64,
    name: u64,
    system_name: u64,
    filename: u64,
    start_line: i64,
}

#[derive(Default)]
struct RawLocations {
    ids: Vec<u64>,
    rows: Vec<(u64, Location)>,
    line_ends: Vec<u32>,
    lines: Vec<(u64, i64, i64)>,
}

fn mismatch(message: &'static str, number: u64, at: u64) -> Error {
    Error::invalid(format!("field {number} of {message} has the wrong wire type")).at(Place::Offset(at))
}

/// Calls `known` for each numeric field of a message; it returns whether it knows the number.
pub(super) fn numbers(
    message: &'static str,
    bytes: &[u8],
    base: u64,
    unknown: &mut Unknown,
    mut known: impl FnMut(u64, u64) -> bool,
    count: u64,
) -> Result<()> {
    let mut reader = Reader::new(bytes, base);
    loop {
        let at = reader.offset();
        let Some((number, value)) = reader.field()? else {
            return Ok(());
        };
        match value {
            Value::Varint(value) if known(number, value) => {}
            _ if (1..=count).contains(&number) => return Err(mismatch(message, number, at)),
            _ => *unknown.entry((message, number)).or_default() += 1,
        }
    }
}

impl RawProfile {
    /// Takes up one field of the outermost message; `end` is the offset behind it.
    fn field(&mut self, number: u64, value: Value<'_>, end: u64, at: u64, limits: &Limits) -> Result<()> {
        match (number, value) {
            (1, Value::Bytes(bytes)) => self.sample_types.push(value_type(bytes, end, &mut self.unknown)?),
            (2, Value::Bytes(bytes)) => {
                self.samples
                    .push(bytes, base(bytes, end), &mut self.unknown, limits)?;
            }
            (3, Value::Bytes(bytes)) => self.mapping(bytes, base(bytes, end))?,
            (4, Value::Bytes(bytes)) => self.location(bytes, base(bytes, end))?,
            (5, Value::Bytes(bytes)) => self.function(bytes, base(bytes, end))?,
            (6, Value::Bytes(bytes)) => {
                if self.string_ids.is_empty() && !bytes.is_empty() {
                    return Err(Error::invalid("the first string is not empty").at(Place::Offset(at)));
                }
                self.string_ids.push(self.strings.intern(bytes));
                if self.strings.byte_len() as u64 > limits.string_bytes {
                    return Err(Error::too_large(
                        "bytes of strings",
                        limits.string_bytes,
                        "string_bytes",
                    ));
                }
            }
            (7, Value::Varint(value)) => self.drop_frames = value,
            (8, Value::Varint(value)) => self.keep_frames = value,
            (9, Value::Varint(value)) => {
                if self.time_nanos != 0 {
                    return Err(Error::new(ErrorKind::Concatenated).at(Place::Offset(at)));
                }
                self.time_nanos = value as i64;
            }
            (10, Value::Varint(value)) => self.duration_nanos = value as i64,
            (11, Value::Bytes(bytes)) => self.period_type = value_type(bytes, end, &mut self.unknown)?,
            (12, Value::Varint(value)) => self.period = value as i64,
            (13, Value::Varint(value)) => self.comments.push(value),
            (13, Value::Bytes(bytes)) => {
                let mut reader = Reader::new(bytes, base(bytes, end));
                while !reader.is_done() {
                    self.comments.push(reader.varint()?);
                }
            }
            (14, Value::Varint(value)) => self.default_sample_type = value,
            (15, Value::Varint(value)) => self.doc_url = value,
            (1..=15, _) => return Err(mismatch("Profile", number, at)),
            (0, _) => return Err(Error::invalid("field number 0").at(Place::Offset(at))),
            _ => *self.unknown.entry(("Profile", number)).or_default() += 1,
        }
        let types = self.sample_types.len() as u64;
        if types > limits.sample_values {
            return Err(Error::too_large(
                "sample types",
                limits.sample_values,
                "sample_values",
            ));
        }
        let rows = self
            .mappings
            .len()
            .max(self.locations.ids.len())
            .max(self.functions.len()) as u64;
        if rows > limits.table_rows {
            return Err(Error::too_large(
                "rows of one table",
                limits.table_rows,
                "table_rows",
            ));
        }
        Ok(())
    }

    fn mapping(&mut self, bytes: &[u8], base: u64) -> Result<()> {
        let mut raw = RawMapping::default();
        let known = |number, value| {
            match number {
                1 => raw.id = value,
                2 => raw.mapping.start = value,
                3 => raw.mapping.limit = value,
                4 => raw.mapping.offset = value,
                5 => raw.file = value,
                6 => raw.build_id = value,
                7 => raw.mapping.has_functions = value != 0,
                8 => raw.mapping.has_filenames = value != 0,
                9 => raw.mapping.has_line_numbers = value != 0,
                10 => raw.mapping.has_inline_frames = value != 0,
                _ => return false,
            }
            true
        };
        numbers("Mapping", bytes, base, &mut self.unknown, known, 10)?;
        self.mappings.push(raw);
        Ok(())
    }

    fn function(&mut self, bytes: &[u8], base: u64) -> Result<()> {
        let mut raw = RawFunction::default();
        let known = |number, value| {
            match number {
                1 => raw.id = value,
                2 => raw.name = value,
                3 => raw.system_name = value,
                4 => raw.filename = value,
                5 => raw.start_line = value as i64,
                _ => return false,
            }
            true
        };
        numbers("Function", bytes, base, &mut self.unknown, known, 5)?;
        self.functions.push(raw);
        Ok(())
    }

    fn location(&mut self, bytes: &[u8], base: u64) -> Result<()> {
        let mut reader = Reader::new(bytes, base);
        let (mut id, mut mapping, mut location) = (0, 0, Location::default());
        loop {
            let at = reader.offset();
            let Some((number, value)) = reader.field()? else {
                break;
            };
            match (number, value) {
                (1, Value::Varint(value)) => id = value,
                (2, Value::Varint(value)) => mapping = value,
                (3, Value::Varint(value)) => location.address = value,
                (4, Value::Bytes(bytes)) => {
                    let mut line = (0, 0, 0);
                    let known = |number, value| {
                        match number {
                            1 => line.0 = value,
                            2 => line.1 = value as i64,
                            3 => line.2 = value as i64,
                            _ => return false,
                        }
                        true
                    };
                    numbers(
                        "Line",
                        bytes,
                        self::base(bytes, reader.offset()),
                        &mut self.unknown,
                        known,
                        3,
                    )?;
                    self.locations.lines.push(line);
                }
                (5, Value::Varint(value)) => location.is_folded = value != 0,
                (1..=5, _) => return Err(mismatch("Location", number, at)),
                _ => *self.unknown.entry(("Location", number)).or_default() += 1,
            }
        }
        self.locations.ids.push(id);
        self.locations.rows.push((mapping, location));
        self.locations.line_ends.push(self.locations.lines.len() as u32);
        Ok(())
    }

    /// Resolves every number of the file to a row.
    fn finish(self) -> Result<Profile> {
        let strings = StringIds(&self.string_ids);
        let value_type = |raw: [u64; 2]| -> Result<ValueType> {
            Ok(ValueType {
                type_: strings.get(raw[0])?,
                unit: strings.get(raw[1])?,
            })
        };
        let header = Header {
            sample_types: self
                .sample_types
                .iter()
                .map(|&raw| value_type(raw))
                .collect::<Result<_>>()?,
            default_sample_type: strings.get(self.default_sample_type)?,
            drop_frames: strings.get(self.drop_frames)?,
            keep_frames: strings.get(self.keep_frames)?,
            time_nanos: self.time_nanos,
            duration_nanos: self.duration_nanos,
            period_type: value_type(self.period_type)?,
            period: self.period,
            comments: self
                .comments
                .iter()
                .map(|&comment| strings.get(comment))
                .collect::<Result<_>>()?,
            doc_url: strings.get(self.doc_url)?,
        };
        let mut notes = unknown_notes(&self.unknown);
        let (mappings, mapping_rows) = mappings(self.mappings, strings)?;
        let (functions, function_rows) = functions(&self.functions, strings)?;
        let (locations, location_rows) =
            locations(&self.locations, &mapping_rows, &function_rows, &mut notes)?;
        let mut string_table = self.strings;
        let (stacks, label_sets, samples) = self.samples.finish(
            header.sample_types.len(),
            &location_rows,
            strings,
            &mut string_table,
        )?;
        Ok(Profile {
            header,
            strings: string_table.finish(),
            functions,
            mappings,
            locations,
            stacks,
            label_sets,
            samples,
            notes,
        })
    }
}

/// Different unknown fields that are named; a hostile file can have any number.
const NAMED_UNKNOWN: usize = 20;

fn unknown_notes(unknown: &Unknown) -> Vec<Note> {
    let named = unknown.iter().take(NAMED_UNKNOWN);
    let mut details: Vec<String> = named
        .map(|((message, number), count)| {
            format!("field {number} of {message} is not known here and was dropped ({count} times)")
        })
        .collect();
    if unknown.len() > NAMED_UNKNOWN {
        details.push(format!(
            "{} more fields are not known here and were dropped",
            unknown.len() - NAMED_UNKNOWN
        ));
    }
    let note = |detail| Note {
        code: "unknown_field",
        detail,
    };
    details.into_iter().map(note).collect()
}

/// Offset of the first of `bytes`, which end at `end`.
pub(super) fn base(bytes: &[u8], end: u64) -> u64 {
    end - bytes.len() as u64
}

fn value_type(bytes: &[u8], end: u64, unknown: &mut Unknown) -> Result<[u64; 2]> {
    let mut raw = [0; 2];
    let known = |number, value| match number {
        1 | 2 => {
            raw[number as usize - 1] = value;
            true
        }
        _ => false,
    };
    numbers("ValueType", bytes, base(bytes, end), unknown, known, 2)?;
    Ok(raw)
}

/// The strings of the file by their position.
#[derive(Clone, Copy)]
pub(super) struct StringIds<'a>(&'a [StringId]);

impl StringIds<'_> {
    pub(super) fn get(self, index: u64) -> Result<StringId> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index))
            .copied()
            .ok_or_else(|| {
                Error::invalid(format!(
                    "string {} does not exist, the profile has {}",
                    index as i64,
                    self.0.len()
                ))
            })
    }
}

/// The row of each id of one table.
pub(super) enum Rows {
    /// The ids are 1, 2, 3, ...
    Sequential(u64),
    /// Any other ids.
    Listed(FxHashMap<u64, u32>),
}

impl Rows {
    fn new(table: &'static str, ids: &[u64]) -> Result<Self> {
        if ids.iter().enumerate().all(|(row, &id)| id == row as u64 + 1) {
            return Ok(Self::Sequential(ids.len() as u64));
        }
        let mut rows = FxHashMap::with_capacity_and_hasher(ids.len(), rustc_hash::FxBuildHasher);
        for (row, &id) in ids.iter().enumerate() {
            if id == 0 {
                return Err(
                    Error::invalid(format!("a {table} has the reserved id 0")).at(Place::Row { table, id })
                );
            }
            if rows.insert(id, row as u32).is_some() {
                return Err(
                    Error::invalid(format!("two {table}s have the id {id}")).at(Place::Row { table, id })
                );
            }
        }
        Ok(Self::Listed(rows))
    }

    pub(super) fn get(&self, id: u64) -> Option<u32> {
        match self {
            Self::Sequential(len) => (1..=*len).contains(&id).then(|| (id - 1) as u32),
            Self::Listed(rows) => rows.get(&id).copied(),
        }
    }
}

fn mappings(raw: Vec<RawMapping>, strings: StringIds<'_>) -> Result<(Mappings, Rows)> {
    let ids: Vec<u64> = raw.iter().map(|raw| raw.id).collect();
    let table_rows = Rows::new("mapping", &ids)?;
    let rows = raw
        .into_iter()
        .map(|raw| {
            Ok(Mapping {
                file: strings.get(raw.file)?,
                build_id: strings.get(raw.build_id)?,
                ..raw.mapping
            })
        })
        .collect::<Result<_>>()?;
    Ok((
        Mappings {
            ids: FileIds::from_listed(ids),
            rows,
        },
        table_rows,
    ))
}

fn functions(raw: &[RawFunction], strings: StringIds<'_>) -> Result<(Functions, Rows)> {
    let ids: Vec<u64> = raw.iter().map(|raw| raw.id).collect();
    let rows = Rows::new("function", &ids)?;
    let mut functions = Functions::default();
    for raw in raw {
        functions.push(Function {
            name: strings.get(raw.name)?,
            system_name: strings.get(raw.system_name)?,
            filename: strings.get(raw.filename)?,
            start_line: raw.start_line,
        });
    }
    functions.ids = FileIds::from_listed(ids);
    Ok((functions, rows))
}

fn locations(
    raw: &RawLocations,
    mappings: &Rows,
    functions: &Rows,
    notes: &mut Vec<Note>,
) -> Result<(Locations, Rows)> {
    let rows = Rows::new("location", &raw.ids)?;
    let mut locations = Locations::default();
    let mut dangling = None;
    let mut dangling_count = 0u64;
    let mut lines = Vec::new();
    let mut start = 0;
    for ((&id, &(mapping, location)), &end) in raw.ids.iter().zip(&raw.rows).zip(&raw.line_ends) {
        lines.clear();
        for &(function, line, column) in &raw.lines[start..end as usize] {
            let place = Place::Row {
                table: "location",
                id,
            };
            let row = functions.get(function).ok_or_else(|| {
                Error::invalid(format!(
                    "location {id} names function {function}, which does not exist"
                ))
                .at(place)
            })?;
            lines.push(Line {
                function: FunctionId(row),
                line,
                column,
            });
        }
        start = end as usize;
        let row = mappings.get(mapping);
        if row.is_none() && mapping != 0 {
            dangling.get_or_insert((id, mapping));
            dangling_count += 1;
        }
        locations.push(
            Location {
                mapping: row.map(MappingId),
                ..location
            },
            &lines,
        );
    }
    locations.ids = FileIds::from_listed(raw.ids.clone());
    if let Some((id, mapping)) = dangling {
        notes.push(Note {
            code: "dangling_mapping",
            detail: format!(
                "{dangling_count} locations name a mapping that does not exist (first: location {id}, mapping {mapping}); \
                 they count as having none"
            ),
        });
    }
    Ok((locations, rows))
}
