//! Writes profiles sample by sample, numbered as encoders number them, without keeping the samples.

use crate::program::{BINARIES, Program, Site};
use rustc_hash::FxHashMap;
use std::io::{self, Write};

/// In which order messages stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Locations and functions just before the first sample that needs them, as Go's runtime writes.
    Interleaved,
    /// All samples, then the tables, as google/pprof writes.
    Tables,
}

/// What a profile says about itself.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// Type and unit of each value.
    pub sample_types: &'static [(&'static str, &'static str)],
    /// Type and unit of the period.
    pub period_type: (&'static str, &'static str),
    /// Events between two samples.
    pub period: i64,
    /// When it was taken, in nanoseconds since 1970.
    pub time_nanos: i64,
    /// Covered time in nanoseconds.
    pub duration_nanos: i64,
}

/// A label of a sample.
#[derive(Debug, Clone, Copy)]
pub enum Label<'a> {
    /// Key and text.
    Text(&'a str, &'a str),
    /// Key, number and unit; no unit when empty.
    Number(&'a str, i64, &'a str),
}

/// How rows are numbered and lists written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Order of messages.
    pub layout: Layout,
    /// The id of the row that is named as the n-th, from 0. Never 0.
    pub id: fn(u64) -> u64,
    /// Whether lists of numbers are packed.
    pub packed: bool,
    /// How far libraries are moved in memory: in each process elsewhere.
    pub slide: u64,
}

impl Style {
    /// As Go's encoders do it: 1, 2, 3, and packed.
    #[must_use]
    pub fn of(layout: Layout, slide: u64) -> Self {
        Self {
            layout,
            id: |number| number + 1,
            packed: true,
            slide,
        }
    }
}

/// Rows in order of first appearance.
struct Numbers {
    /// Position of each row of the program, plus one; 0 while it has none.
    of: Vec<u32>,
    order: Vec<u32>,
}

impl Numbers {
    fn new(rows: u32) -> Self {
        Self {
            of: vec![0; rows as usize],
            order: Vec::new(),
        }
    }

    /// The position of a row, and whether it is new.
    fn get(&mut self, row: u32) -> (u64, bool) {
        let slot = &mut self.of[row as usize];
        let new = *slot == 0;
        if new {
            self.order.push(row);
            *slot = self.order.len() as u32;
        }
        (u64::from(*slot - 1), new)
    }
}

/// Text in order of first appearance.
#[derive(Default)]
struct Strings {
    of: FxHashMap<Box<str>, u64>,
    order: Vec<Box<str>>,
}

impl Strings {
    fn get(&mut self, text: &str) -> u64 {
        if let Some(&number) = self.of.get(text) {
            return number;
        }
        let number = self.order.len() as u64;
        self.of.insert(text.into(), number);
        self.order.push(text.into());
        number
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Samples.
    pub samples: u64,
    /// Locations.
    pub locations: u64,
    /// Functions.
    pub functions: u64,
    /// Bytes before compression.
    pub raw: u64,
}

/// Writes one profile.
pub struct Writer<W> {
    out: W,
    program: Program,
    style: Style,
    header: Header,
    locations: Numbers,
    functions: Numbers,
    strings: Strings,
    counts: Counts,
    pending: Vec<u8>,
    message: Vec<u8>,
    nested: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a profile of a program.
    pub fn new(out: W, program: Program, style: Style, header: Header) -> Self {
        let mut writer = Self {
            out,
            program,
            style,
            header,
            locations: Numbers::new(program.sites()),
            functions: Numbers::new(program.functions),
            strings: Strings::default(),
            counts: Counts::default(),
            pending: Vec::new(),
            message: Vec::new(),
            nested: Vec::new(),
            packed: Vec::new(),
        };
        writer.strings.get("");
        for &names in header.sample_types {
            writer.value_type(1, names);
        }
        writer
    }

