//! Many inputs -> one partial, on several threads.
//!
//! Each thread folds what it takes into a partial of its own and hands that on when nothing is left, so memory is that of the
//! distinct rows and of one input for each thread, however many inputs there are.

use super::parallel;
use super::partial::{MergeOptions, Partial};
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::{self, Flag};
use crate::limits::Limits;
use crate::profile::Profile;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What an input turned out to be.
pub enum Input {
    /// The bytes of a file are in the buffer.
    Bytes,
    /// A profile that was decoded before.
    Profile(Arc<Profile>),
}

/// Inputs by number, read when their turn comes.
pub trait Inputs: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What to call an input.
    fn name(&self, at: usize) -> String;

    /// Reads an input; bytes go into `buffer`, which is empty.
    ///
    /// # Errors
    ///
    /// It can not be read.
    fn read(&self, at: usize, buffer: &mut Vec<u8>) -> Result<Input>;
}

/// How far a merge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Inputs that are done, failed ones among them.
    pub done: usize,
    /// All inputs.
    pub total: usize,
    /// Bytes read so far.
    pub bytes: u64,
    /// Inputs that could not be merged.
    pub failed: usize,
}

/// An input that could not be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its number.
    pub at: usize,
    /// Its name.
    pub name: String,
    /// Why.
    pub error: Error,
}

/// How inputs are worked through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Work {
    /// How profiles are merged.
    pub options: MergeOptions,
    /// Limits of each input.
    pub limits: Limits,
    /// Go on when an input can not be merged.
    pub keep_going: bool,
    /// Threads; 0 for as many as the process may have.
    pub threads: usize,
}

/// Between two looks at the caller's progress and will. A cancellation is to be heard within 200 ms.
const TICK: Duration = Duration::from_millis(50);

/// Merges all inputs. `watch` is told how far it is, now and then, and says whether to go on.
///
/// # Errors
///
/// Cancelled; without `keep_going`, the error of the first input (by number) that can not be merged, with its name.
pub fn merge_all(
    inputs: &dyn Inputs,
    work: &Work,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<(Partial, Vec<Failure>)> {
    let threads = match work.threads {
        0 => parallel::available(),
        threads => threads,
    };
    let threads = threads.min(inputs.len()).max(1);
    let shared = Shared {
        inputs,
        work,
        flag: Flag::default(),
        outer: interrupt::current(),
        next: AtomicUsize::new(0),
        end: AtomicUsize::new(inputs.len()),
        done: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        running: AtomicUsize::new(threads),
        failures: Mutex::new(Vec::new()),
        partial: Mutex::new(None),
    };
    let waiting = std::thread::current();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (shared, waiting) = (&shared, waiting.clone());
                scope.spawn(move || {
                    let _leaving = Leaving(shared, &waiting);
                    interrupt::under(Some(shared.flag.clone()), || shared.run());
                })
            })
            .collect();
        while shared.running.load(Ordering::Acquire) > 0 {
            std::thread::park_timeout(TICK);
            let is_cancelled = shared.outer.as_ref().is_some_and(Flag::is_raised);
            if !watch(shared.progress()) || is_cancelled {
                shared.flag.raise();
            }
        }
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    if shared.flag.is_raised() {
        return Err(Error::new(ErrorKind::Cancelled));
    }
    let mut failures = into_inner(shared.failures);
    failures.sort_by_key(|failure| failure.at);
    if !work.keep_going && !failures.is_empty() {
        let first = failures.swap_remove(0);
        return Err(first.error.of_input(&first.name));
    }
    let partial = into_inner(shared.partial).unwrap_or_else(|| Partial::new(work.options));
    Ok((partial, failures))
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared<'a> {
    inputs: &'a dyn Inputs,
    work: &'a Work,
    flag: Flag,
    /// The flag of whoever called.
    outer: Option<Flag>,
    /// The next input to take.
    next: AtomicUsize,
    /// No input from here on is wanted: their number, or less once one has failed.
    end: AtomicUsize,
    done: AtomicUsize,
    bytes: AtomicU64,
    running: AtomicUsize,
    failures: Mutex<Vec<Failure>>,
    /// The partial of a worker that has ended, waiting for another to take it along.
    partial: Mutex<Option<Partial>>,
}

/// Tells the waiting thread that a worker has ended, however it did.
struct Leaving<'a>(&'a Shared<'a>, &'a std::thread::Thread);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
        self.1.unpark();
    }
}

impl Shared<'_> {
    fn progress(&self) -> Progress {
        Progress {
            done: self.done.load(Ordering::Relaxed),
            total: self.inputs.len(),
            bytes: self.bytes.load(Ordering::Relaxed),
            failed: lock(&self.failures).len(),
        }
    }

    fn run(&self) {
        let mut partial = Partial::new(self.work.options);
        let mut buffer = Vec::new();
        while !self.flag.is_raised() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.end.load(Ordering::Relaxed) {
                break;
            }
            buffer.clear();
            if let Err(error) = self.one(at, &mut partial, &mut buffer)
                && !self.flag.is_raised()
            {
                if !self.work.keep_going {
                    self.end.fetch_min(at, Ordering::Relaxed);
                }
                let name = self.inputs.name(at);
                lock(&self.failures).push(Failure { at, name, error });
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        while !self.flag.is_raised() {
            let mut waiting = lock(&self.partial);
            let Some(other) = waiting.take() else {
                *waiting = Some(partial);
                return;
            };
            drop(waiting);
            partial.absorb_alike(other);
        }
    }

    fn one(&self, at: usize, partial: &mut Partial, buffer: &mut Vec<u8>) -> Result<()> {
        match self.inputs.read(at, buffer)? {
            Input::Bytes => {
                self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
                partial.add(&self.inputs.name(at), buffer, &self.work.limits)
            }
            Input::Profile(profile) => {
                partial.add_profile(&self.inputs.name(at), &profile);
                Ok(())
            }
        }
    }
}
