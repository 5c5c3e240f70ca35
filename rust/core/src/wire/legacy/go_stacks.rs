//! Stacks of goroutines in words, as Go prints them: `debug=2` of the goroutine profile, and what a crash leaves.
//!
//! Every goroutine is told by a header, its frames in two lines each, and who created it. The result is a profile of counts:
//! equal goroutines are one sample. What a protobuf profile has no place for becomes labels:
//!
//! | label | from |
//! |---|---|
//! | `state` | the first words in brackets, such as `chan receive` |
//! | `wait_minutes` | `5 minutes`; absent below one minute |
//! | `created_by`, `created_at` | `created by f in goroutine 1`, and the line beneath it |
//! | `locked_to_thread`, `leaked` | `true`, absent otherwise |
//! | `synctest_bubble` | its number |
//!
//! and the goroutine's own labels where they are printed. Numbers of goroutines are left out: they make every one differ.
//! Source: `goroutineheader` and `traceback` in Go's runtime/traceback.go, versions 1.18 to 1.26.

use super::lines::Lines;
use super::numbers::parse_int;
use super::pattern::{Pattern, compile, group};
use super::refusal::Refusal;
use super::text::{shown, trim};
use crate::error::{Error, Result};
use crate::ids::{FunctionId, LocationId, StringId};
use crate::limits::Limits;
use crate::profile::{Note, Profile, ProfileBuilder};
use crate::table::{Function, Label, Line, Location};
use rustc_hash::FxHashMap;

static HEADER: Pattern = Pattern::new(|| {
    compile(r"\Agoroutine \d+(?: gp=[^ ]+ m=[^ ]+(?: mp=[^ ]+)?)? \[([^\]]+)\]( (?:labels:)?\{.*\})?:\z")
});

static PLACE: Pattern =
    Pattern::new(|| compile(r"\A[\t ]+(.+):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=0x[0-9a-f]+ .*)?\z"));

static CREATED: Pattern = Pattern::new(|| compile(r"\Acreated by (.+?)(?: in goroutine \d+)?\z"));

