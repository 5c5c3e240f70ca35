//! The filters every question shares, and the view they make.

use super::Place;
use crate::aggregate::{GraphBuilder, NodeInfo, SampleValue, clean_path, total};
use crate::error::Result;
use crate::ids::StringId;
use crate::profile::Profile;
use crate::unit;
use crate::view::{FilterSpec, Granularity, Matched, View};
use rustc_hash::{FxBuildHasher, FxHashMap};
use serde::{Deserialize, Serialize};

/// pprof's filters, as given; an empty text was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Name or number of the sample type.
    pub sample_index: String,
    /// See [`FilterSpec::focus`].
    pub focus: String,
    /// See [`FilterSpec::ignore`].
    pub ignore: String,
    /// See [`FilterSpec::hide`].
    pub hide: String,
    /// See [`FilterSpec::show`].
    pub show: String,
    /// See [`FilterSpec::show_from`].
    pub show_from: String,
    /// See [`FilterSpec::prune_from`].
    pub prune_from: String,
    /// See [`FilterSpec::tagfocus`].
    pub tagfocus: String,
    /// See [`FilterSpec::tagignore`].
    pub tagignore: String,
    /// See [`FilterSpec::tagshow`].
    pub tagshow: String,
    /// See [`FilterSpec::taghide`].
    pub taghide: String,
    /// See [`FilterSpec::tagroot`].
    pub tagroot: String,
    /// See [`FilterSpec::tagleaf`].
    pub tagleaf: String,
    /// Name of a [`crate::view::Granularity`]; empty for functions.
    pub granularity: String,
    /// See [`FilterSpec::noinlines`].
    pub noinlines: bool,
    /// See [`FilterSpec::relative_percentages`].
    pub relative_percentages: bool,
    /// Divide by the first sample type.
    pub mean: bool,
}

impl Filters {
    /// The filters in the core's terms.
    ///
    /// # Errors
    ///
    /// A granularity that does not exist.
    pub fn spec(&self) -> Result<FilterSpec> {
        Ok(FilterSpec {
            focus: self.focus.clone(),
            ignore: self.ignore.clone(),
            hide: self.hide.clone(),
            show: self.show.clone(),
            show_from: self.show_from.clone(),
            tagfocus: self.tagfocus.clone(),
            tagignore: self.tagignore.clone(),
            tagshow: self.tagshow.clone(),
            taghide: self.taghide.clone(),
            prune_from: self.prune_from.clone(),
            tagroot: self.tagroot.clone(),
            tagleaf: self.tagleaf.clone(),
            granularity: if self.granularity.is_empty() {
                Granularity::default()
            } else {
                self.granularity.parse()?
            },
            noinlines: self.noinlines,
            showcolumns: false,
            relative_percentages: self.relative_percentages,
        })
    }
}

/// The sample type of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleTypeName {
    /// What is counted.
    #[serde(rename = "type")]
    pub type_: String,
    /// In what.
    pub unit: String,
    /// Its position among the sample types.
    pub index: usize,
}

impl SampleTypeName {
    pub(super) fn of(profile: &Profile, index: usize) -> Self {
        let st = profile.header.sample_types[index];
        Self {
            type_: profile.strings.text(st.type_).into_owned(),
            unit: profile.strings.text(st.unit).into_owned(),
            index,
        }
    }
}

/// A view with filters applied, and what every answer says about it.
pub(crate) struct Prepared<'p> {
    pub(crate) view: View<'p>,
    pub(crate) value: SampleValue,
    pub(crate) sample_type: SampleTypeName,
    pub(crate) total: i64,
    pub(crate) warnings: Vec<String>,
}

/// Applies the filters, the granularity included, in pprof's order.
pub(crate) fn prepare<'p>(profile: &'p Profile, filters: &Filters) -> Result<Prepared<'p>> {
    let spec = filters.spec()?;
    let index = profile.sample_index(&filters.sample_index)?;
    let value = SampleValue {
        index,
        divisor: filters.mean.then_some(0),
    };
    let sample_type = SampleTypeName::of(profile, index);
    let (mut view, matched) = apply(profile, &spec)?;
    let before = total(&View::all(profile), value);
    let total = if spec.relative_percentages {
        total(&view, value)
    } else {
        before
    };
    let warnings = warnings(profile, &view, &matched, &sample_type, before);
    spec.aggregate(&mut view);
    Ok(Prepared {
        view,
        value,
        sample_type,
        total,
        warnings,
    })
}

