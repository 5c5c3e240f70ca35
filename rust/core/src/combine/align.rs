//! Which sample types profiles share, and the units in which they are compared.

use super::scale::scale;
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::table::StringsBuilder;
use crate::unit;
use crate::value_type::ValueType;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Gives all profiles the same sample types in the same order and unit.
///
/// Kept are the types that all have, in the order of the first. Each type, and the period, is scaled to the finest unit
/// among the profiles.
///
/// # Errors
///
/// No profile, no common sample type, or units of one type that measure different things.
pub fn align(profiles: Vec<Cow<'_, Profile>>) -> Result<Vec<Cow<'_, Profile>>> {
    let types = common_types(&profiles)?;
    let mut profiles: Vec<_> = profiles
        .into_iter()
        .map(|profile| select_types(profile, &types))
        .collect::<Result<_>>()?;
    if profiles.len() > 1 {
        let periods: Vec<_> = profiles
            .iter()
            .map(|profile| names(profile, profile.header.period_type))
            .collect();
        let period =
            common_type(&periods).map_err(|detail| Error::incompatible(format!("period type: {detail}")))?;
        let units: Vec<String> = (0..types.len())
            .map(|index| {
                let types: Vec<_> = profiles
                    .iter()
                    .map(|profile| names(profile, profile.header.sample_types[index]))
                    .collect();
                common_type(&types).map_err(|detail| Error::incompatible(format!("sample types: {detail}")))
            })
            .collect::<Result<_>>()?;
        profiles = profiles
            .into_iter()
            .map(|profile| rescale(profile, &period, &units))
            .collect();
    }
    Ok(profiles)
}

fn names(profile: &Profile, value_type: ValueType) -> (String, String) {
    let text = |id| profile.strings.text(id).into_owned();
    (text(value_type.type_), text(value_type.unit))
}

/// The names of the types that occur once in every profile.
fn common_types(profiles: &[Cow<'_, Profile>]) -> Result<Vec<Vec<u8>>> {
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    for profile in profiles {
        for st in &profile.header.sample_types {
            *counts.entry(profile.strings.get(st.type_)).or_default() += 1;
        }
    }
    let first = profiles
        .first()
        .ok_or_else(|| Error::incompatible("there are no profiles to combine"))?;
    let types: Vec<Vec<u8>> = first
        .header
        .sample_types
        .iter()
        .map(|st| first.strings.get(st.type_))
        .filter(|name| counts.get(name) == Some(&profiles.len()))
        .map(<[u8]>::to_vec)
        .collect();
    if types.is_empty() {
        return Err(Error::incompatible("profiles have empty common sample type list"));
    }
    Ok(types)
}

/// The profile with only these sample types, in this order. A default that is gone becomes the first of them.
fn select_types<'p>(profile: Cow<'p, Profile>, types: &[Vec<u8>]) -> Result<Cow<'p, Profile>> {
    let own = &profile.header.sample_types;
    let columns: Vec<usize> = types
        .iter()
        .map(|name| {
            let found = own
                .iter()
                .position(|st| profile.strings.get(st.type_) == name.as_slice());
            // A type that one profile has twice can be counted as common though another lacks it.
            found.ok_or_else(|| {
                let name = String::from_utf8_lossy(name);
                Error::incompatible(format!("{name:?} sample type is not found in profile"))
            })
        })
        .collect::<Result<_>>()?;
    if columns.len() == own.len()
        && columns
            .iter()
            .enumerate()
            .all(|(position, &column)| position == column)
    {
        return Ok(profile);
    }
    let mut profile = profile.into_owned();
    let default = profile.header.default_sample_type;
    let header = &mut profile.header;
    header.sample_types = columns
        .iter()
        .map(|&column| header.sample_types[column])
        .collect();
    if !header.sample_types.iter().any(|st| st.type_ == default) {
        header.default_sample_type = header.sample_types[0].type_;
    }
    profile.samples.values = columns
        .iter()
        .map(|&column| profile.samples.values[column].clone())
        .collect();
    Ok(Cow::Owned(profile))
}

/// The finest unit of one type. Types may differ by a final `s`.
fn common_type(types: &[(String, String)]) -> std::result::Result<String, String> {
    let Some(((first_type, first_unit), rest)) = types.split_first() else {
        return Ok(String::new());
    };
    let singular = |name: &str| name.strip_suffix('s').unwrap_or(name).to_owned();
    let (mut best_type, mut best_unit) = (first_type, first_unit);
    for (name, unit) in rest {
        if singular(name) != singular(best_type) || !unit::same_family(unit, best_unit) {
            return Err(format!(
                "incompatible types: {{{best_type} {best_unit} 0 0}} {{{name} {unit} 0 0}}"
            ));
        }
        if unit::scale(1, unit, best_unit).0 < 1.0 {
            (best_type, best_unit) = (name, unit);
        }
    }
    Ok(best_unit.clone())
}

fn rescale<'p>(profile: Cow<'p, Profile>, period: &str, units: &[String]) -> Cow<'p, Profile> {
    let (_, period_unit) = names(&profile, profile.header.period_type);
    let own: Vec<String> = profile
        .header
        .sample_types
        .iter()
        .map(|&st| names(&profile, st).1)
        .collect();
    if period_unit == period && own == units {
        return profile;
    }
    let ratios: Vec<f64> = own
        .iter()
        .zip(units)
        .map(|(from, to)| unit::scale(1, from, to).0)
        .collect();
    let mut profile = profile.into_owned();
    let mut strings = StringsBuilder::from(std::mem::take(&mut profile.strings));
    for (st, unit) in profile.header.sample_types.iter_mut().zip(units) {
        st.unit = strings.intern(unit.as_bytes());
    }
    profile.header.period = unit::scale(profile.header.period, &period_unit, period).0 as i64;
    profile.header.period_type.unit = strings.intern(period.as_bytes());
    profile.strings = strings.finish();
    scale(Cow::Owned(profile), &ratios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileBuilder;

    fn of_types(names: &[&[u8]]) -> Profile {
        let mut builder = ProfileBuilder::default();
        for name in names {
            let value_type = builder.value_type(name, b"count");
            builder.header.sample_types.push(value_type);
        }
        builder.finish()
    }

    #[test]
    fn a_type_that_one_profile_has_twice_and_another_not_is_an_error() {
        let (twice, other) = (of_types(&[b"x", b"x"]), of_types(&[b"y"]));
        let error = align(vec![Cow::Borrowed(&twice), Cow::Borrowed(&other)]).unwrap_err();
        assert!(
            error.to_string().contains("\"x\" sample type is not found"),
            "{error}"
        );
    }

    #[test]
    fn only_common_types_are_left_in_the_order_of_the_first() {
        let (one, other) = (of_types(&[b"a", b"b", b"c"]), of_types(&[b"c", b"a"]));
        let aligned = align(vec![Cow::Borrowed(&one), Cow::Borrowed(&other)]).unwrap();
        assert!(
            aligned
                .iter()
                .all(|profile| profile.sample_type_names() == ["a", "c"])
        );
    }
}
