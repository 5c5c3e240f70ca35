//! `-comments`: the profile's comments.

use super::context::Report;

pub(super) fn print(report: &Report<'_, '_>, out: &mut Vec<u8>) {
    for &comment in &report.view.header().comments {
        out.extend_from_slice(report.view.strings().get(comment));
        out.push(b'\n');
    }
}
