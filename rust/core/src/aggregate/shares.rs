//! Passes over the groups of a graph, on all cores.

use super::graph::Group;
use crate::error::Result;
use crate::interrupt;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread::{Builder, available_parallelism, scope};

/// Groups that one thread walks in about the time that starting it takes, several times over. Chosen.
const WORTH_A_THREAD: usize = 4_096;
/// More threads than this only add sums to be added up. Chosen.
const MOST_THREADS: usize = 8;

/// Calls `work` with contiguous shares of the groups, each on a thread of its own when that pays. The answers stand in
/// the order of the shares.
///
/// The threads end with the call: a pool that outlives it would not survive a fork of the process, and Python's programs
/// fork.
pub(super) fn in_shares<T: Send>(
    groups: &[Group],
    work: impl Fn(&[Group]) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (groups.len() / WORTH_A_THREAD).clamp(1, MOST_THREADS.min(cores));
    let mut shares = groups.chunks(groups.len().div_ceil(threads).max(1));
    let own = shares.next().unwrap_or_default();
    let work = &work;
    scope(|scope| {
        let others: Vec<_> = shares
            .map(|share| {
                let flag = interrupt::current();
                let body = move || interrupt::under(flag, || work(share));
                (share, Builder::new().spawn_scoped(scope, body))
            })
            .collect();
        let mut answers = vec![work(own)?];
        for (share, thread) in others {
            answers.push(match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic))?,
                // No thread is to be had: its share is done here.
                Err(_) => work(share)?,
            });
        }
        Ok(answers)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Weight;
    use crate::error::ErrorKind;
    use crate::ids::{LabelSetId, StackId};

    fn groups(count: u32) -> Vec<Group> {
        let group = |stack| Group {
            stack: StackId(stack),
            label_set: LabelSetId::EMPTY,
            weight: Weight::default(),
        };
        (0..count).map(group).collect()
    }

    #[test]
    fn every_group_is_in_one_share_and_the_shares_are_in_order() {
        for count in [0, 1, 5_000, 100_001] {
            let groups = groups(count);
            let stacks = |share: &[Group]| Ok(share.iter().map(|group| group.stack.0).collect::<Vec<_>>());
            let walked = in_shares(&groups, stacks).unwrap().concat();
            assert!(walked.into_iter().eq(0..count));
        }
    }

    #[test]
    fn a_raised_flag_is_heard_by_every_share() {
        let flag = interrupt::Flag::default();
        flag.raise();
        let groups = groups(50_000);
        let outcome = interrupt::under(Some(flag), || {
            in_shares(&groups, |share| {
                share
                    .iter()
                    .enumerate()
                    .try_for_each(|(at, _)| interrupt::check_at(at))
            })
        });
        assert_eq!(*outcome.unwrap_err().kind, ErrorKind::Cancelled);
    }
}
