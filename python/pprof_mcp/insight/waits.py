"""What a stack waits for, or which lock it lets go, told by the names of functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Reason:
    """Something that is waited for.

    Attributes:
        name: For people.
        is_lock: Whether it is a lock, which somebody holds; else waiting may be all there is to do.
    """

    name: str
    is_lock: bool = False


UNKNOWN: Final = Reason("other")
MUTEX: Final = Reason("Mutex", is_lock=True)
WRITE: Final = Reason("RWMutex write", is_lock=True)
READ: Final = Reason("RWMutex read", is_lock=True)
ONCE: Final = Reason("Once", is_lock=True)
RUNTIME: Final = Reason("runtime lock", is_lock=True)
LOCK: Final = Reason("lock", is_lock=True)
RECEIVE: Final = Reason("channel receive")
SEND: Final = Reason("channel send")
SELECT: Final = Reason("select")
GROUP: Final = Reason("WaitGroup")
CONDITION: Final = Reason("condition variable")
SLEEP: Final = Reason("sleep")
NETWORK: Final = Reason("I/O")
QUEUE: Final = Reason("queue")
FUTURE: Final = Reason("future or latch")
SEMAPHORE: Final = Reason("semaphore")

REASONS: Final[tuple[Reason, ...]] = (
    UNKNOWN, MUTEX, WRITE, READ, ONCE, RUNTIME, LOCK, RECEIVE, SEND, SELECT, GROUP, CONDITION, SLEEP, NETWORK,
    QUEUE, FUTURE, SEMAPHORE,
)  # fmt: skip
"""All reasons; the place in this list is the kind that the core is told, 0 being none."""


@dataclass(frozen=True)
class Rule:
    """A rule about names.

    Attributes:
        reason: What a function of this name means.
        pattern: Searched in the name.
        wraps: Whether it stands for what it calls directly: a read-write lock is made of a lock.
    """

    reason: Reason
    pattern: re.Pattern[str]
    wraps: bool = True


def _rule(reason: Reason, pattern: str, *, wraps: bool = True) -> Rule:
    return Rule(reason, re.compile(pattern), wraps)


_JUC = r"^java\.util\.concurrent\."

RULES: Final[tuple[Rule, ...]] = (
    # Go, and its runtime.
    _rule(WRITE, r"^sync\.\(\*RWMutex\)\.(?:Lock|Unlock|TryLock|unlockSlow)$"),
    _rule(READ, r"^sync\.\(\*(?:RWMutex|rlocker)\)\."),
    _rule(MUTEX, r"^(?:internal/)?sync\.(?:\(\*Mutex\)\.|runtime_(?:SemacquireMutex|Semrelease)$)"),
    _rule(ONCE, r"^sync\.(?:\(\*Once\)\.|Once(?:Func|Value))"),
    _rule(GROUP, r"^sync\.(?:\(\*WaitGroup\)\.Wait|runtime_Semacquire(?:WaitGroup)?)$"),
    # It gives its lock back and takes it again: those are waits for the lock.
    _rule(CONDITION, r"^sync\.(?:\(\*Cond\)\.Wait|runtime_notifyListWait)$", wraps=False),
    _rule(RUNTIME, r"^runtime\.(?:un)?lock(?:2|WithRank|WithRankMayAcquire)?$|^runtime\._LostContended"),
    _rule(RECEIVE, r"^runtime\.(?:chanrecv|blockrecv)", wraps=False),
    _rule(SEND, r"^runtime\.(?:chansend|blocksend)", wraps=False),
    _rule(SELECT, r"^runtime\.(?:selectgo|block)$|^reflect\.rselect$", wraps=False),
    _rule(SLEEP, r"^time\.Sleep$|^runtime\.timeSleep$", wraps=False),
    _rule(NETWORK, r"^internal/poll\.(?:runtime_pollWait|\(\*pollDesc\)\.wait)", wraps=False),
    # The JVM.
    _rule(QUEUE, _JUC + r"\w*(?:Queue|Deque|Exchanger)\b.*\.(?:take|poll|put|offer|exchange)\w*"),
    _rule(FUTURE, _JUC + r"(?:CountDownLatch|CyclicBarrier|Phaser|FutureTask|CompletableFuture)\b"),
    _rule(SEMAPHORE, _JUC + r"Semaphore\b"),
    _rule(READ, _JUC + r"locks\.\w+\$ReadLock\."),
    _rule(WRITE, _JUC + r"locks\.\w+\$WriteLock\."),
    _rule(CONDITION, _JUC + r"locks\.\w+\$ConditionObject\.await|^java\.lang\.Object\.wait0?$"),
    _rule(LOCK, _JUC + r"locks\.(?:Reentrant|Stamped|AbstractQueued)"),
    _rule(LOCK, r"ObjectMonitor::(?:enter|exit)|ObjectSynchronizer::"),
    _rule(SLEEP, r"^java\.lang\.Thread\.sleep0?$"),
    # .NET.
    _rule(CONDITION, r"^System\.Threading\.Monitor\.(?:Obj)?Wait"),
    _rule(LOCK, r"^System\.Threading\.(?:Monitor|Lock|SpinLock)\."),
    # C, C++, Rust.
    _rule(READ, r"^_*pthread_rwlock_(?:timed|try)?rdlock|\bshared_mutex::\w*lock_shared|RwLock.*::read"),
    _rule(WRITE, r"^_*pthread_rwlock_(?:timed|try)?wrlock|\bshared_mutex::|RwLock.*::write"),
    _rule(CONDITION, r"^_*pthread_cond_\w*wait|condition_variable\w*::wait|CondVar::Wait|Condvar.*::wait"),
    _rule(LOCK, r"^_*pthread_(?:mutex|spin)_\w*lock|^_*lll_\w*lock"),
    _rule(LOCK, r"[mM]utex\w*(?:<.*>)?::(?:\w*_)?(?:un)?[lL]ock"),
    _rule(SEMAPHORE, r"^_*(?:new_)?sem_(?:timed|clock)?wait"),
    _rule(SLEEP, r"^_*(?:clock_)?(?:nano|u)?sleep$"),
)  # fmt: skip
"""In order; the first that matches decides.