/// Applies all filters but the granularity; neither label frames nor frames that are dropped change a total.
pub(super) fn apply<'p>(profile: &'p Profile, spec: &FilterSpec) -> Result<(View<'p>, Matched)> {
    let mut matched = Matched::default();
    let mut view = View::new(profile);
    let units = view.num_label_units();
    spec.add_label_frames(&mut view, "minimum", &mut matched);
    spec.apply(&mut view, &units, &mut matched)?;
    Ok((view, matched))
}

fn warnings(
    profile: &Profile,
    view: &View<'_>,
    matched: &Matched,
    sample_type: &SampleTypeName,
    total: i64,
) -> Vec<String> {
    let mut warnings = of_filters(matched);
    warnings.extend(of_samples(profile, sample_type, total, view.sample_count() == 0));
    warnings
}

/// What the filters did not find, or took otherwise than it may have been meant.
pub(super) fn of_filters(matched: &Matched) -> Vec<String> {
    let mut warnings = Vec::new();
    for option in &matched.nothing {
        let mut name = String::new();
        for (at, letter) in option.char_indices() {
            if at > 0 && letter.is_uppercase() && *option == "ShowFrom" {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        warnings.push(format!("{name} matched nothing"));
    }
    for (option, range) in &matched.ranges {
        warnings.push(format!(
            "{option}: {range:?} was read as a range of numbers, not as a regular expression"
        ));
    }
    warnings
}

/// Why there is nothing to show, if so.
pub(super) fn of_samples(
    profile: &Profile,
    sample_type: &SampleTypeName,
    total: i64,
    none_left: bool,
) -> Option<String> {
    if profile.samples.is_empty() {
        Some("the profile has no samples".to_owned())
    } else if total == 0 {
        Some(format!(
            "all values of {} are zero; other sample types may have some",
            sample_type.type_
        ))
    } else {
        none_left.then(|| "the filters left no sample".to_owned())
    }
}

/// The profile with only what the filters leave, and warnings. The granularity is not applied.
///
/// # Errors
///
/// A sample type or granularity that does not exist, a regular expression that does not compile.
pub fn filtered(profile: &Profile, filters: &Filters) -> Result<(Profile, Vec<String>)> {
    let spec = filters.spec()?;
    let (view, matched) = apply(profile, &spec)?;
    let index = profile.sample_index(&filters.sample_index)?;
    let value = SampleValue { index, divisor: None };
    let total = total(&View::all(profile), value);
    let warnings = warnings(
        profile,
        &view,
        &matched,
        &SampleTypeName::of(profile, index),
        total,
    );
    Ok((view.to_profile(), warnings))
}

impl Prepared<'_> {
    /// `value` as text in the unit that fits it.
    pub(crate) fn label(&self, value: i64) -> String {
        unit::label(value, &self.sample_type.unit)
    }
}

/// Where each function of a profile is, by its name.
pub(super) struct Sources<'p> {
    profile: &'p Profile,
    /// File and first line by name; `None` for a name that several files have.
    places: FxHashMap<&'p [u8], Option<(StringId, i64)>>,
}

impl<'p> Sources<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        let functions = &profile.functions;
        let mut places: FxHashMap<&[u8], Option<(StringId, i64)>> =
            FxHashMap::with_capacity_and_hasher(functions.len(), FxBuildHasher);
        for row in 0..functions.len() {
            let (file, line) = (functions.filename[row], functions.start_line[row]);
            if file.is_empty() {
                continue;
            }
            let name = profile.strings.get(functions.name[row]);
            let place = places.entry(name).or_insert(Some((file, line)));
            *place = match *place {
                Some((known, first)) if known == file => Some((file, first.min(line))),
                _ => None,
            };
        }
        Self { profile, places }
    }

    /// The place of a node, of this profile or one that was made of it; at function granularity with the file and first
    /// line of the function, if all functions of that name are in one file.
    pub(super) fn place(&self, info: &NodeInfo, builder: &GraphBuilder<'_, '_, '_>) -> Place {
        let names = builder.names();
        let mut place = Place::new(info, names);
        if place.file.is_empty()
            && !info.name.is_empty()
            && let Some(&Some((file, line))) = self.places.get(names.strings.get(info.name))
        {
            place.file = super::text(&clean_path(self.profile.strings.get(file)));
            place.line = line;
        }
        place
    }
}
