//! The hand-driven decoder and encoder against `prost`, on random messages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise should stop"
)]

#[path = "prost_oracle/meaning.rs"]
mod meaning;
mod message;
#[path = "prost_oracle/messages.rs"]
mod messages;
#[path = "prost_oracle/variants.rs"]
mod variants;

use meaning::{is_silent, meaning_of_columns, meaning_of_message, without_silent};
use message::Profile;
use messages::message;
use pprof_core::ids::LocationId;
use pprof_core::wire::{decode_proto, encode_proto};
use pprof_core::{Limits, Profile as Decoded};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message;
use variants::{BREAKS, free, unpacked};

fn decode(bytes: &[u8]) -> pprof_core::Result<Decoded> {
    decode_proto(bytes, &Limits::default())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Encoding what was encoded gives the same bytes; silent labels are gone after the first time.
fn repeats(profile: &Decoded) -> Result<(), TestCaseError> {
    let refused = |error: pprof_core::Error| TestCaseError::fail(error.to_string());
    let once = encode_proto(profile);
    let read = decode(&once).map_err(refused)?;
    let twice = encode_proto(&read);
    let meaning = meaning_of_columns(profile);
    if !meaning
        .samples
        .iter()
        .any(|(.., tags)| tags.iter().any(is_silent))
    {
        prop_assert_eq!(&once, &twice);
    }
    prop_assert_eq!(meaning_of_columns(&read), without_silent(meaning));
    let thrice = encode_proto(&decode(&twice).map_err(refused)?);
    prop_assert_eq!(twice, thrice);
    Ok(())
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn decoding_gives_every_field_of_the_message(message in message(0..5)) {
        let wanted = meaning_of_message(&message);
        let packed = decode(&message.encode_to_vec());
        // A message of defaults only has no bytes, and no bytes are no profile.
        let packed = packed.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&meaning_of_columns(&packed), &wanted);
        prop_assert_eq!(&packed.notes, &vec![]);
        let one_by_one = decode(&unpacked(&message)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&meaning_of_columns(&one_by_one), &wanted);
    }

    #[test]
    fn encoding_means_the_same_and_repeats_to_the_byte(message in message(0..5)) {
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let bytes = encode_proto(&profile);
        let read = Profile::decode(bytes.as_slice()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(meaning_of_message(&read), without_silent(meaning_of_message(&message)));
        repeats(&profile)?;
    }

    #[test]
    fn equal_strings_stacks_and_label_sets_are_kept_once(message in message(0..5)) {
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut strings: Vec<&[u8]> = profile.strings.iter().collect();
        strings.sort_unstable();
        strings.dedup();
        prop_assert_eq!(strings.len(), profile.strings.len());
        let mut stacks: Vec<&Vec<u64>> = message.sample.iter().map(|sample| &sample.location_id).collect();
        stacks.sort_unstable();
        stacks.dedup();
        prop_assert_eq!(stacks.len(), profile.stacks.len());
    }

    #[test]
    fn a_broken_message_is_refused_for_what_is_broken(
        message in message(1..5),
        (about, damage) in select(BREAKS.to_vec()),
    ) {
        let mut message = message;
        damage(&mut message);
        match decode(&message.encode_to_vec()) {
            Ok(_) => prop_assert!(false, "accepted though {} is broken", about),
            Err(error) => {
                prop_assert_eq!(error.code(), "invalid_profile");
                prop_assert!(error.to_string().contains(about), "{} does not speak of {}", error, about);
            }
        }
    }

    #[test]
    fn a_mapping_that_does_not_exist_counts_as_none_and_is_noted(message in message(1..5)) {
        let mut message = message;
        message.location[0].mapping_id = free(message.mapping.iter().map(|row| row.id));
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(profile.locations.get(LocationId(0)).mapping, None);
        prop_assert_eq!(profile.notes.iter().map(|note| note.code).collect::<Vec<_>>(), ["dangling_mapping"]);
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(profile) = decode(&bytes) {
            let again = decode(&encode_proto(&profile)).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again.samples.len(), profile.samples.len());
        }
    }

    #[test]
    fn a_message_with_changed_bytes_is_answered(
        message in message(0..5),
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = message.encode_to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(profile) = decode(&bytes) {
            repeats(&profile)?;
        }
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn every_beginning_of_a_message_is_answered(message in message(0..4)) {
        let bytes = message.encode_to_vec();
        for length in 0..bytes.len() {
            if let Err(error) = decode(&bytes[..length]) {
                let known = ["empty_input", "truncated_profile", "invalid_profile"];
                prop_assert!(known.contains(&error.code()), "{} at {}", error, length);
            }
        }
    }
}

/// A message with a field that no version of the schema has.
#[derive(Clone, PartialEq, Message)]
struct Stranger {
    #[prost(int64, tag = "100")]
    number: i64,
    #[prost(bytes = "vec", tag = "101")]
    bytes: Vec<u8>,
}

#[test]
fn fields_that_are_not_known_are_dropped_and_listed_for_every_message() {
    let stranger = Stranger {
        number: 7,
        bytes: b"abc".to_vec(),
    }
    .encode_to_vec();
    let strange = |tag: u8, known: &[u8]| {
        let content = [known, &stranger].concat();
        [
            &[tag << 3 | 2, u8::try_from(content.len()).unwrap()],
            content.as_slice(),
        ]
        .concat()
    };
    let with_strangers = [
        strange(1, &[]),
        strange(2, &[&[0x10, 5], strange(3, &[0x18, 1]).as_slice()].concat()),
        strange(3, &[8, 1]),
        strange(4, &[&[8, 1], strange(4, &[8, 1]).as_slice()].concat()),
        strange(5, &[8, 1]),
        vec![6 << 3 | 2, 0],
        stranger.clone(),
    ]
    .concat();
    let profile = decode(&with_strangers).unwrap();
    assert!(
        profile.notes.iter().all(|note| note.code == "unknown_field"),
        "{:?}",
        profile.notes
    );
    for message in [
        "Profile",
        "ValueType",
        "Sample",
        "Label",
        "Mapping",
        "Location",
        "Line",
        "Function",
    ] {
        for number in [100, 101] {
            let said = format!("field {number} of {message} ");
            let notes = profile
                .notes
                .iter()
                .filter(|note| note.detail.starts_with(&said))
                .count();
            assert_eq!(notes, 1, "{said} in {:?}", profile.notes);
        }
    }
    assert_eq!(profile.notes.len(), 16);
}

#[test]
fn no_bytes_are_no_profile() {
    assert_eq!(decode(&[]).map_err(|error| error.code()), Err("empty_input"));
}
