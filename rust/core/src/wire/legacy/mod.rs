//! The forms that came before the protobuf one: binary CPU profiles, and the text of heap, Go count, thread,
//! contention and Java profiles; and the stacks of goroutines in words.
//!
//! One file a form. They fill a [`draft::Draft`]; [`maps`] reads the memory map that may follow, [`settle`]
//! brings mappings and locations into their final order. Only [`go_stacks`] makes its profile itself: it has no addresses.

mod contention;
mod cover;
mod cpu;
mod draft;
mod frames;
mod go_count;
mod go_stacks;
mod heap;
mod java;
mod java_locations;
mod lines;
mod map_entry;
mod maps;
mod massage;
mod numbers;
mod pattern;
mod refusal;
mod settle;
mod substitutions;
mod text;
mod thread;
mod unsample;
mod words;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::profile::Profile;
use draft::Draft;
use refusal::Refusal;

/// Bytes of unknown input that are shown in the error.
const SHOWN: usize = 32;

/// Reads one form.
type Form = fn(&[u8], &Limits) -> std::result::Result<Draft, Refusal>;

/// The forms in the order in which they are tried.
const FORMS: [Form; 6] = [
    cpu::parse,
    heap::parse,
    go_count::parse,
    thread::parse,
    contention::parse,
    java::parse,
];

/// Decodes an uncompressed profile of one of the legacy forms.
///
/// # Errors
///
/// [`crate::ErrorKind::NotAProfile`] when the bytes begin like none of the forms. Bytes that begin like one
/// and then break its rules give that form's error, with the line (text) or the offset (binary).
pub fn decode_legacy(bytes: &[u8], limits: &Limits) -> Result<Profile> {
    let mut nearest = None;
    for form in FORMS {
        match form(bytes, limits) {
            Ok(draft) => return draft.build(),
            Err(Refusal::Failed(error)) => return Err(error),
            Err(Refusal::Unrecognized(reason)) => nearest = reason.or(nearest),
        }
    }
    match go_stacks::parse(bytes, limits) {
        Ok(profile) => Ok(profile),
        Err(Refusal::Failed(error)) => Err(error),
        // Of all forms it alone may begin with anything, so that it never says that bytes began like it.
        Err(Refusal::Unrecognized(_)) => {
            Err(nearest.unwrap_or_else(|| Error::not_a_profile(beginning(bytes))))
        }
    }
}

fn beginning(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "..." } else { "" };
    format!(
        "neither a protobuf profile nor a legacy CPU, heap, Go count, thread, contention or Java one, nor \
         stacks of goroutines; \
         the bytes begin with \"{}\"{more}",
        shown.escape_ascii()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn bytes_of_no_form_are_not_a_profile_and_the_error_shows_how_they_begin() {
        let error = decode_legacy(b"<html>\n", &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "not_a_profile");
        assert!(error.to_string().contains("<html>\\n"), "{error}");
        assert_eq!(
            decode_legacy(b"", &Limits::default()).unwrap_err().code(),
            "not_a_profile"
        );
    }

    #[test]
    fn a_form_that_is_begun_and_not_kept_is_reported_with_its_line() {
        let error = decode_legacy(b"--- contention:\ncycles/second=x\n", &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "invalid_profile");
        assert_eq!(error.place, Some(Place::Line(2)));
    }

    #[test]
    fn a_java_contention_profile_is_left_to_the_java_form() {
        let text = b"--- contentionz 1 ---\nformat = java\nresolution = microseconds\n";
        let profile = decode_legacy(text, &Limits::default()).unwrap();
        assert_eq!(profile.sample_type_names(), ["contentions", "delay"]);
    }

    #[test]
    fn no_prefix_of_any_form_panics() {
        let mut cpu: Vec<u8> = [0u32, 3, 0, 1000, 0, 1, 2, 9, 9, 0, 1, 0]
            .iter()
            .flat_map(|w| w.to_le_bytes())
            .collect();
        cpu.extend_from_slice(b"00400000-00500000 r-xp 00000000 00:00 0 /bin/x\n");
        let texts: [&[u8]; 7] = [
            &cpu,
            b"heap profile: 1: 2 [3: 4] @ heapz_v2/512\n1: 2 [3: 4] @ 0x1 0x2\nMAPPED_LIBRARIES:\n1-2 /a\n",
            b"goroutine profile: total 1\n1 @ 0x1 0x2\n",
            b"--- threadz 1 ---\n--- Thread 1 (name: a/1) stack: ---\n 0x1 0x2\n--- Memory map: ---\n",
            b"--- mutex:\ncycles/second=1000\n1 2 @ 0x1\n",
            b"goroutine 1 [select, 2 minutes]:\nmain.f()\n\t/a.go:1 +0x2\n",
            b"--- heapz 1 ---\nformat = java\nresolution = bytes\n 1 2 @ 0x1\n 0x1 f (a.java:1)\n",
        ];
        for text in texts {
            assert!(
                decode_legacy(text, &Limits::default()).is_ok(),
                "{}",
                text.escape_ascii()
            );
            for end in 0..text.len() {
                if let Err(error) = decode_legacy(&text[..end], &Limits::default()) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}
