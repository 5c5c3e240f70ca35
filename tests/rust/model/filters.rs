//! The filters, one sample after the other.

use super::naive::{Label, Line, Location, Profile};
use pprof_core::pattern::Pattern;
use pprof_core::view::{FilterSpec, Granularity};
use std::collections::BTreeMap;

fn compiled(expression: &str) -> Option<Pattern> {
    Pattern::optional("option", expression).unwrap()
}

fn line_matches(line: &Line, pattern: &Pattern) -> bool {
    pattern.is_match(line.name.as_bytes()) || pattern.is_match(line.file.as_bytes())
}

fn binary_matches(location: &Location, pattern: &Pattern) -> bool {
    location
        .mapping
        .as_ref()
        .is_some_and(|mapping| pattern.is_match(mapping.file.as_bytes()))
}

fn matches(location: &Location, pattern: &Pattern) -> bool {
    location.lines.iter().any(|line| line_matches(line, pattern)) || binary_matches(location, pattern)
}

/// The function's name as cutting sees it; empty names are never cut at.
fn cut_name(line: &Line) -> Option<&str> {
    let name = line.name.strip_prefix('.').unwrap_or(&line.name);
    // An argument list starts at the first parenthesis, but those of `operator()` are part of the name.
    let from = name.find("operator()").map_or(0, |at| at + "operator()".len());
    let end = name[from..].find('(').map_or(name.len(), |at| from + at);
    Some(&name[..end]).filter(|_| !line.name.is_empty())
}

/// Applies the profile's own `drop_frames` and `keep_frames`.
pub fn drop_frames(profile: &mut Profile) {
    if profile.drop_frames.is_empty() {
        return;
    }
    let whole = |expression: &str| compiled(&format!("^({expression})$")).unwrap();
    let drop = whole(&profile.drop_frames);
    let keep = Some(whole(&profile.keep_frames)).filter(|_| !profile.keep_frames.is_empty());
    let dropped = |line: &Line| {
        cut_name(line).is_some_and(|name| {
            drop.is_match(name.as_bytes())
                && !keep.as_ref().is_some_and(|keep| keep.is_match(name.as_bytes()))
        })
    };
    for sample in &mut profile.samples {
        // From the root: what comes before the first frame that stays is not touched.
        let stays = |location: &Location| !location.lines.iter().any(dropped);
        if let Some(user) = sample.stack.iter().rposition(stays)
            && let Some(cut) = sample.stack[..user].iter().rposition(|location| !stays(location))
        {
            let goes = sample.stack[cut].lines.last().is_some_and(dropped);
            sample.stack.drain(..if goes { cut + 1 } else { cut });
        }
    }
    profile.change(|location| {
        if let Some(last) = location.lines.iter().rposition(dropped)
            && last + 1 < location.lines.len()
        {
            location.lines.drain(..=last);
        }
    });
}

/// Applies all filters; gives pprof's names of those that matched nothing.
pub fn apply(profile: &mut Profile, spec: &FilterSpec) -> Vec<&'static str> {
    let units = profile.units();
    let mut nothing = by_name(profile, spec);
    if let Some(pattern) = compiled(&spec.show_from) {
        show_from(profile, &pattern, &mut nothing);
    }
    by_tag(profile, spec, &units, &mut nothing);
    tags_by_name(profile, spec, &mut nothing);
    if let Some(pattern) = compiled(&spec.prune_from) {
        let here = |line: &Line| cut_name(line).is_some_and(|name| pattern.is_match(name.as_bytes()));
        for sample in &mut profile.samples {
            let first = sample
                .stack
                .iter()
                .position(|location| location.lines.iter().any(here));
            sample.stack.drain(..first.unwrap_or(0));
        }
        profile.change(|location| {
            let first = location.lines.iter().position(here);
            location.lines.drain(..first.unwrap_or(0));
        });
    }
    nothing
}

