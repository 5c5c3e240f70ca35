"""contention: who waits, for which lock, and who holds it.

Source: what the two profiles record is specified by Go's runtime/pprof. A tenth of a waiter on average is
chosen: it costs a tenth of one request at any time.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="Find lock contention")
def contention(
    profile: Annotated[
        str,
        Field(description="Mutex, block, wall or lock profile, or a bundle with them: path or handle."),
        Completes.CAPTURE,
    ],
    cpu: Annotated[
        str, Field(description="CPU profile of the same time, if any: path or handle."), Completes.PROFILE
    ] = "",
) -> str:
    """Find the lock that is waited for, who holds it, and whether waiting is the problem at all."""
    busy = cpu or "<CPU profile of the same time>"
    return f"""
    # Contention

    Find out what is waited for in {profile}, and whether it matters.

    1. **What is there?** `profiles.open` path={profile}, then `pprof.meta` of each. Go's mutex profile is
       recorded at the unlock and names who **held** the lock; the block profile names who **waited**, for
       locks, channels, select and conditions alike. Both count since the start unless the file is a delta:
       compare two with `pprof.diff_top`. Elsewhere: lock-acquire-wait and lock-release-hold (Python),
       lock-time and lock-count (.NET), contentions and delay (C++), wall minus CPU time (Node, Ruby, Java).
    2. **How much?** Total delay divided by duration (by uptime, for a counter since the start) is how many
       goroutines or threads waited on average; in a block profile only the part that 4 keeps. Below 0.1
       there is no contention worth a night: say so and stop.
    3. **Where?** `pprof.top` sample_index="delay" hide="^(runtime|sync|internal)[./]" charges each wait to
       the function that holds or waits. Again with sample_index="contentions": delay divided by contentions
       is the mean wait. Few and long: something slow happens under the lock. Many and short: a hot lock.
    4. **Only locks.** In a block profile most delay is idle work that waits for work, which is healthy. Keep
       the locks: focus="[.](R?Lock|lockSlow)$". Channels and conditions by themselves:
       focus="chanrecv|chansend|selectgo|[.]Wait$"; of those only what lies under a request matters.
    5. **On whose behalf?** `pprof.focus_paths` function="Unlock$" in the mutex profile (function="Lock$" in
       the block profile): each row is one way to the lock, with its share.
    6. **Why is it held so long?** `pprof.peek` profile={busy} regex=<the holder of 3>:
       what it calls happens under the lock.
       - Input, output, logging or a remote call under the lock: move it out. Its CPU is small, its wait long.
       - `RWMutex).Unlock` instead of RUnlock in a function that only reads: a write lock for reading.
       - High CPU under the lock (copying, sorting, encoding): prepare before, swap under the lock.
       - One lock for many keys: split it by key. A counter: use an atomic.
       - Two locks, both orders among the stacks of 5: harmless now, a deadlock some day; report it apart.
       - `runtime._LostContendedRuntimeLock`, `runtime.(*mheap)`: locks of the runtime itself; allocation or
         timers cause them.
       - Python: threads that wait for the interpreter look like lock waits and are CPU work of another one.
    7. **Or is it starved?** `pprof.top` profile={busy}:
       total over duration near the cores it may use means that holders do not get to run; waits are then a
       symptom.

    Report: the lock as function and file:line; who holds it and what happens meanwhile; who waits; delay,
    contentions, mean wait, waiters on average; share of all delay; which endpoint pays; the change to try.
    """
