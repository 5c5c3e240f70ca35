//! Stopping a long computation: whoever starts it may hang up a flag, and the loops of the core look at it.
//!
//! The flag belongs to a thread while a piece of work runs on it, so no function has to hand it on.

use crate::error::{Error, ErrorKind, Result};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is raised once and stays up.
#[derive(Debug, Clone, Default)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    /// Asks all who work under this flag to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

thread_local! {
    static FLAG: RefCell<Option<Flag>> = const { RefCell::new(None) };
}

/// Runs `work` under a flag, or without one.
pub fn under<T>(flag: Option<Flag>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also when the work panics.
    struct Restore(Option<Flag>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let before = self.0.take();
            FLAG.with(|current| *current.borrow_mut() = before);
        }
    }
    let before = FLAG.with(|current| current.replace(flag));
    let _restore = Restore(before);
    work()
}

/// The flag of this thread, for those who start others.
#[must_use]
pub fn current() -> Option<Flag> {
    FLAG.with(|current| current.borrow().clone())
}

/// Refuses to go on once the flag of this thread is up. Cheap enough for every few thousand rows.
///
/// # Errors
///
/// The flag is up.
pub fn check() -> Result<()> {
    let is_raised = FLAG.with(|current| current.borrow().as_ref().is_some_and(Flag::is_raised));
    if is_raised {
        return Err(Error::new(ErrorKind::Cancelled));
    }
    Ok(())
}

/// As [`check`], for the row `number` of a loop; only one of a thousand looks.
///
/// # Errors
///
/// The flag is up.
#[inline]
pub fn check_at(number: usize) -> Result<()> {
    if number.is_multiple_of(1_024) {
        check()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_holds_for_its_work_alone() {
        let flag = Flag::default();
        flag.raise();
        assert_eq!(check(), Ok(()));
        let inside = under(Some(flag), || (check().is_err(), under(None, check)));
        assert_eq!(inside, (true, Ok(())));
        assert_eq!(check(), Ok(()));
    }
}