fn by_name(profile: &mut Profile, spec: &FilterSpec) -> Vec<&'static str> {
    let [focus, ignore, hide, show] =
        [&spec.focus, &spec.ignore, &spec.hide, &spec.show].map(|e| compiled(e));
    let ignored = |location: &Location| ignore.as_ref().is_some_and(|ignore| matches(location, ignore));
    let focused = |location: &Location| {
        !ignored(location) && focus.as_ref().is_none_or(|focus| matches(location, focus))
    };
    if focus.is_some() || ignore.is_some() || hide.is_some() || show.is_some() {
        profile
            .samples
            .retain(|s| s.stack.iter().any(focused) && !s.stack.iter().any(ignored));
    }
    // What is left of a location, and whether it stays.
    let after_hide = |location: &Location| match &hide {
        Some(hide) if matches(location, hide) => {
            let kept = |line: &&Line| !line_matches(line, hide) && !binary_matches(location, hide);
            let lines: Vec<Line> = location.lines.iter().filter(kept).cloned().collect();
            (!lines.is_empty(), lines)
        }
        _ => (true, location.lines.clone()),
    };
    let after_both = |location: &Location| match (&show, after_hide(location)) {
        (None, left) => left,
        (Some(show), (_, mut lines)) => {
            lines.retain(|line| line_matches(line, show) || binary_matches(location, show));
            (!lines.is_empty(), lines)
        }
    };
    let mut nothing = Vec::new();
    for (name, given, any) in [
        ("Focus", focus.is_some(), profile.locations.iter().any(focused)),
        ("Ignore", ignore.is_some(), profile.locations.iter().any(ignored)),
        (
            "Hide",
            hide.is_some(),
            profile
                .locations
                .iter()
                .any(|l| hide.as_ref().is_some_and(|h| matches(l, h))),
        ),
        (
            "Show",
            show.is_some(),
            profile.locations.iter().any(|l| after_both(l).0),
        ),
    ] {
        if given && !any {
            nothing.push(name);
        }
    }
    let some_hidden = profile.locations.iter().any(|location| !after_both(location).0);
    for sample in &mut profile.samples {
        sample.stack.retain(|location| after_both(location).0);
    }
    if some_hidden {
        profile.samples.retain(|sample| !sample.stack.is_empty());
    }
    profile.change(|location| location.lines = after_both(location).1);
    nothing
}

fn show_from(profile: &mut Profile, pattern: &Pattern, nothing: &mut Vec<&'static str>) {
    if !profile
        .locations
        .iter()
        .any(|location| matches(location, pattern))
    {
        nothing.push("ShowFrom");
    }
    profile.samples.retain_mut(|sample| {
        let highest = sample
            .stack
            .iter()
            .rposition(|location| matches(location, pattern));
        sample.stack.truncate(highest.map_or(0, |highest| highest + 1));
        highest.is_some()
    });
    profile.change(|location| {
        if !binary_matches(location, pattern)
            && let Some(last) = location
                .lines
                .iter()
                .rposition(|line| line_matches(line, pattern))
        {
            location.lines.truncate(last + 1);
        }
    });
}

/// The expressions on labels that the model understands.
pub const TAG_EXPRESSIONS: [&str; 9] = [
    "thread:a",
    "a,b",
    "thread=a",
    "thread=a,b",
    "=zone",
    "2kb:",
    "bytes=:2kb",
    "latency=5ms",
    "nothing",
];

