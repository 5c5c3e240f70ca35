//! Profile -> bytes of the protobuf form.
//!
//! The same profile always gives the same bytes: strings are numbered in the order in which the fields below first
//! name them, which is also the order in which pprof's own encoder numbers them.

use super::varint::{put_bytes, put_opt, put_varint, varint_len};
use crate::ids::{LabelSetId, StringId};
use crate::profile::Profile;
use crate::table::{LabelValue, Line};
use crate::value_type::ValueType;

/// Encodes a profile, uncompressed.
#[must_use]
pub fn encode_proto(profile: &Profile) -> Vec<u8> {
    Encoder::new(profile).run()
}

struct Encoder<'p> {
    profile: &'p Profile,
    /// Number of each string in the output, plus one; 0 while it has none.
    numbers: Vec<u32>,
    strings: Vec<StringId>,
    out: Vec<u8>,
    message: Vec<u8>,
    nested: Vec<u8>,
}

impl<'p> Encoder<'p> {
    fn new(profile: &'p Profile) -> Self {
        let mut numbers = vec![0; profile.strings.len()];
        numbers[0] = 1;
        Self {
            profile,
            numbers,
            strings: vec![StringId::EMPTY],
            out: Vec::new(),
            message: Vec::new(),
            nested: Vec::new(),
        }
    }

    fn string(&mut self, id: StringId) -> u64 {
        let number = &mut self.numbers[id.index()];
        if *number == 0 {
            self.strings.push(id);
            *number = self.strings.len() as u32;
        }
        u64::from(*number - 1)
    }

    fn run(mut self) -> Vec<u8> {
        self.number_strings();
        let header = &self.profile.header;
        for &sample_type in &header.sample_types {
            self.value_type(1, sample_type);
        }
        let labels = self.encoded_label_sets();
        self.out.reserve(self.about(&labels));
        self.samples(&labels);
        self.mappings();
        self.locations();
        self.functions();
        for id in std::mem::take(&mut self.strings) {
            put_bytes(6, self.profile.strings.get(id), &mut self.out);
        }
        let drop_frames = self.string(header.drop_frames);
        put_opt(7, drop_frames, &mut self.out);
        let keep_frames = self.string(header.keep_frames);
        put_opt(8, keep_frames, &mut self.out);
        put_opt(9, header.time_nanos as u64, &mut self.out);
        put_opt(10, header.duration_nanos as u64, &mut self.out);
        if header.period_type != ValueType::default() {
            self.value_type(11, header.period_type);
        }
        put_opt(12, header.period as u64, &mut self.out);
        let comments: Vec<u64> = header
            .comments
            .iter()
            .map(|&comment| self.string(comment))
            .collect();
        put_repeated(13, &comments, &mut self.out);
        let default_sample_type = self.string(header.default_sample_type);
        put_varint(14 << 3, &mut self.out);
        put_varint(default_sample_type, &mut self.out);
        let doc_url = self.string(header.doc_url);
        put_opt(15, doc_url, &mut self.out);
        self.out
    }

    /// Numbers all strings that are used, in pprof's order.
    fn number_strings(&mut self) {
        let profile = self.profile;
        let header = &profile.header;
        for st in &header.sample_types {
            self.string(st.type_);
            self.string(st.unit);
        }
        let mut seen = vec![false; profile.label_sets.len()];
        for set in &profile.samples.label_set {
            if std::mem::replace(&mut seen[set.index()], true) {
                continue;
            }
            for label in profile.label_sets.get(*set) {
                self.string(label.key);
                match label.value {
                    LabelValue::Str(text) => self.string(text),
                    LabelValue::Num(_, unit) => self.string(unit),
                };
            }
        }
        for mapping in &profile.mappings.rows {
            self.string(mapping.file);
            self.string(mapping.build_id);
        }
        let functions = &profile.functions;
        for row in 0..functions.len() {
            self.string(functions.name[row]);
            self.string(functions.system_name[row]);
            self.string(functions.filename[row]);
        }
        for id in [
            header.drop_frames,
            header.keep_frames,
            header.period_type.type_,
            header.period_type.unit,
        ] {
            self.string(id);
        }
        for &comment in &header.comments {
            self.string(comment);
        }
        self.string(header.default_sample_type);
        self.string(header.doc_url);
    }

    fn value_type(&mut self, number: u64, value_type: ValueType) {
        let (type_, unit) = (self.string(value_type.type_), self.string(value_type.unit));
        self.message.clear();
        put_opt(1, type_, &mut self.message);
        put_opt(2, unit, &mut self.message);
        put_bytes(number, &self.message, &mut self.out);
    }