Source: the functions that wait or release, as Go's runtime and sync, java.util.concurrent, .NET, POSIX, C++
and Rust name them (specified).
"""

_PLUMBING = re.compile(
    r"^(?:runtime|sync|internal/(?:sync|poll|runtime)|runtime/internal)[./]|-fm$|\.(?:defer|go)wrap\d+$"
    r"|^(?:java\.util\.concurrent|jdk\.internal|sun\.misc|java\.lang\.(?:Object|Thread))\."
    r"|^System\.Threading\.|^std::(?:mutex|unique_lock|lock_guard|sys|thread)\b|^_*(?:pthread|lll|futex|syscall)"
)
"""What only carries a wait out, and is never the place to change; Go's wrappers of deferred calls, too."""


def kind_of(name: str) -> tuple[int, bool]:
    """Give the kind of a function by its place in `REASONS`, and whether it stands for what it calls."""
    for rule in RULES:
        if rule.pattern.search(name):
            return REASONS.index(rule.reason), rule.wraps
    return 0, False


def is_plumbing(name: str, file: str) -> bool:
    """Tell whether a function only carries a wait out."""
    return file == "<autogenerated>" or _PLUMBING.search(name) is not None


LOCK_KINDS: Final = tuple(kind for kind, reason in enumerate(REASONS) if reason.is_lock)
"""Kinds of `REASONS` that are locks."""

LOCK_FRAMES: Final = r"^(?:internal/)?sync\.\(\*(?:RW)?Mutex\)\.|^sync\.\(\*(?:rlocker|Once)\)\."
"""Frames of Go's locks, as a filter: what of a block profile is about locks (specified by package sync)."""