static LABEL: Pattern = Pattern::new(|| compile(r#""((?:[^"\\]|\\.)*)": ?"((?:[^"\\]|\\.)*)""#));

/// What a state may end in besides: a mark of the collector, of the search for leaks, of a test's bubble.
const MARKS: [&[u8]; 4] = [b"(scan)", b"(leaked)", b"(durable)", b"(synctest)"];

/// What `trim` leaves of lines that say in words that frames are missing.
const MISSING: [&[u8]; 2] = [
    b"goroutine running on other thread; stack unavailable",
    b"goroutine in C code; stack unavailable",
];

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> std::result::Result<Profile, Refusal> {
    let mut stacks = Stacks::new(limits);
    let mut lines = Lines::new(bytes);
    let mut number = 0usize;
    while lines.scan() {
        crate::interrupt::check_at(number)?;
        number += 1;
        stacks
            .line(lines.text())
            .map_err(|error| error.at(lines.place()))?;
    }
    stacks.close().map_err(|error| error.at(lines.place()))?;
    if stacks.goroutines == 0 {
        return Err(Refusal::FOREIGN);
    }
    Ok(stacks.finish()?)
}

/// What the next line with a place belongs to.
#[derive(Debug, Default)]
enum Pending {
    #[default]
    Nothing,
    Frame(Vec<u8>),
    Creator(Vec<u8>),
}

/// The goroutine that is read.
#[derive(Debug, Default)]
struct Goroutine {
    labels: Vec<Label>,
    stack: Vec<LocationId>,
    pending: Pending,
}

type Key = (Vec<LocationId>, Vec<Label>);

struct Stacks {
    builder: ProfileBuilder,
    limits: Limits,
    functions: FxHashMap<(StringId, StringId), FunctionId>,
    locations: FxHashMap<(FunctionId, i64), LocationId>,
    rows: FxHashMap<Key, usize>,
    samples: Vec<(Key, i64)>,
    current: Option<Goroutine>,
    goroutines: u64,
    /// Bytes of the strings of all rows.
    strings: u64,
    /// Lines that belong to no goroutine, and the first of them.
    outside: u64,
    first_outside: String,
    elided: u64,
}

impl Stacks {
    fn new(limits: &Limits) -> Self {
        let mut builder = ProfileBuilder::default();
        let counted = builder.value_type(b"goroutine", b"count");
        builder.header.sample_types.push(counted);
        builder.header.period_type = counted;
        builder.header.period = 1;
        Self {
            builder,
            limits: *limits,
            functions: FxHashMap::default(),
            locations: FxHashMap::default(),
            rows: FxHashMap::default(),
            samples: Vec::new(),
            current: None,
            goroutines: 0,
            strings: 0,
            outside: 0,
            first_outside: String::new(),
            elided: 0,
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        if line.starts_with(b"goroutine ")
            && let Some(found) = HEADER.captures(line)
        {
            self.close()?;
            self.goroutines += 1;
            let labels = self.labels(group(&found, 1), group(&found, 2))?;
            self.current = Some(Goroutine {
                labels,
                ..Goroutine::default()
            });
            return Ok(());
        }
        if trim(line).is_empty() {
            return self.close();
        }
        let Some(current) = &mut self.current else {
            self.outside(line);
            return Ok(());
        };
        if let Some(found) = PLACE.captures(line) {
            let pending = std::mem::take(&mut current.pending);
            return self.place(pending, group(&found, 1), group(&found, 2));
        }
        if line.starts_with(b"...") {
            self.elided += 1;
            return Ok(());
        }
        if let Some(found) = CREATED.captures(line) {
            let creator = group(&found, 1).to_vec();
            self.settle()?;
            self.expect(Pending::Creator(creator));
            return Ok(());
        }
        // Arguments are numbers and braces: the last parenthesis opens them.
        if line.ends_with(b")")
            && let Some(name @ [_, ..]) = line
                .iter()
                .rposition(|&byte| byte == b'(')
                .and_then(|at| line.get(..at))
        {
            // The one function that is printed under the name of its keyword.
            let name = if name == b"panic" {
                b"runtime.gopanic"
            } else {
                name
            };
            self.settle()?;
            self.expect(Pending::Frame(name.to_vec()));
            return Ok(());
        }
        if !line.starts_with(b"[originating from") && !MISSING.contains(&trim(line)) {
            self.outside(line);
        }
        Ok(())
    }

    fn outside(&mut self, line: &[u8]) {
        if self.outside == 0 {
            self.first_outside = shown(line);
        }
        self.outside += 1;
    }

    fn expect(&mut self, pending: Pending) {
        if let Some(current) = &mut self.current {
            current.pending = pending;
        }
    }

    /// Takes a function whose place never came.
    fn settle(&mut self) -> Result<()> {
        match self
            .current
            .as_mut()
            .map(|current| std::mem::take(&mut current.pending))
        {
            Some(pending @ (Pending::Frame(_) | Pending::Creator(_))) => self.place(pending, b"", b"0"),
            Some(Pending::Nothing) | None => Ok(()),
        }
    }

    fn place(&mut self, pending: Pending, file: &[u8], line: &[u8]) -> Result<()> {
        match pending {
            Pending::Nothing => Ok(()),
            Pending::Frame(name) => {
                let Some(line) = parse_int(line, 10) else {
                    return Err(Error::invalid(format!(
                        "line {} is no number of 64 bits",
                        shown(line)
                    )));
                };
                let location = self.location(&name, file, line)?;
                let limit = self.limits.stack_depth;
                let Some(current) = &mut self.current else {
                    return Ok(());
                };
                if current.stack.len() as u64 >= limit {
                    return Err(Error::too_large("locations of one sample", limit, "stack_depth"));
                }
                current.stack.push(location);
                Ok(())
            }
            Pending::Creator(name) => {
                let mut made = vec![self.label(b"created_by", &name)?];
                if !file.is_empty() {
                    let at = [file, b":", line].concat();
                    made.push(self.label(b"created_at", &at)?);
                }
                if let Some(current) = &mut self.current {
                    current.labels.append(&mut made);
                }
                Ok(())
            }
        }
    }

    fn label(&mut self, key: &[u8], value: &[u8]) -> Result<Label> {
        let label = self.builder.label(key, value);
        self.grow(&[key, value])?;
        Ok(label)
    }

    /// Counts strings against their limit; one that is there already is counted again, which a whole text never needs.
    fn grow(&mut self, strings: &[&[u8]]) -> Result<()> {
        self.strings += strings.iter().map(|string| string.len() as u64).sum::<u64>();
        let limit = self.limits.string_bytes;
        if self.strings > limit {
            return Err(Error::too_large("bytes of strings", limit, "string_bytes"));
        }
        Ok(())
    }

    fn labels(&mut self, state: &[u8], own: &[u8]) -> Result<Vec<Label>> {
        let mut parts = state.split(|&byte| byte == b',').map(trim);
        let mut state = parts.next().unwrap_or(&[]);
        let mut labels = Vec::new();
        let mut is_leaked = false;
        while let Some(mark) = MARKS.iter().find(|mark| state.ends_with(mark)) {
            is_leaked |= *mark == b"(leaked)";
            state = trim(state.get(..state.len() - mark.len()).unwrap_or(&[]));
        }
        labels.push(self.label(b"state", state)?);
        for part in parts {
            let minutes = part
                .strip_suffix(b" minutes")
                .and_then(|text| parse_int(text, 10));
            if let Some(minutes) = minutes {
                labels.push(self.builder.num_label(b"wait_minutes", minutes, b"minutes"));
            } else if let Some(bubble) = part.strip_prefix(b"synctest bubble ") {
                labels.push(self.label(b"synctest_bubble", bubble)?);
            } else if part == b"locked to thread" {
                labels.push(self.label(b"locked_to_thread", b"true")?);
            } else if part == b"leaked" {
                is_leaked = true;
            }
        }
        if is_leaked {
            labels.push(self.label(b"leaked", b"true")?);
        }
        for found in LABEL.captures_iter(own) {
            if labels.len() as u64 >= self.limits.stack_depth {
                let limit = self.limits.stack_depth;
                return Err(Error::too_large("labels of one sample", limit, "stack_depth"));
            }
            labels.push(self.label(group(&found, 1), group(&found, 2))?);
        }
        Ok(labels)
    }

    fn check_rows(&self, len: usize) -> Result<()> {
        let limit = self.limits.table_rows.min(u64::from(u32::MAX));
        if len as u64 >= limit {
            return Err(Error::too_large("rows of one table", limit, "table_rows"));
        }
        Ok(())
    }

    fn location(&mut self, name: &[u8], file: &[u8], line: i64) -> Result<LocationId> {
        let key = (self.builder.string(name), self.builder.string(file));
        let function = if let Some(&function) = self.functions.get(&key) {
            function
        } else {
            self.check_rows(self.functions.len())?;
            self.grow(&[name, file])?;
            let function = self.builder.function(Function {
                name: key.0,
                system_name: key.0,
                filename: key.1,
                start_line: 0,
            });
            self.functions.insert(key, function);
            function
        };
        if let Some(&location) = self.locations.get(&(function, line)) {
            return Ok(location);
        }
        self.check_rows(self.locations.len())?;
        let lines = [Line {
            function,
            line,
            column: 0,
        }];
        let location = self.builder.location(Location::default(), &lines)?;
        self.locations.insert((function, line), location);
        Ok(location)
    }

    /// Ends the goroutine that is read.
    fn close(&mut self) -> Result<()> {
        self.settle()?;
        let Some(Goroutine { labels, stack, .. }) = self.current.take() else {
            return Ok(());
        };
        let key = (stack, labels);
        if let Some(&row) = self.rows.get(&key) {
            if let Some((_, count)) = self.samples.get_mut(row) {
                *count = count.saturating_add(1);
            }
            return Ok(());
        }
        if self.samples.len() as u64 >= self.limits.samples {
            return Err(Error::too_large("samples", self.limits.samples, "samples"));
        }
        self.rows.insert(key.clone(), self.samples.len());
        self.samples.push((key, 1));
        Ok(())
    }

    fn finish(mut self) -> Result<Profile> {
        for ((stack, mut labels), count) in self.samples {
            self.builder.sample(&stack, &[count], &mut labels)?;
        }
        let mut note = |code, detail| self.builder.notes.push(Note { code, detail });
        if self.outside > 0 {
            let lines = if self.outside == 1 { "line is" } else { "lines are" };
            note(
                "text_outside",
                format!(
                    "{} {lines} no part of a stack, the first: {}",
                    self.outside, self.first_outside
                ),
            );
        }
        if self.elided > 0 {
            note(
                "frames_elided",
                format!("{} stacks lack frames that the runtime left out", self.elided),
            );
        }
        Ok(self.builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::LabelValue;

    const DUMP: &str = "panic: boom\n\nmain.x\n\
        goroutine 1 [running]:\npanic({0x1, 0x2})\n\t/go/src/runtime/panic.go:787 +0x132\nmain.(*T[...]).f(0x1, {0x2?, _}, ...)\n\
        \tC:/app/main.go:12 +0x1b fp=0xc000 sp=0xc001 pc=0x48\n\n\
        goroutine 18 gp=0xc000186000 m=nil [chan receive (nil chan), 5 minutes, locked to thread]:\n\
        main.wait(...)\n\t/app/main.go:20\ncreated by main.start in goroutine 1\n\t/app/main.go:30 +0x5\n\n\
        goroutine 19 [chan receive (nil chan), 5 minutes, locked to thread]:\n\
        main.wait(...)\n\t/app/main.go:20\ncreated by main.start in goroutine 7\n\t/app/main.go:30 +0x5\n\
        goroutine 20 [chan send (leaked)] labels:{\"tenant\": \"a, \\\"b\", \"k\": \"v\"}:\nmain.send()\n\t/app/main.go:40\n\
        ...10 frames elided...\ncreated by main.start\n\t/app/main.go:31\n\n\
        goroutine 21 [select (no cases) (durable), synctest bubble 3]:\ngoroutine running on other thread; stack unavailable\n\n\
        rax    0x0\nexit status 2\n";

    fn read(text: &str) -> Profile {
        parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    /// A sample in words: count, frames, labels.
    fn told(profile: &Profile) -> Vec<String> {
        let text = |id| profile.strings.text(id);
        (0..profile.samples.len())
            .map(|row| {
                let frames: Vec<String> = profile
                    .stacks
                    .frames(profile.samples.stack[row])
                    .flat_map(|location| profile.locations.lines(location).to_vec())
                    .map(|line| {
                        format!(
                            "{}:{}",
                            text(profile.functions.name[line.function.index()]),
                            line.line
                        )
                    })
                    .collect();
                let labels: Vec<String> = profile
                    .label_sets
                    .get(profile.samples.label_set[row])
                    .iter()
                    .map(|label| match label.value {
                        LabelValue::Str(value) => format!("{}={}", text(label.key), text(value)),
                        LabelValue::Num(value, unit) => format!("{}={value} {}", text(label.key), text(unit)),
                    })
                    .collect();
                format!(
                    "{} {} | {}",
                    profile.samples.values[0][row],
                    frames.join(" < "),
                    labels.join("; ")
                )
            })
            .collect()
    }

    #[test]
    fn goroutines_that_are_alike_are_one_sample_and_what_is_said_of_them_are_labels() {
        let profile = read(DUMP);
        let waits = "created_at=/app/main.go:30; created_by=main.start; locked_to_thread=true; \
            state=chan receive (nil chan); wait_minutes=5 minutes";
        let expected = [
            "1 runtime.gopanic:787 < main.(*T[...]).f:12 | state=running".to_owned(),
            format!("2 main.wait:20 | {waits}"),
            "1 main.send:40 | created_at=/app/main.go:31; created_by=main.start; k=v; leaked=true; \
             state=chan send; tenant=a, \\\"b"
                .to_owned(),
            "1  | state=select (no cases); synctest_bubble=3".to_owned(),
        ];
        assert_eq!(told(&profile), expected);
        let notes: Vec<_> = profile.notes.iter().map(|note| note.detail.as_str()).collect();
        assert_eq!(
            notes,
            [
                "4 lines are no part of a stack, the first: \"panic: boom\"",
                "1 stacks lack frames that the runtime left out"
            ]
        );
    }

    #[test]
    fn files_with_a_drive_keep_it() {
        let profile = read(DUMP);
        let files: Vec<_> = profile
            .functions
            .filename
            .iter()
            .map(|&id| profile.strings.text(id))
            .collect();
        assert!(files.contains(&"C:/app/main.go".into()), "{files:?}");
    }

    #[test]
    fn every_beginning_of_a_dump_is_read_or_refused_and_never_counts_too_many() {
        let mut read = 0;
        for end in 0..DUMP.len() {
            match parse(&DUMP.as_bytes()[..end], &Limits::default()) {
                Ok(profile) => {
                    let count: i64 = profile.samples.values[0].iter().sum();
                    assert!((1..=5).contains(&count), "{end}");
                    read += 1;
                }
                Err(Refusal::Unrecognized(None)) => {
                    assert!(end < DUMP.find("[running]:").unwrap() + 10, "{end}");
                }
                Err(refusal) => panic!("{end}: {refusal:?}"),
            }
        }
        assert!(read > 500);
    }

    #[test]
    fn changed_bytes_never_panic() {
        for at in 0..DUMP.len() {
            for byte in [b'\n', b'(', b')', b':', b'[', b'{', b'"', b'\\', 0, 0xff] {
                let mut bytes = DUMP.as_bytes().to_vec();
                bytes[at] = byte;
                if let Ok(profile) = parse(&bytes, &Limits::default()) {
                    assert!(!profile.samples.is_empty());
                }
            }
        }
    }

    #[test]
    fn the_limits_hold() {
        let one = |set: fn(&mut Limits)| {
            let mut limits = Limits::default();
            set(&mut limits);
            match parse(DUMP.as_bytes(), &limits) {
                Err(Refusal::Failed(error)) => error.to_string(),
                other => panic!("{:?}", other.map(|_| ())),
            }
        };
        assert!(one(|limits| limits.samples = 1).contains("samples over the limit of 1"));
        assert!(one(|limits| limits.stack_depth = 1).contains("locations of one sample over the limit of 1"));
        assert!(one(|limits| limits.table_rows = 2).contains("rows of one table over the limit of 2"));
        assert!(one(|limits| limits.string_bytes = 30).contains("bytes of strings over the limit of 30"));
    }

    #[test]
    fn a_line_number_of_more_than_64_bits_is_reported_with_its_line() {
        let text = "goroutine 1 [running]:\nmain.f()\n\t/a.go:99999999999999999999\n";
        let Err(Refusal::Failed(error)) = parse(text.as_bytes(), &Limits::default()) else {
            panic!()
        };
        assert_eq!(error.place, Some(crate::error::Place::Line(3)));
    }

    #[test]
    fn text_that_speaks_of_goroutines_is_no_dump() {
        for text in [
            "goroutine 1 is slow:\n",
            "goroutine 3 []:\n",
            "goroutine x [running]:\n",
            "goroutine 1 [a] b:\n",
            "",
        ] {
            assert!(
                matches!(
                    parse(text.as_bytes(), &Limits::default()),
                    Err(Refusal::Unrecognized(None))
                ),
                "{text}"
            );
        }
    }
}
