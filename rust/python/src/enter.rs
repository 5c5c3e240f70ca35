//! The one door between the interpreter and the core, and how a call is called off.
//!
//! Short work runs where it is called. Work that may take long runs on a thread of its own while the caller looks, every
//! [`TICK`], whether Ctrl-C was pressed or the call was cancelled: the core is asked to stop then, and waited for no longer
//! than [`PATIENCE`].

use crate::error::{internal, to_python};
use pprof_core::interrupt::{self, Flag};
use pprof_core::{Error, ErrorKind};
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at what the caller wants. Source: chosen; a cancellation is to be heard within 200 ms.
const TICK: Duration = Duration::from_millis(50);
/// How long a call that is called off is waited for. What does not listen, such as a read from a pipe that nobody writes
/// to, is left to itself.
const PATIENCE: Duration = Duration::from_millis(100);
/// Bytes of input from which work counts as long. Source: chosen; takes milliseconds to decode, a thread takes 0.1.
pub(crate) const LONG_BYTES: usize = 256 << 10;
/// Samples from which work counts as long. Source: chosen; the quickest report on them takes 4 milliseconds, the slowest far
/// less than the 200 within which Ctrl-C is to be heard.
pub(crate) const LONG_SAMPLES: usize = 100_000;

/// Runs `body` with the interpreter released; errors become Python's, a panic becomes an `InternalError`.
pub(crate) fn enter<T: Ungil + Send>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, Error> + Ungil + Send,
) -> PyResult<T> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(body)));
    told(py, outcome)
}

/// As [`enter`]; when `is_long`, Ctrl-C is heard meanwhile on the main thread (signals reach no other), and a cancellation
/// on one that works under it.
pub(crate) fn enter_long<T: Ungil + Send + 'static>(
    py: Python<'_>,
    is_long: bool,
    body: impl FnOnce() -> Result<T, Error> + Ungil + Send + 'static,
) -> PyResult<T> {
    if is_long && (interrupt::current().is_some() || is_main_thread(py)) {
        attend(py, body, |_| Ok(()))
    } else {
        enter(py, body)
    }
}

/// Runs `body` on another thread. Every now and then signals are looked at and `tick` is called; an error of either
/// stops the work and is the outcome.
pub(crate) fn attend<T: Send + 'static>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, Error> + Send + 'static,
    mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    let outer = interrupt::current();
    let flag = Flag::default();
    let (send, receive) = sync_channel(1);
    let under = flag.clone();
    let work = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| interrupt::under(Some(under), body)));
        // Nobody listens any more when the caller has given up.
        let _ = send.send(outcome);
    };
    if let Err(error) = std::thread::Builder::new().spawn(work) {
        return Err(internal(py, &format!("the system gives no thread: {error}")));
    }
    let receive = Mutex::new(receive);
    let wait = |time| {
        py.detach(|| {
            let receive = receive.lock().unwrap_or_else(PoisonError::into_inner);
            receive.recv_timeout(time)
        })
    };
    loop {
        match wait(TICK) {
            Ok(outcome) => return told(py, outcome),
            Err(RecvTimeoutError::Disconnected) => return Err(internal(py, "a thread of the core is gone")),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let wanted = if outer.as_ref().is_some_and(Flag::is_raised) {
            Err(to_python(py, &Error::new(ErrorKind::Cancelled)))
        } else {
            py.check_signals().and_then(|()| tick(py))
        };
        if let Err(error) = wanted {
            flag.raise();
            // Whatever still comes out is not wanted.
            let _ = wait(PATIENCE);
            return Err(error);
        }
    }
}

fn told<T>(py: Python<'_>, outcome: Result<Result<T, Error>, Box<dyn Any + Send>>) -> PyResult<T> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_python(py, &error)),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "unknown panic".to_owned());
            Err(internal(py, &text))
        }
    }
}

/// Whether this thread is the one that signals reach. A process that never loaded `threading` counts as having one thread;
/// looking at signals in vain does no harm.
fn is_main_thread(py: Python<'_>) -> bool {
    let ask = || -> PyResult<bool> {
        let modules = py.import("sys")?.getattr("modules")?;
        let Ok(threading) = modules.get_item("threading") else {
            return Ok(true);
        };
        let main = threading.call_method0("main_thread")?.getattr("ident")?;
        threading.call_method0("get_ident")?.eq(main)
    };
    ask().unwrap_or(false)
}

/// Calls off what runs under it. Given by a front to the thread that works on a request.
#[pyclass(frozen, module = "pprof_mcp._native")]
pub(crate) struct Cancellation(Flag);

#[pymethods]
impl Cancellation {
    #[new]
    fn new() -> Self {
        Self(Flag::default())
    }

    /// The one under which this thread works.
    #[staticmethod]
    fn current() -> Option<Self> {
        interrupt::current().map(Self)
    }

    fn cancel(&self) {
        self.0.raise();
    }

    #[getter]
    fn is_cancelled(&self) -> bool {
        self.0.is_raised()
    }

    /// Calls a function; the core stops in it once this is cancelled.
    fn run<'py>(&self, call: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        interrupt::under(Some(self.0.clone()), || call.call0())
    }
}
