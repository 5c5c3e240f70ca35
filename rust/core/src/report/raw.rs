//! `-raw`: all tables as text.

use super::context::Report;
use super::out::put;
use super::prepare::location_id;
use super::time::{duration, raw_time};
use crate::error::Result;
use crate::ids::{LabelSetId, LocationId};
use crate::interrupt;
use crate::table::{Label, LabelValue};

/// Characters of a duration that are shown.
const DURATION_CHARS: usize = 4;

pub(super) fn print(report: &Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    put_header(report, out);
    put_samples(report, out)?;
    out.extend_from_slice(b"Locations\n");
    for location in report.view.locations().ids() {
        put_location(report, location, out);
    }
    put_mappings(report, out);
    Ok(())
}

fn put_header(report: &Report<'_, '_>, out: &mut Vec<u8>) {
    let header = report.view.header();
    let strings = report.view.strings();
    let mut line = |parts: &[&[u8]]| {
        out.extend(parts.concat());
        out.push(b'\n');
    };
    for &comment in &header.comments {
        line(&[b"Comment: ", strings.get(comment)]);
    }
    if !header.doc_url.is_empty() {
        line(&[b"Doc: ", strings.get(header.doc_url)]);
    }
    line(&[
        b"PeriodType: ",
        strings.get(header.period_type.type_),
        b" ",
        strings.get(header.period_type.unit),
    ]);
    line(&[b"Period: ", header.period.to_string().as_bytes()]);
    if header.time_nanos != 0 {
        line(&[
            b"Time: ",
            raw_time(header.time_nanos, report.options.zone).as_bytes(),
        ]);
    }
    if header.duration_nanos != 0 {
        let short: String = duration(header.duration_nanos)
            .chars()
            .take(DURATION_CHARS)
            .collect();
        line(&[b"Duration: ", short.as_bytes()]);
    }
    let mut types = Vec::new();
    for sample_type in &header.sample_types {
        types.extend_from_slice(strings.get(sample_type.type_));
        types.push(b'/');
        types.extend_from_slice(strings.get(sample_type.unit));
        let is_default = sample_type.type_ == header.default_sample_type;
        types.extend_from_slice(if is_default { b"[dflt] " } else { b" " });
    }
    line(&[b"Samples:\n", trimmed(&types)]);
}

/// Text without blanks at its ends, Unicode ones included.
fn trimmed(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or_else(|_| text.trim_ascii(), |text| text.trim().as_bytes())
}

fn put_samples(report: &Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    let view = report.view;
    let mut labels: Vec<Option<Vec<u8>>> = vec![None; view.label_sets().len()];
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        for column in view.values() {
            put(out, format_args!(" {:10}", column[sample.row as usize]));
        }
        out.extend_from_slice(b": ");
        for location in view.stacks().frames(sample.stack) {
            put(out, format_args!("{} ", location_id(view.locations(), location)));
        }
        out.push(b'\n');
        let set = &mut labels[sample.label_set.index()];
        out.extend_from_slice(set.get_or_insert_with(|| label_lines(report, sample.label_set)));
    }
    Ok(())
}

/// A line of text labels and one of numeric labels, each only if there are any.
fn label_lines(report: &Report<'_, '_>, set: LabelSetId) -> Vec<u8> {
    let strings = report.view.strings();
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for group in report.view.label_sets().groups(set) {
        let Some(first) = group.first() else { continue };
        let has_unit = |label: &Label| matches!(label.value, LabelValue::Num(_, unit) if !unit.is_empty());
        let with_units = group.iter().any(has_unit);
        let values: Vec<Vec<u8>> = group
            .iter()
            .map(|label| match label.value {
                LabelValue::Str(text) => strings.get(text).to_vec(),
                LabelValue::Num(number, unit) if with_units => {
                    [number.to_string().as_bytes(), b" ", strings.get(unit)].concat()
                }
                LabelValue::Num(number, _) => number.to_string().into_bytes(),
            })
            .collect();
        let label = [strings.get(first.key), b":[", &values.join(&b' '), b"]"].concat();
        if first.is_num() {
            numbers.push(label);
        } else {
            texts.push(label);
        }
    }
    let mut out = Vec::new();
    for mut labels in [texts, numbers] {
        if !labels.is_empty() {
            labels.sort();
            out.extend_from_slice(b"                ");
            out.extend(labels.join(&b' '));
            out.push(b'\n');
        }
    }
    out
}

fn put_location(report: &Report<'_, '_>, location: LocationId, out: &mut Vec<u8>) {
    let view = report.view;
    let strings = view.strings();
    let row = view.locations().get(location);
    put(
        out,
        format_args!(
            "{:6}: {:#x} ",
            location_id(view.locations(), location),
            row.address
        ),
    );
    if let Some(mapping) = row.mapping {
        put(
            out,
            format_args!("M={} ", view.mappings().ids.get(mapping.index())),
        );
    }
    if row.is_folded {
        out.extend_from_slice(b"[F] ");
    }
    let lines = view.locations().lines(location);
    if lines.is_empty() {
        out.push(b'\n');
    }
    for (position, line) in lines.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b"             ");
        }
        let function = view.functions().get(line.function);
        out.extend_from_slice(strings.get(function.name));
        out.push(b' ');
        out.extend_from_slice(strings.get(function.filename));
        put(
            out,
            format_args!(":{}:{} s={}", line.line, line.column, function.start_line),
        );
        if function.name != function.system_name {
            out.push(b'(');
            out.extend_from_slice(strings.get(function.system_name));
            out.push(b')');
        }
        out.push(b'\n');
    }
}

fn put_mappings(report: &Report<'_, '_>, out: &mut Vec<u8>) {
    let mappings = report.view.mappings();
    let strings = report.view.strings();
    out.extend_from_slice(b"Mappings\n");
    for (row, mapping) in mappings.rows.iter().enumerate() {
        put(
            out,
            format_args!(
                "{}: {:#x}/{:#x}/{:#x} ",
                mappings.ids.get(row),
                mapping.start,
                mapping.limit,
                mapping.offset
            ),
        );
        out.extend_from_slice(strings.get(mapping.file));
        out.push(b' ');
        out.extend_from_slice(strings.get(mapping.build_id));
        out.push(b' ');
        let flags: [(bool, &[u8]); 4] = [
            (mapping.has_functions, b"[FN]"),
            (mapping.has_filenames, b"[FL]"),
            (mapping.has_line_numbers, b"[LN]"),
            (mapping.has_inline_frames, b"[IN]"),
        ];
        flags
            .iter()
            .filter(|(set, _)| *set)
            .for_each(|(_, flag)| out.extend_from_slice(flag));
        out.push(b'\n');
    }
}
