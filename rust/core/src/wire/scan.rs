//! A plain profile laid out: where each table lies in the bytes, without a copy of any of it.
//!
//! This is the quick way for those who read a profile once, row by row. It knows well-formed files with known fields
//! only; of anything else it says nothing but that it gives up, and the full decoder then reads the file, or says what
//! is wrong with it.

use super::cursor::Cursor;

/// Stretches of the bytes in which messages of one field follow one another.
#[derive(Debug, Default)]
struct Runs {
    runs: Vec<(usize, usize)>,
    messages: usize,
}

impl Runs {
    fn add(&mut self, start: usize, end: usize) {
        self.messages += 1;
        match self.runs.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => self.runs.push((start, end)),
        }
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

/// One mapping as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanMapping {
    pub id: u64,
    pub start: u64,
    pub limit: u64,
    pub offset: u64,
    pub file: u64,
    pub build_id: u64,
    /// `has_functions`, `has_filenames`, `has_line_numbers`, `has_inline_frames`.
    pub has: [bool; 4],
}

/// One function as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanFunction {
    pub id: u64,
    pub name: u64,
    pub system_name: u64,
    pub filename: u64,
    pub start_line: i64,
}

/// One location as it stands in the file; its lines are given beside it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanLocation {
    pub id: u64,
    pub mapping: u64,
    pub address: u64,
    pub is_folded: bool,
}

/// One line as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanLine {
    pub function: u64,
    pub line: i64,
    pub column: i64,
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
            match tag & 7 {
                0 => {
                    let value = cursor.varint()?;
                    scan.number(tag >> 3, value)?;
                }
                2 => {
                    let message = cursor.prefixed()?;
                    scan.message(tag >> 3, message, start, cursor.position())?;
                }
                _ => return None,
            }
        }
        // A profile without a single field is no profile.
        (!bytes.is_empty()).then_some(scan)
    }

    #[inline]
    fn message(&mut self, number: u8, message: Cursor<'a>, start: usize, end: usize) -> Option<()> {
        match number {
            2 => self.samples.add(start, end),
            3 => self.mappings.add(start, end),
            4 => self.locations.add(start, end),
            5 => self.functions.add(start, end),
            6 => {
                if self.strings.messages == 0 && message.rest_len() > 0 {
                    return None;
                }
                self.strings.add(start, end);
            }
            1 => self.header.sample_types.push(pair(message)?),
            11 => self.header.period_type = pair(message)?,
            13 => {
                let mut comments = message;
                while !comments.is_done() {
                    self.header.comments.push(comments.varint()?);
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

    fn messages(&self, runs: &'a Runs) -> impl Iterator<Item = Cursor<'a>> {
        let content = self.content;
        runs.runs
            .iter()
            .flat_map(move |&(start, end)| Messages(content.part(start, end)))
    }

    /// Calls `each` with every sample message.
    #[allow(clippy::inline_always, reason = "it is made anew for each way of reading")]
    #[inline(always)]
    pub(crate) fn for_each_sample(&self, mut each: impl FnMut(Cursor<'a>) -> Option<()>) -> Option<()> {
        for &(start, end) in &self.samples.runs {
            let mut samples = self.content.part(start, end);
            while !samples.is_done() {
                samples.tag()?;
                each(samples.prefixed()?)?;
            }
        }
        Some(())
    }

    pub(crate) fn strings(&'a self) -> impl Iterator<Item = &'a [u8]> {
        self.messages(&self.strings).map(|string| string.rest())
    }

    /// The mappings; an item is `None` when it is unusual.
    pub(crate) fn mappings(&'a self) -> impl Iterator<Item = Option<ScanMapping>> {
        self.messages(&self.mappings).map(|bytes| {
            let mut mapping = ScanMapping::default();
            numbers(bytes, |number, value| {
                match number {
                    1 => mapping.id = value,
                    2 => mapping.start = value,
                    3 => mapping.limit = value,
                    4 => mapping.offset = value,
                    5 => mapping.file = value,
                    6 => mapping.build_id = value,
                    7..=10 => mapping.has[usize::from(number) - 7] = value != 0,
                    _ => return None,
                }
                Some(())
            })
            .map(|()| mapping)
        })
    }

    /// The functions; an item is `None` when it is unusual.
    pub(crate) fn functions(&'a self) -> impl Iterator<Item = Option<ScanFunction>> {
        self.messages(&self.functions).map(|bytes| {
            let mut function = ScanFunction::default();
            numbers(bytes, |number, value| {
                match number {
                    1 => function.id = value,
                    2 => function.name = value,
                    3 => function.system_name = value,
                    4 => function.filename = value,
                    5 => function.start_line = value as i64,
                    _ => return None,
                }
                Some(())
            })
            .map(|()| function)
        })
    }

    /// Calls `each` with every location and its lines.
    pub(crate) fn for_each_location(
        &'a self,
        mut each: impl FnMut(ScanLocation, &[ScanLine]) -> Option<()>,
    ) -> Option<()> {
        let mut lines = Vec::new();
        for bytes in self.messages(&self.locations) {
            lines.clear();
            let location = location(bytes, &mut lines)?;
            each(location, &lines)?;
        }
        Some(())
    }
}

/// Messages that follow one another and were walked over before.
struct Messages<'a>(Cursor<'a>);

impl<'a> Iterator for Messages<'a> {
    type Item = Cursor<'a>;

    #[inline]
    fn next(&mut self) -> Option<Cursor<'a>> {
        if self.0.is_done() {
            return None;
        }
        self.0.tag()?;
        self.0.prefixed()
    }
}

/// Fields 1, 2, 3 and 5 are numbers, 4 is a message.
fn location(mut message: Cursor<'_>, lines: &mut Vec<ScanLine>) -> Option<ScanLocation> {
    let mut location = ScanLocation::default();
    while !message.is_done() {
        match message.tag()? {
            0x08 => location.id = message.varint()?,
            0x10 => location.mapping = message.varint()?,
            0x18 => location.address = message.varint()?,
            0x22 => {
                let mut line = ScanLine::default();
                numbers(message.prefixed()?, |number, value| {
                    match number {
                        1 => line.function = value,
                        2 => line.line = value as i64,
                        3 => line.column = value as i64,
                        _ => return None,
                    }
                    Some(())
                })?;
                lines.push(line);
            }
            0x28 => location.is_folded = message.varint()? != 0,
            _ => return None,
        }
    }
    Some(location)
}

fn pair(message: Cursor<'_>) -> Option<[u64; 2]> {
    let mut pair = [0; 2];
    numbers(message, |number, value| {
        *pair.get_mut(usize::from(number).checked_sub(1)?)? = value;
        Some(())
    })?;
    Some(pair)
}

/// Calls `each` with every field of a message of numbers; `None` for any other field, or when `each` says so.
#[inline]
pub(crate) fn numbers(mut message: Cursor<'_>, mut each: impl FnMut(u8, u64) -> Option<()>) -> Option<()> {
    while !message.is_done() {
        let tag = message.tag()?;
        if tag & 7 != 0 {
            return None;
        }
        each(tag >> 3, message.varint()?)?;
    }
    Some(())
}