    /// The label fields of each set, encoded once and copied into every sample that has it.
    fn encoded_label_sets(&mut self) -> crate::table::ByteArena {
        let profile = self.profile;
        let mut arena = crate::table::ByteArena::default();
        // A filtered profile may keep sets that no sample has any more; their strings are not to be written.
        let mut used = vec![false; profile.label_sets.len()];
        for set in &profile.samples.label_set {
            used[set.index()] = true;
        }
        for id in profile.label_sets.ids() {
            self.message.clear();
            for label in profile.label_sets.get(id).iter().filter(|_| used[id.index()]) {
                self.nested.clear();
                let key = self.string(label.key);
                put_opt(1, key, &mut self.nested);
                match label.value {
                    LabelValue::Str(text) => {
                        let text = self.string(text);
                        put_opt(2, text, &mut self.nested);
                    }
                    LabelValue::Num(value, unit) => {
                        let unit = self.string(unit);
                        put_opt(3, value as u64, &mut self.nested);
                        put_opt(4, unit, &mut self.nested);
                    }
                }
                put_bytes(3, &self.nested, &mut self.message);
            }
            arena.push(&self.message);
        }
        arena
    }

    /// About how many bytes come out: most often a little more than will, so that they are not moved while they grow.
    fn about(&self, labels: &crate::table::ByteArena) -> usize {
        let Profile {
            samples,
            stacks,
            locations,
            functions,
            strings,
            ..
        } = self.profile;
        let of_stack = stacks.byte_len() / stacks.len().max(1);
        let of_labels = labels.byte_len() / labels.len().max(1);
        samples.len() * (of_stack + of_labels + 10 + 5 * samples.values.len())
            + locations.len() * 16
            + locations.line_count() * 10
            + functions.len() * 20
            + strings.byte_len()
            + 3 * strings.len()
    }

    fn samples(&mut self, labels: &crate::table::ByteArena) {
        let profile = self.profile;
        let sequential = profile.locations.ids == crate::table::FileIds::Sequential;
        let mut ids = Vec::new();
        let mut values: Vec<u64> = Vec::new();
        for sample in 0..profile.samples.len() {
            self.message.clear();
            let stack = profile.samples.stack[sample];
            let packed = profile.stacks.packed(stack);
            if sequential && profile.stacks.frames(stack).nth(2).is_some() {
                put_bytes(1, packed, &mut self.message);
            } else {
                ids.clear();
                ids.extend(
                    profile
                        .stacks
                        .frames(stack)
                        .map(|location| profile.locations.ids.get(location.index())),
                );
                put_repeated(1, &ids, &mut self.message);
            }
            values.clear();
            values.extend(profile.samples.row(sample).map(|value| value as u64));
            put_repeated(2, &values, &mut self.message);
            let set: LabelSetId = profile.samples.label_set[sample];
            self.message.extend_from_slice(labels.get(set.index()));
            put_bytes(2, &self.message, &mut self.out);
        }
    }

    fn mappings(&mut self) {
        let profile = self.profile;
        for (row, mapping) in profile.mappings.rows.iter().enumerate() {
            let (file, build_id) = (self.string(mapping.file), self.string(mapping.build_id));
            self.message.clear();
            let fields = [
                profile.mappings.ids.get(row),
                mapping.start,
                mapping.limit,
                mapping.offset,
                file,
                build_id,
                u64::from(mapping.has_functions),
                u64::from(mapping.has_filenames),
                u64::from(mapping.has_line_numbers),
                u64::from(mapping.has_inline_frames),
            ];
            for (number, value) in (1..).zip(fields) {
                put_opt(number, value, &mut self.message);
            }
            put_bytes(3, &self.message, &mut self.out);
        }
    }

    fn locations(&mut self) {
        let profile = self.profile;
        for id in profile.locations.ids() {
            let location = profile.locations.get(id);
            self.message.clear();
            put_opt(1, profile.locations.ids.get(id.index()), &mut self.message);
            put_opt(
                2,
                location
                    .mapping
                    .map_or(0, |m| profile.mappings.ids.get(m.index())),
                &mut self.message,
            );
            put_opt(3, location.address, &mut self.message);
            for &Line {
                function,
                line,
                column,
            } in profile.locations.lines(id)
            {
                self.nested.clear();
                put_opt(1, profile.functions.ids.get(function.index()), &mut self.nested);
                put_opt(2, line as u64, &mut self.nested);
                put_opt(3, column as u64, &mut self.nested);
                put_bytes(4, &self.nested, &mut self.message);
            }
            put_opt(5, u64::from(location.is_folded), &mut self.message);
            put_bytes(4, &self.message, &mut self.out);
        }
    }

    fn functions(&mut self) {
        let functions = &self.profile.functions;
        for row in 0..functions.len() {
            let name = self.string(functions.name[row]);
            let system_name = self.string(functions.system_name[row]);
            let filename = self.string(functions.filename[row]);
            self.message.clear();
            let fields = [
                functions.ids.get(row),
                name,
                system_name,
                filename,
                functions.start_line[row] as u64,
            ];
            for (number, value) in (1..).zip(fields) {
                put_opt(number, value, &mut self.message);
            }
            put_bytes(5, &self.message, &mut self.out);
        }
    }
}

/// A repeated number: packed from three elements on, as pprof's encoder does.
fn put_repeated(number: u64, values: &[u64], into: &mut Vec<u8>) {
    if values.len() > 2 {
        put_varint(number << 3 | 2, into);
        put_varint(values.iter().map(|&value| varint_len(value) as u64).sum(), into);
        for &value in values {
            put_varint(value, into);
        }
    } else {
        for &value in values {
            put_varint(number << 3, into);
            put_varint(value, into);
        }
    }
}
