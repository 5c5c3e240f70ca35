"""leak: what grows and never shrinks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="Find a leak")
def leak(
    after: Annotated[
        str, Field(description="Heap or goroutine profile now: path or handle."), Completes.PROFILE
    ],
    before: Annotated[
        str,
        Field(description="The same kind, taken earlier in the same process; strongly advised."),
        Completes.PROFILE,
    ] = "",
) -> str:
    """Find what keeps memory, goroutines or threads alive, and tell a leak from a cache or from load."""
    compare = f"before={before} after={after}" if before else f"before=<the earlier one> after={after}"
    single = (
        ""
        if before
        else "\n    There is one profile only: it shows what is large, not what grows. Ask for a second one"
        "\n    of the same process, some minutes of load later; until then each finding below is a candidate."
    )
    return f"""
    # Leak

    Find what grows in {after}.{single}

    1. **What is it?** `pprof.meta` profile={after}: kind, time, totals.
       Both profiles must come from one process: a restart in between makes growth from nothing.
    2. **Memory** (the live types: Go, C++ and Rust inuse_space and inuse_objects; Node space and objects;
       Python heap-space; Java and Ruby heap-live-*; .NET inuse-space):
       - `pprof.diff_top` {compare} sample_index="inuse_space",
         then "inuse_objects". Never alloc_*: it always grows. Go counts what the last collection left.
       - The row says who allocated it, not who keeps it. `pprof.focus_paths` on the first row shows the way
         there; the keeper is mostly the first type with a name like cache, store, session, registry, pool.
       - Bytes divided by objects: equal sizes are entries of a map or list without end; few huge ones are
         buffers, or small slices that keep a large array alive. Go's label `bytes` (`pprof.tags` key="bytes")
         gives the size classes.
       - Rows under the function a goroutine starts with: the goroutine is the leak; go to 3.
       - `time.NewTicker`, `time.NewTimer`, `context.WithCancel`, listeners and callbacks: never stopped.
    3. **Goroutines** (or threads):
       - `pprof.traces_head` profile=<goroutine profile>: equal stacks are one row; the count is what matters.
       - `pprof.diff_top` of two of them with hide="^(runtime|sync|internal|net)[./]": growth by our function.
       - The leaf says why it stays: `runtime.chanrecv` nobody sends or closes; `runtime.chansend` nobody
         receives (often a caller that gave up at a timeout); `runtime.selectgo` without a done case;
         `sync.runtime_Semacquire` a lock or WaitGroup never released; `internal/poll` a connection without
         deadline. The root frame says which function started it.
       - As many as requests in flight: load, not a leak. More after the load has gone: a leak. Go's
         goroutineleak profile, where there is one, holds nothing but leaks.
    4. **The process grows, the profile does not**: not in this heap. Think of stacks (goroutines or threads
       times their size), memory from C or mapped files, fragmentation, memory freed but not yet returned.
    5. **Leak or cache?** A cache levels off; a leak grows with requests or time. Three profiles decide: the
       second growth as large as the first means a leak.

    Report: what grows (function, file:line), from how much to how much in which time, what share of all
    growth it is; who keeps it and why it is never let go; leak, cache or load, and by which evidence; the
    smallest change that frees it; what to measure after it.
    """