    /// Writes a sample; `stack` is leaf first.
    ///
    /// # Errors
    ///
    /// Whatever is below does not take the bytes.
    pub fn sample(&mut self, stack: &[Site], values: &[i64], labels: &[Label<'_>]) -> io::Result<()> {
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        self.packed.clear();
        for &site in stack {
            let (number, new) = self.locations.get(site);
            if new && self.style.layout == Layout::Interleaved {
                self.location(number, site);
            }
            let id = (self.style.id)(number);
            if self.style.packed {
                put_varint(id, &mut self.packed);
            } else {
                put_varint(1 << 3, &mut message);
                put_varint(id, &mut message);
            }
        }
        if self.style.packed && !stack.is_empty() {
            put_bytes(1, &self.packed, &mut message);
        }
        self.packed.clear();
        for &value in values {
            if self.style.packed {
                put_varint(value as u64, &mut self.packed);
            } else {
                put_varint(2 << 3, &mut message);
                put_varint(value as u64, &mut message);
            }
        }
        if self.style.packed {
            put_bytes(2, &self.packed, &mut message);
        }
        for &label in labels {
            self.nested.clear();
            match label {
                Label::Text(key, text) => {
                    put_opt(1, self.strings.get(key), &mut self.nested);
                    put_opt(2, self.strings.get(text), &mut self.nested);
                }
                Label::Number(key, number, unit) => {
                    put_opt(1, self.strings.get(key), &mut self.nested);
                    put_opt(3, number as u64, &mut self.nested);
                    put_opt(4, self.strings.get(unit), &mut self.nested);
                }
            }
            put_bytes(3, &self.nested, &mut message);
        }
        put_bytes(2, &message, &mut self.pending);
        self.message = message;
        self.counts.samples += 1;
        self.flush(1 << 16)
    }

    /// Ends the profile: tables, strings, the rest of the header.
    ///
    /// # Errors
    ///
    /// Whatever is below does not take the bytes.
    pub fn finish(mut self) -> io::Result<(W, Counts)> {
        self.mappings();
        if self.style.layout == Layout::Tables {
            for (number, site) in std::mem::take(&mut self.locations.order).into_iter().enumerate() {
                self.location(number as u64, site);
                self.flush(1 << 16)?;
                self.counts.locations += 1;
            }
            for (number, function) in std::mem::take(&mut self.functions.order).into_iter().enumerate() {
                self.function(number as u64, function);
                self.flush(1 << 16)?;
                self.counts.functions += 1;
            }
        }
        self.counts.locations += self.locations.order.len() as u64;
        self.counts.functions += self.functions.order.len() as u64;
        self.value_type(11, self.header.period_type);
        for text in std::mem::take(&mut self.strings.order) {
            put_bytes(6, text.as_bytes(), &mut self.pending);
            self.flush(1 << 16)?;
        }
        put_opt(9, self.header.time_nanos as u64, &mut self.pending);
        put_opt(10, self.header.duration_nanos as u64, &mut self.pending);
        put_opt(12, self.header.period as u64, &mut self.pending);
        self.flush(0)?;
        Ok((self.out, self.counts))
    }

    fn flush(&mut self, above: usize) -> io::Result<()> {
        if self.pending.len() > above {
            self.out.write_all(&self.pending)?;
            self.counts.raw += self.pending.len() as u64;
            self.pending.clear();
        }
        Ok(())
    }

    fn value_type(&mut self, field: u64, (type_, unit): (&str, &str)) {
        self.nested.clear();
        put_opt(1, self.strings.get(type_), &mut self.nested);
        put_opt(2, self.strings.get(unit), &mut self.nested);
        put_bytes(field, &self.nested, &mut self.pending);
    }

    fn mappings(&mut self) {
        for (number, binary) in BINARIES.iter().enumerate() {
            let start = self.start(number);
            self.nested.clear();
            put_opt(1, (self.style.id)(number as u64), &mut self.nested);
            put_opt(2, start, &mut self.nested);
            put_opt(3, start + binary.size, &mut self.nested);
            put_opt(4, binary.offset, &mut self.nested);
            put_opt(5, self.strings.get(binary.file), &mut self.nested);
            put_opt(6, self.strings.get(binary.build_id), &mut self.nested);
            put_opt(7, 1, &mut self.nested);
            put_bytes(3, &self.nested, &mut self.pending);
        }
    }

    /// Where a binary is loaded in this process.
    fn start(&self, binary: usize) -> u64 {
        let slide = if binary == 0 { 0 } else { self.style.slide };
        BINARIES[binary].start + slide
    }

    fn location(&mut self, number: u64, site: Site) {
        let program = self.program;
        let outer = program.function(site);
        let binary = program.binary(outer);
        self.nested.clear();
        put_opt(1, (self.style.id)(number), &mut self.nested);
        put_opt(2, (self.style.id)(binary as u64), &mut self.nested);
        put_opt(3, self.start(binary) + program.offset(site), &mut self.nested);
        for function in program.inlined(site).chain([outer]) {
            let (number, new) = self.functions.get(function);
            if new && self.style.layout == Layout::Interleaved {
                self.function(number, function);
            }
            self.line(number, site, function);
        }
        put_bytes(4, &self.nested, &mut self.pending);
    }

    fn line(&mut self, number: u64, site: Site, function: u32) {
        let mut line = Vec::with_capacity(12);
        put_opt(1, (self.style.id)(number), &mut line);
        put_opt(2, self.program.line(site, function) as u64, &mut line);
        put_bytes(4, &line, &mut self.nested);
    }

    fn function(&mut self, number: u64, function: u32) {
        let name = self.strings.get(&self.program.name(function));
        let file = self.strings.get(&self.program.file(function));
        let mut row = Vec::with_capacity(24);
        put_opt(1, (self.style.id)(number), &mut row);
        put_opt(2, name, &mut row);
        put_opt(3, name, &mut row);
        put_opt(4, file, &mut row);
        put_opt(5, self.program.start_line(function) as u64, &mut row);
        put_bytes(5, &row, &mut self.pending);
    }
}

fn put_varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn put_opt(field: u64, value: u64, into: &mut Vec<u8>) {
    if value != 0 {
        put_varint(field << 3, into);
        put_varint(value, into);
    }
}

fn put_bytes(field: u64, bytes: &[u8], into: &mut Vec<u8>) {
    put_varint(field << 3 | 2, into);
    put_varint(bytes.len() as u64, into);
    into.extend_from_slice(bytes);
}
