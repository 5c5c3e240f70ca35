//! The few things that are done on several cores.
//!
//! Threads are made for one piece of work and end with it. A pool that outlives a call would not survive a fork of the
//! process that loaded this library, and Python's programs fork.

use std::cmp::Ordering;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

/// Below this many rows work is over before a thread has started. Chosen.
pub(crate) const WORTH_A_THREAD: usize = 1 << 14;

/// How many threads to use where nobody says so: all the process may have.
#[must_use]
pub fn available() -> usize {
    // To ask the system is to read a dozen files.
    static AVAILABLE: OnceLock<usize> = OnceLock::new();
    *AVAILABLE.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// Sorts by a total order, on two threads when that pays.
pub(crate) fn sort<T: Copy + Send>(rows: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    if rows.len() < WORTH_A_THREAD || available() < 2 {
        rows.sort_unstable_by(compare);
        return;
    }
    let middle = rows.len() / 2;
    let (low, high) = rows.split_at_mut(middle);
    std::thread::scope(|scope| {
        scope.spawn(|| low.sort_unstable_by(&compare));
        high.sort_unstable_by(&compare);
    });
    // Two sorted runs: the stable sort finds and merges them.
    rows.sort_by(compare);
}

/// Does two things, at the same time when that pays: `rows` says how much there is to do.
pub(crate) fn both<A: Send, B>(
    rows: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if rows < WORTH_A_THREAD || available() < 2 {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        match one.join() {
            Ok(one) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
