"""oom: where the memory of a process was when it was killed.

Source: the headroom, and a GOMEMLIMIT some percent below the limit, are from Go's guide to its collector. 8
KiB a goroutine is chosen between the 2 KiB it starts with and the stacks that servers have.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="Explain an out-of-memory kill")
def oom(
    heap: Annotated[
        str, Field(description="Heap profile nearest before the kill: path or handle."), Completes.PROFILE
    ],
    goroutine: Annotated[
        str, Field(description="Goroutine profile of the same moment, if any."), Completes.PROFILE
    ] = "",
    limit: Annotated[str, Field(description="Memory limit of the container, such as `512MiB`.")] = "",
    rss: Annotated[str, Field(description="Resident memory at the kill or the last known.")] = "",
) -> str:
    """Account for the memory of a process that was killed, and name what to change first."""
    given = f"\n    Limit: {limit or 'not told; ask'}. Resident memory: {rss or 'not told; ask'}."
    other = goroutine or "<goroutine profile, if there is one>"
    return f"""
    # Out of memory

    Account for the memory of the process behind {heap}.{given}
    The kernel counts resident memory. A heap profile counts live objects. The difference is the question.

    1. **How near is the profile?** `pprof.meta` profile={heap}: its time
       against the time of the kill. Taken minutes before a sudden burst it shows nothing of it; say so.
    2. **What is alive?** `pprof.top` profile={heap} sample_index="inuse_space":
       total and first rows. (Python heap-space, Node space, Java and Ruby heap-live-*, .NET inuse-space.) A
       profile of allocations only can not answer this.
    3. **Do the sum.** Go lets the heap grow to about live * (1 + GOGC/100): twice the live heap, unless GOGC
       or GOMEMLIMIT say otherwise. Add stacks: goroutines times 8 KiB as a first guess (2 KiB at least, deep
       stacks far more). Add what the profile never sees: C libraries, mapped files, page cache that counts.
       JVM: heap limit plus metaspace, direct buffers, threads. Node: buffers outside the heap. Python: memory
       of extensions. C++ and Rust: fragmentation in the allocator.
    4. **Which case is it?**
       - Live heap near the limit: too much is kept. `pprof.focus_paths` on the first rows: who keeps it? With
         an earlier profile, `pprof.diff_top` sample_index="inuse_space" tells a leak from a steady size.
       - Twice the live heap near the limit: the collector's headroom. Less allocation helps
         (`pprof.top` sample_index="alloc_space"), or GOMEMLIMIT at about 90 % of the limit, paid in CPU.
       - Live heap small and steady, then a kill: a burst. Look for large single objects:
         `pprof.tags` profile={heap} key="bytes" sample_index="alloc_space" (Go's size classes),
         then `pprof.top` tagfocus="bytes=1mb:" sample_index="alloc_space": whole files, answers or tables.
       - Live heap far below resident memory all the time: stacks, memory from C, or freed memory not given
         back.
         `pprof.traces_head` profile={other}: thousands of goroutines are the cause and the trail.
       - Many requests at once, each with its own buffer: a limit on concurrency is missing. Goroutines
         in equal stacks under one handler show it.
    5. **For whom?** `pprof.tags` of a CPU profile of the time: one tenant or endpoint with large requests? Go
       heap profiles carry no such labels.

    Report: a small sum of limit, resident, live heap, headroom, stacks and unexplained rest, each with
    its source (measured or estimated); the case; the first function to change with file:line and bytes; a
    stopgap (limit, GOMEMLIMIT, concurrency) apart from the repair; what to record to catch the next one.
    """
