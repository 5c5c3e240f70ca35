//! A plain profile laid out: where each table lies in the bytes, without a copy of any of it.
//!
//! This is the quick way for those who read a profile once, row by row. It knows well-formed files with known fields
//! only; of anything else it says nothing but that it gives up, and the full decoder then reads the file, or says what
//! is wrong with it.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::cursor::Cursor;
use super::rows::{ScanMapping, mapping, numbers};

/// Stretches of the bytes in which messages of one field follow one another.
#[derive(Debug, Default)]
struct Runs {
    runs: Vec<(usize, usize)>,
    messages: usize,
}

impl Runs {
    /// Takes the message behind a tag at `start`, and all that follow it with the same tag.
    #[inline]
    fn take(&mut self, start: usize, tag: u8, cursor: &mut Cursor<'_>) -> Option<()> {
        loop {
            cursor.prefixed()?;
            self.messages += 1;
            if !cursor.follows(tag) {
                break;
            }
            cursor.tag()?;
        }
        let end = cursor.position();
        match self.runs.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => self.runs.push((start, end)),
        }
        Some(())
    }
}

/// Numbers of the header as they stand in the file.
#[derive(Debug, Default)]
pub(crate) struct ScanHeader {
    pub sample_types: Vec<[u64; 2]>,
    pub drop_frames: u64,
    pub keep_frames: u64,
    pub time_nanos: i64,
    pub duration_nanos: i64,
    pub period_type: [u64; 2],
    pub period: i64,
    pub comments: Vec<u64>,
    pub default_sample_type: u64,
    pub doc_url: u64,
}

/// A profile laid out.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    content: Cursor<'a>,
    pub header: ScanHeader,
    samples: Runs,
    mappings: Runs,
    locations: Runs,
    functions: Runs,
    strings: Runs,
}

impl<'a> Scan<'a> {
    /// Walks over the outermost fields; `None` for anything unusual.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut scan = Self {
            content: Cursor::new(bytes),
            header: ScanHeader::default(),
            samples: Runs::default(),
            mappings: Runs::default(),
            locations: Runs::default(),
            functions: Runs::default(),
            strings: Runs::default(),
        };
        let mut cursor = scan.content;
        while !cursor.is_done() {
            let start = cursor.position();
            let tag = cursor.tag()?;
            match (tag & 7, tag >> 3) {
                (0, number) => {
                    let value = cursor.varint()?;
                    scan.number(number, value)?;
                }
                (2, number) => match scan.runs(number) {
                    Some(runs) => runs.take(start, tag, &mut cursor)?,
                    None => scan.message(number, cursor.prefixed()?)?,
                },
                _ => return None,
            }
        }
        // The first string is the empty one.
        if scan.strings().next().is_some_and(|first| !first.is_done()) {
            return None;
        }
        // A profile without a single field is no profile.
        (!bytes.is_empty()).then_some(scan)
    }

    /// Where messages of a field go that are rows of a table.
    #[inline]
    fn runs(&mut self, number: u8) -> Option<&mut Runs> {
        Some(match number {
            2 => &mut self.samples,
            3 => &mut self.mappings,
            4 => &mut self.locations,
            5 => &mut self.functions,
            6 => &mut self.strings,
            _ => return None,
        })
    }

    fn message(&mut self, number: u8, mut message: Cursor<'a>) -> Option<()> {
        match number {
            1 => self.header.sample_types.push(numbers(message)?),
            11 => self.header.period_type = numbers(message)?,
            13 => {
                while !message.is_done() {
                    self.header.comments.push(message.varint()?);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn number(&mut self, number: u8, value: u64) -> Option<()> {
        let header = &mut self.header;
        match number {
            7 => header.drop_frames = value,
            8 => header.keep_frames = value,
            // A second time is the mark of two profiles in one file.
            9 if header.time_nanos == 0 => header.time_nanos = value as i64,
            10 => header.duration_nanos = value as i64,
            12 => header.period = value as i64,
            13 => header.comments.push(value),
            14 => header.default_sample_type = value,
            15 => header.doc_url = value,
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn sample_count(&self) -> usize {
        self.samples.messages
    }

    pub(crate) fn string_count(&self) -> usize {
        self.strings.messages
    }

    /// The most rows that one of the other tables has.
    pub(crate) fn most_rows(&self) -> usize {
        self.mappings
            .messages
            .max(self.locations.messages)
            .max(self.functions.messages)
    }

    fn messages(&'a self, runs: &'a Runs) -> Messages<'a> {
        Messages {
            content: self.content,
            runs: runs.runs.iter(),
            run: self.content.part(0, 0),
        }
    }

    pub(crate) fn samples(&'a self) -> Messages<'a> {
        self.messages(&self.samples)
    }

    /// The mappings; an item is `None` when it is unusual.
    pub(crate) fn mappings(&'a self) -> impl Iterator<Item = Option<ScanMapping>> {
        self.messages(&self.mappings).map(mapping)
    }

    pub(crate) fn locations(&'a self) -> Messages<'a> {
        self.messages(&self.locations)
    }

    pub(crate) fn functions(&'a self) -> Messages<'a> {
        self.messages(&self.functions)
    }

    pub(crate) fn strings(&'a self) -> Messages<'a> {
        self.messages(&self.strings)
    }
}

/// Messages of one field, which were walked over before.
pub(crate) struct Messages<'a> {
    content: Cursor<'a>,
    runs: std::slice::Iter<'a, (usize, usize)>,
    run: Cursor<'a>,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Cursor<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Cursor<'a>> {
        if self.run.is_done() {
            let &(start, end) = self.runs.next()?;
            self.run = self.content.part(start, end);
        }
        self.run.tag()?;
        self.run.prefixed()
    }
}
