//! Binary CPU profiles of gperftools and early Go, and of Java behind the same header.
//!
//! Words of the writer's width and byte order: `0 3 kind period 0` with the period in microseconds, then for
//! each stack `count depth address...`, then `0 1 0`, then text: a memory map, or for Java the locations.

use super::draft::{Draft, names};
use super::java_locations::read_locations;
use super::lines::Lines;
use super::maps::read_map;
use super::refusal::Refusal;
use super::words::{Word, Words};
use crate::error::{Error, Place};
use crate::limits::Limits;
use rustc_hash::FxHashMap;

/// Frames of the signal handler that may lie behind the leaf.
const HANDLER_FRAMES: usize = 2;

/// One sample in so many may lack the handler's frame.
const SAMPLES_FOR_AN_EXCEPTION: usize = 32;

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Refusal> {
    for word in Word::ALL {
        let mut words = Words::new(bytes, word);
        let header: [u64; 5] = std::array::from_fn(|_| words.next());
        match header {
            _ if words.is_past_end() => {}
            [0, 3, 0, period, 0] if period > 0 => return cpu(words, period, limits),
            [0, 3, 1, period, 0] if period > 0 => return java(words, period, limits),
            _ => {}
        }
    }
    Err(Refusal::FOREIGN)
}

fn draft(period: u64, limits: &Limits) -> Draft {
    let mut draft = Draft::new(2, limits);
    draft.sample_types = vec![names(b"samples", b"count"), names(b"cpu", b"nanoseconds")];
    draft.period_type = names(b"cpu", b"nanoseconds");
    draft.period = period.cast_signed().wrapping_mul(1000);
    draft
}

fn cpu(mut words: Words<'_>, period: u64, limits: &Limits) -> Result<Draft, Refusal> {
    let mut draft = draft(period, limits);
    read_samples(&mut words, &mut draft, true, limits)?;
    for _ in 0..HANDLER_FRAMES {
        remove_handler_frame(&mut draft);
    }
    read_map(&mut Lines::behind(words.rest(), words.offset()), &mut draft)?;
    draft.remove_repeated_leaves();
    Ok(draft)
}

fn java(mut words: Words<'_>, period: u64, limits: &Limits) -> Result<Draft, Refusal> {
    let mut draft = draft(period, limits);
    read_samples(&mut words, &mut draft, false, limits)?;
    read_locations(&mut Lines::behind(words.rest(), words.offset()), &mut draft)?;
    Ok(draft)
}

/// Reads stacks up to the end marker or the end. Callers' addresses are moved back onto the call if `adjust`
/// says so; the leaf is no call.
fn read_samples(
    words: &mut Words<'_>,
    draft: &mut Draft,
    adjust: bool,
    limits: &Limits,
) -> Result<(), Refusal> {
    while !words.rest().is_empty() {
        let at = Place::Offset(words.offset());
        let (count, depth) = (words.next(), words.next());
        let claimed = usize::try_from(depth)
            .ok()
            .filter(|&depth| depth <= words.rest().len() / 4);
        let Some(claimed) = claimed.filter(|_| !words.is_past_end()) else {
            let detail = if words.is_past_end() {
                "a CPU profile ends in front of a stack's depth".to_owned()
            } else {
                format!(
                    "a stack of {depth} addresses is claimed, {} bytes are left",
                    words.rest().len()
                )
            };
            return Err(Refusal::Unrecognized(Some(Error::truncated(detail).at(at))));
        };
        if claimed as u64 > limits.stack_depth {
            let error = Error::too_large("locations of one sample", limits.stack_depth, "stack_depth");
            return Err(error.at(at).into());
        }
        let mut addresses: Vec<u64> = (0..claimed).map(|_| words.next()).collect();
        if count == 0 && addresses == [0] {
            break;
        }
        if adjust {
            addresses
                .iter_mut()
                .skip(1)
                .for_each(|address| *address = address.wrapping_sub(1));
        }
        let count = count.cast_signed();
        let values = [count, count.wrapping_mul(draft.period)];
        draft
            .sample(addresses, &values, None)
            .map_err(|error| error.at(at))?;
    }
    Ok(())
}

