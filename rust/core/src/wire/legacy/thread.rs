//! Stacks of all threads, as threadz pages print them.

use super::draft::{Draft, names};
use super::lines::Lines;
use super::maps::read_sections;
use super::pattern::{Pattern, compile};
use super::refusal::Refusal;
use super::text::{hex_addresses, is_memory_map_sentinel, is_space_or_comment, shown, trim};
use crate::error::{Error, Result};
use crate::limits::Limits;

static PAGE: Pattern = Pattern::new(|| compile(r"--- threadz \d+ ---"));

static THREAD: Pattern =
    Pattern::new(|| compile(r"--- Thread ([[:xdigit:]]+) \(name: (.*)/(\d+)\) stack: ---"));

/// What stands for the stack of a thread that has the one before.
static SAME: Pattern = Pattern::new(|| compile("same as previous thread"));

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> std::result::Result<Draft, Refusal> {
    let mut lines = Lines::new(bytes);
    while lines.scan() && is_space_or_comment(lines.text()) {}
    let mut line = lines.text();
    if PAGE.is_match(line) {
        while lines.scan() {
            line = lines.text();
            if is_memory_map_sentinel(line) || line.starts_with(b"-") {
                break;
            }
        }
    } else if !THREAD.is_match(line) {
        return Err(Refusal::FOREIGN);
    }
    let mut draft = Draft::new(1, limits);
    draft.sample_types = vec![names(b"thread", b"count")];
    draft.period_type = names(b"thread", b"count");
    draft.period = 1;
    while !is_memory_map_sentinel(line) && !line.starts_with(b"---- no stack trace for") {
        if !THREAD.is_match(line) {
            return Err(Refusal::Unrecognized(Some(lines.invalid(format!(
                "thread stacks end with {}; expected `--- Thread <id> (name: <name>/<number>) stack: ---`, \
                 `---- no stack trace for ...` or a memory map",
                shown(line)
            )))));
        }
        let (next, addresses) = stack(&mut lines, limits)?;
        line = next;
        if addresses.is_empty() {
            draft.count_last_again();
            continue;
        }
        // Callers' addresses are behind the calls; one less is on them. The leaf is no call.
        let addresses = addresses.into_iter().enumerate();
        let addresses = addresses.map(|(frame, address)| {
            if frame > 0 {
                address.wrapping_sub(1)
            } else {
                address
            }
        });
        draft
            .sample(addresses, &[1], None)
            .map_err(|error| error.at(lines.place()))?;
    }
    read_sections(&mut lines, &mut draft)?;
    draft.remove_repeated_leaves();
    Ok(draft)
}

/// The line behind a stack, and its addresses; none when the stack is that of the thread before.
fn stack<'a>(lines: &mut Lines<'a>, limits: &Limits) -> Result<(&'a [u8], Vec<u64>)> {
    let mut line: &[u8] = &[];
    let mut addresses = Vec::new();
    let mut is_same = false;
    while lines.scan() {
        line = trim(lines.text());
        if line.starts_with(b"---") {
            break;
        }
        if SAME.is_match(line) {
            is_same = true;
            continue;
        }
        addresses.extend(hex_addresses(line).map_err(|error| error.at(lines.place()))?);
        if addresses.len() as u64 > limits.stack_depth {
            let error = Error::too_large("locations of one sample", limits.stack_depth, "stack_depth");
            return Err(error.at(lines.place()));
        }
    }
    if is_same {
        addresses.clear();
    }
    Ok((line, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::profile::Profile;

    fn read(text: &str) -> Profile {
        parse(text.as_bytes(), &Limits::default())
            .unwrap()
            .build()
            .unwrap()
    }

    #[test]
    fn threads_with_the_same_stack_are_counted_together() {
        let profile = read(concat!(
            "--- threadz 1 ---\n\n",
            "--- Thread 7f (name: main/1) stack: ---\n  PC: 0x10 f\n  0x21 0x31\n",
            "--- Thread 8f (name: a b/c/2) stack: ---\n  [same as previous thread]\n",
            "--- Thread 9f (name: /3) stack: ---\n",
            "--- Thread af (name: x/4) stack: ---\n  0x40 0x41\n",
            "--- Memory map: ---\n10-50 /bin/x\n",
        ));
        assert_eq!(profile.samples.values, [[3, 1]]);
        let addresses: Vec<_> = profile.locations.rows.iter().map(|row| row.address).collect();
        assert_eq!(addresses, [0x10, 0x20, 0x30, 0x40]);
    }

    #[test]
    fn a_leaf_given_twice_is_taken_once() {
        let profile =
            read("--- Thread 7f (name: main/1) stack: ---\n 0x40 0x40 0x51\n---- no stack trace for 8\n");
        let stack: Vec<_> = profile
            .stacks
            .frames(profile.samples.stack[0])
            .map(|id| id.0)
            .collect();
        assert_eq!(stack, [0, 2]);
        assert_eq!(profile.locations.len(), 3);
    }

    #[test]
    fn stacks_that_just_end_are_reported() {
        let text = "--- threadz 1 ---\n--- Thread 7f (name: main/1) stack: ---\n 0x40";
        let Err(Refusal::Unrecognized(Some(error))) = parse(text.as_bytes(), &Limits::default()) else {
            panic!()
        };
        assert_eq!(
            (error.code(), error.place),
            ("invalid_profile", Some(Place::Line(3)))
        );
    }

    #[test]
    fn a_stack_over_the_limit_is_refused_whatever_lines_it_is_spread_over() {
        let text = "--- Thread 7f (name: main/1) stack: ---\n 0x40\n 0x41\n 0x42\n--- Memory map: ---\n";
        let limits = Limits {
            stack_depth: 2,
            ..Limits::default()
        };
        let Err(Refusal::Failed(error)) = parse(text.as_bytes(), &limits) else {
            panic!()
        };
        assert_eq!(
            (error.code(), error.place),
            ("profile_too_large", Some(Place::Line(4)))
        );
    }
}
