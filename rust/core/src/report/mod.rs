//! The drop-in reports: text identical to that of `go tool pprof`.
//!
//! [`prepare`] does to each file read what pprof does on loading it; [`render`] turns the one profile that came of
//! them into a report. One file a report; [`context`] holds what all of them need.

mod callgrind;
mod comments;
mod context;
mod dot;
mod dot_color;
mod labels;
mod list;
mod message;
mod nodelets;
mod options;
mod out;
mod prepare;
mod program;
mod proto;
mod raw;
mod shorten;
mod source;
mod tabs;
mod tags;
mod text;
mod time;
mod topproto;
mod traces;
mod tree;
mod trim_path;
mod url;

pub(crate) use dot_color::dot_color;
pub use message::pprof_message;
pub use options::{Format, ReportOptions};
pub use prepare::{prepare, prepare_for};
pub use program::is_program;
pub use shorten::shorten_function_name;
pub use source::SourceFiles;
pub use time::{Zone, utc};

use crate::error::Result;
use crate::pattern::Pattern;
use crate::profile::Profile;
use crate::view::{Matched, NumLabelUnits, View};
use context::Report;

/// A finished report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// What pprof writes to its standard output.
    pub bytes: Vec<u8>,
    /// What it writes to its standard error on the way, a line each.
    pub messages: Vec<String>,
}

/// Makes the report that pprof makes of this profile with these options.
///
/// # Errors
///
/// [`ErrorKind::UnknownSampleType`](crate::ErrorKind::UnknownSampleType),
/// [`ErrorKind::InvalidPattern`](crate::ErrorKind::InvalidPattern), a divisor of zero, and
/// [`ErrorKind::NoMatches`](crate::ErrorKind::NoMatches) when the expression of a `peek` or `list` matches nothing.
/// [`pprof_message`] has pprof's words for them.
pub fn render(profile: &Profile, options: &ReportOptions<'_>, sources: &dyn SourceFiles) -> Result<Rendered> {
    let mut messages = Vec::new();
    let bytes = render_noting(profile, options, sources, &mut messages)?;
    Ok(Rendered { bytes, messages })
}

/// As [`render`], with the messages in a place where they outlive an error: a filter that matched nothing often is
/// the reason of it.
///
/// # Errors
///
/// As [`render`].
pub fn render_noting(
    profile: &Profile,
    options: &ReportOptions<'_>,
    sources: &dyn SourceFiles,
    messages: &mut Vec<String>,
) -> Result<Vec<u8>> {
    let profile = prepare::finish(profile, options.comment.as_deref());
    let mut view = View::new(&profile);
    let units = view.num_label_units();
    note_ignored_units(&view, &units, messages);

    let filters = &options.filters;
    let mut matched = Matched::default();
    filters.add_label_frames(&mut view, &options.unit, &mut matched);
    note_matches(&matched, messages);

    // Percentages are of everything unless asked for otherwise, so the filters come after the total.
    let relative = filters.relative_percentages;
    if relative {
        apply_filters(&mut view, options, &units, messages)?;
    }
    let totals = context::Totals::new(&profile, &view, options)?;
    let argument = options
        .format
        .argument()
        .map(|pattern| Pattern::new("argument", pattern))
        .transpose()?;
    if !relative {
        apply_filters(&mut view, options, &units, messages)?;
    }
    view.aggregate(options.granularity(), filters.noinlines, filters.showcolumns);

    let mut report = Report::new(&view, options, totals, units);
    let mut out = Vec::new();
    match (&options.format, &argument) {
        (Format::Top, _) => text::print(&mut report, &mut out)?,
        (Format::Tree | Format::Peek(_), pattern) => tree::print(&mut report, pattern.as_ref(), &mut out)?,
        (Format::Traces, _) => traces::print(&report, &mut out)?,
        (Format::Tags, _) => tags::print(&report, &mut out),
        (Format::Comments, _) => comments::print(&report, &mut out),
        (Format::Raw, _) => raw::print(&report, &mut out)?,
        (Format::List(_), Some(pattern)) => list::print(&report, pattern, sources, &mut out)?,
        // The expression of a listing is always compiled above.
        (Format::List(_), None) => {}
        (Format::Dot, _) => dot::print(&mut report, &mut out)?,
        (Format::Callgrind, _) => callgrind::print(&mut report, &mut out)?,
        (Format::Proto, _) => out = proto::encode(&report)?,
        (Format::TopProto, _) => out = topproto::encode(&mut report)?,
    }
    Ok(out)
}

fn apply_filters(
    view: &mut View<'_>,
    options: &ReportOptions<'_>,
    units: &NumLabelUnits,
    messages: &mut Vec<String>,
) -> Result<()> {
    let mut matched = Matched::default();
    let applied = options.filters.apply(view, units, &mut matched);
    note_matches(&matched, messages);
    applied
}

fn note_matches(matched: &Matched, messages: &mut Vec<String>) {
    for (option, value) in &matched.ranges {
        messages.push(format!("{option}:Interpreted '{value}' as range, not regexp"));
    }
    for option in &matched.nothing {
        messages.push(format!("{option} expression matched no samples"));
    }
}

fn note_ignored_units(view: &View<'_>, units: &NumLabelUnits, messages: &mut Vec<String>) {
    for (key, ignored) in &units.ignored {
        let used = view
            .strings()
            .find(key.as_bytes())
            .map_or("", |key| units.get(key));
        messages.push(format!(
            "For tag {key} used unit {used}, also encountered unit(s) {}",
            ignored.join(", ")
        ));
    }
}