/// Takes out the leaf's caller where nearly all samples share it: the signal handler pushed it.
fn remove_handler_frame(draft: &mut Draft) {
    let mut counts: FxHashMap<u64, usize> = FxHashMap::default();
    let needed = draft.len() - draft.len() / SAMPLES_FOR_AN_EXCEPTION;
    // More than half of all samples are needed, so no second address can get there.
    let shared = (0..draft.len())
        .filter_map(|sample| draft.second_address(sample))
        .find(|&address| {
            let count = counts.entry(address).or_default();
            *count += 1;
            *count >= needed
        });
    for sample in 0..draft.len() {
        if shared.is_some() && draft.second_address(sample) == shared {
            draft.remove_second(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[u32], text: &str) -> Vec<u8> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    fn addresses(draft: &Draft, sample: usize) -> Vec<u64> {
        draft
            .stack(sample)
            .iter()
            .map(|&row| draft.locations[row as usize].address)
            .collect()
    }

    #[test]
    fn callers_are_moved_onto_the_call_and_counts_are_multiplied_by_the_period() {
        let input = bytes(
            &[0, 3, 0, 10, 0, 2, 2, 0x10, 0x20, 3, 2, 0x18, 0x30, 0, 1, 0],
            "10-40 /bin/x\n",
        );
        let draft = parse(&input, &Limits::default()).unwrap();
        assert_eq!(addresses(&draft, 0), [0x10, 0x1f]);
        assert_eq!(addresses(&draft, 1), [0x18, 0x2f]);
        let profile = draft.build().unwrap();
        assert_eq!(profile.header.period, 10_000);
        assert_eq!(profile.samples.values, [[2, 3], [20_000, 30_000]]);
        assert_eq!(profile.mappings.rows[0].limit, 0x40);
    }

    #[test]
    fn a_caller_that_all_samples_share_is_the_signal_handlers() {
        let input = bytes(
            &[
                0, 3, 0, 1, 0, 1, 3, 0x10, 0x99, 0x20, 1, 3, 0x11, 0x99, 0x30, 0, 1, 0,
            ],
            "",
        );
        let draft = parse(&input, &Limits::default()).unwrap();
        assert_eq!(
            [addresses(&draft, 0), addresses(&draft, 1)],
            [[0x10, 0x1f], [0x11, 0x2f]]
        );
        assert_eq!(draft.order.len(), 4);
    }

    #[test]
    fn big_endian_words_of_64_bits_are_told_by_the_header() {
        let input: Vec<u8> = [0u64, 3, 0, 7, 0, 1, 1, 0x10]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        let draft = parse(&input, &Limits::default()).unwrap();
        assert_eq!((draft.period, addresses(&draft, 0)), (7000, vec![0x10]));
    }

    #[test]
    fn java_addresses_stay_as_they_are_and_get_names() {
        let text = "0x10 a.B.c (B.java:5)\n";
        let input = bytes(&[0, 3, 1, 10, 0, 1, 2, 0x10, 0x20, 0, 1, 0], text);
        let profile = parse(&input, &Limits::default()).unwrap().build().unwrap();
        assert_eq!(profile.strings.text(profile.functions.name[0]), "a.B.c");
        assert_eq!(
            profile
                .locations
                .rows
                .iter()
                .map(|row| row.address)
                .collect::<Vec<_>>(),
            [0, 0]
        );
    }

    #[test]
    fn a_depth_beyond_the_bytes_is_reported_with_its_offset() {
        let input = bytes(&[0, 3, 0, 10, 0, 1, 1000, 1], "");
        let Err(Refusal::Unrecognized(Some(error))) = parse(&input, &Limits::default()) else {
            panic!()
        };
        assert_eq!(
            (error.code(), error.place),
            ("truncated_profile", Some(Place::Offset(20)))
        );
    }
}
