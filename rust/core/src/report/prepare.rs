//! What pprof does to a profile between reading it and making a report.

use super::url::is_absolute;
use crate::ids::{LocationId, MappingId, StringId};
use crate::profile::Profile;
use crate::table::{Locations, Mapping, Mappings, StringsBuilder};
use std::borrow::Cow;

/// The profile of one file as pprof loads it: without mappings it gets an empty one, to which all locations belong.
///
/// To be applied to each file before several are merged.
#[must_use]
pub fn prepare(profile: &Profile) -> Cow<'_, Profile> {
    if !profile.mappings.is_empty() {
        return Cow::Borrowed(profile);
    }
    let mut mappings = Mappings::default();
    let all = mappings.push(Mapping::default());
    let locations = with_mapping(&profile.locations, all);
    Cow::Owned(Profile {
        mappings,
        locations,
        ..profile.clone()
    })
}

/// As [`prepare`]; then the main binary is called `program`, and gets `build_id` if it has none. Empty texts change
/// nothing.
///
/// pprof does this with the program named before the profiles ([`super::is_program`]), and with `-buildid`.
#[must_use]
pub fn prepare_for<'p>(profile: &'p Profile, program: &str, build_id: &str) -> Cow<'p, Profile> {
    let prepared = prepare(profile);
    if program.is_empty() && build_id.is_empty() {
        return prepared;
    }
    let mut prepared = prepared.into_owned();
    let mut strings = StringsBuilder::from(prepared.strings);
    if let Some(main) = prepared.mappings.rows.first_mut() {
        if !program.is_empty() {
            main.file = strings.intern(program.as_bytes());
        }
        if main.build_id.is_empty() {
            main.build_id = strings.intern(build_id.as_bytes());
        }
    }
    prepared.strings = strings.finish();
    Cow::Owned(prepared)
}

fn with_mapping(locations: &Locations, mapping: MappingId) -> Locations {
    let mut locations = locations.clone();
    for row in &mut locations.rows {
        row.mapping = Some(mapping);
    }
    locations
}

/// The last steps before a report: a mapping that only names the address it was fetched from loses that name, and
/// `comment` is added to the profile's own.
pub(super) fn finish<'p>(profile: &'p Profile, comment: Option<&str>) -> Cow<'p, Profile> {
    let from_url =
        |mapping: &Mapping| mapping.build_id.is_empty() && is_absolute(profile.strings.get(mapping.file));
    let comment = comment.filter(|comment| !comment.is_empty());
    let fetched = profile.mappings.rows.iter().any(from_url);
    if comment.is_none() && !fetched {
        return Cow::Borrowed(profile);
    }
    let mut finished = profile.clone();
    for mapping in finished
        .mappings
        .rows
        .iter_mut()
        .filter(|mapping| from_url(mapping))
    {
        mapping.file = StringId::EMPTY;
    }
    if let Some(comment) = comment {
        let mut strings = StringsBuilder::from(finished.strings);
        finished.header.comments.push(strings.intern(comment.as_bytes()));
        finished.strings = strings.finish();
    }
    Cow::Owned(finished)
}

/// The id of a location in the file.
pub(super) fn location_id(locations: &Locations, location: LocationId) -> u64 {
    locations.ids.get(location.index())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileBuilder;
    use crate::table::Location;

    fn profile(file: &[u8]) -> Profile {
        let mut builder = ProfileBuilder::default();
        let file = builder.string(file);
        let mapping = builder.mapping(Mapping {
            file,
            ..Mapping::default()
        });
        builder
            .location(
                Location {
                    mapping: Some(mapping),
                    ..Location::default()
                },
                &[],
            )
            .unwrap();
        builder.finish()
    }

    #[test]
    fn a_profile_without_mappings_gets_an_empty_one() {
        let mut builder = ProfileBuilder::default();
        builder.location(Location::default(), &[]).unwrap();
        let bare = builder.finish();
        let prepared = prepare(&bare);
        assert_eq!(prepared.mappings.rows, [Mapping::default()]);
        assert_eq!(prepared.locations.rows[0].mapping, Some(MappingId(0)));
        assert!(matches!(prepare(&prepared), Cow::Borrowed(_)));
    }

    #[test]
    fn a_program_named_beside_the_profile_names_its_main_binary() {
        let local = profile(b"/bin/service");
        let named = prepare_for(&local, "build/service", "f00");
        let main = named.mappings.rows[0];
        assert_eq!(
            (named.strings.get(main.file), named.strings.get(main.build_id)),
            (&b"build/service"[..], &b"f00"[..])
        );
        let again = prepare_for(&named, "", "other");
        assert_eq!(again.strings.get(again.mappings.rows[0].build_id), b"f00");
        assert!(matches!(prepare_for(&local, "", ""), Cow::Borrowed(_)));
    }

    #[test]
    fn a_mapping_named_by_an_url_loses_its_name() {
        let fetched = profile(b"http://host:6060/debug/pprof/heap");
        assert!(finish(&fetched, None).mappings.rows[0].file.is_empty());
        let local = profile(b"/bin/service");
        assert!(matches!(finish(&local, Some("")), Cow::Borrowed(_)));
        let noted = finish(&local, Some("taken by hand"));
        assert_eq!(noted.strings.get(noted.header.comments[0]), b"taken by hand");
        assert!(!noted.mappings.rows[0].file.is_empty());
    }
}