/// Whether labels are selected by one of [`TAG_EXPRESSIONS`], written out by hand.
fn selected(expression: &str, labels: &[Label], units: &BTreeMap<String, String>) -> bool {
    let pair = |wanted: &dyn Fn(&str, &str) -> bool| {
        labels
            .iter()
            .any(|label| matches!(label, Label::Text(key, value) if wanted(key, value)))
    };
    let any_pair = |part: &str| pair(&|key, value| format!("{key}:{value}").contains(part));
    // A number in kB, if its unit can be put into that: one of no family is taken as it is.
    let in_kb = |label: &Label| match label {
        Label::Number(key, value, _) => match units[key].as_str() {
            "bytes" => Some(*value as f64 / 1024.0),
            "ms" => None,
            // `kb`, and units of no family.
            _ => Some(*value as f64),
        },
        Label::Text(..) => None,
    };
    let in_ms = |label: &Label| match label {
        Label::Number(key, value, _) => match units[key].as_str() {
            "bytes" | "kb" => None,
            _ => Some(*value),
        },
        Label::Text(..) => None,
    };
    match expression {
        "thread:a" => any_pair("thread:a"),
        "a,b" => any_pair("a") && any_pair("b"),
        "thread=a" => pair(&|key, value| key == "thread" && value.contains('a')),
        "thread=a,b" => pair(&|key, value| key == "thread" && value.contains(['a', 'b'])),
        "=zone" => any_pair("zone"),
        "2kb:" => labels.iter().filter_map(in_kb).any(|kb| kb >= 2.0),
        "bytes=:2kb" => labels
            .iter()
            .filter(|label| label.key() == "bytes")
            .filter_map(in_kb)
            .any(|kb| kb <= 2.0),
        "latency=5ms" => labels
            .iter()
            .filter(|label| label.key() == "latency")
            .filter_map(in_ms)
            .any(|ms| ms == 5),
        "nothing" => any_pair("nothing"),
        other => panic!("the model does not know {other}"),
    }
}

fn by_tag(
    profile: &mut Profile,
    spec: &FilterSpec,
    units: &BTreeMap<String, String>,
    nothing: &mut Vec<&'static str>,
) {
    let focused = |labels: &[Label]| spec.tagfocus.is_empty() || selected(&spec.tagfocus, labels, units);
    let ignored = |labels: &[Label]| !spec.tagignore.is_empty() && selected(&spec.tagignore, labels, units);
    if !spec.tagfocus.is_empty() && !profile.samples.iter().any(|sample| focused(&sample.labels)) {
        nothing.push("TagFocus");
    }
    if !spec.tagignore.is_empty() && !profile.samples.iter().any(|sample| ignored(&sample.labels)) {
        nothing.push("TagIgnore");
    }
    profile
        .samples
        .retain(|sample| focused(&sample.labels) && !ignored(&sample.labels));
}

fn tags_by_name(profile: &mut Profile, spec: &FilterSpec, nothing: &mut Vec<&'static str>) {
    let [show, hide] = [&spec.tagshow, &spec.taghide].map(|expression| compiled(expression));
    let shown = |label: &Label| {
        show.as_ref()
            .is_none_or(|show| show.is_match(label.key().as_bytes()))
    };
    let hidden = |label: &Label| {
        hide.as_ref()
            .is_some_and(|hide| hide.is_match(label.key().as_bytes()))
    };
    let labels = || profile.samples.iter().flat_map(|sample| &sample.labels);
    if show.is_some() && !labels().any(shown) {
        nothing.push("TagShow");
    }
    if hide.is_some() && !labels().any(hidden) {
        nothing.push("TagHide");
    }
    for sample in &mut profile.samples {
        sample.labels.retain(|label| shown(label) && !hidden(label));
    }
}

/// Drops what the granularity does not look at.
pub fn aggregate(profile: &mut Profile, spec: &FilterSpec) {
    let (names, files, lines, addresses) = match spec.granularity {
        Granularity::Addresses if !spec.noinlines => return,
        Granularity::Addresses => (true, true, true, true),
        Granularity::Lines => (true, true, true, false),
        Granularity::Files => (false, true, false, false),
        Granularity::Functions => (true, false, false, false),
        Granularity::FileFunctions => (true, true, false, false),
    };
    profile.change(|location| {
        if spec.noinlines {
            let inlined = location.lines.len().saturating_sub(1);
            location.lines.drain(..inlined);
        }
        if !addresses {
            location.address = 0;
        }
        for line in &mut location.lines {
            if !names {
                line.name.clear();
            }
            if !files {
                line.file.clear();
            }
            if !lines {
                line.line = 0;
            }
            if !lines || !spec.showcolumns {
                line.column = 0;
            }
        }
    });
}
