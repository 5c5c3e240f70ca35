"""first_look: from a capture to the one thing worth fixing.

Source: the uncertainty of a share is two standard deviations of a binomial at one half, its largest value.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="First look at a capture")
def first_look(
    path: Annotated[
        str,
        Field(description="File, directory, zip or glob of profiles, or a handle."),
        Completes.CAPTURE,
    ],
    question: Annotated[
        str, Field(description="What is wrong, such as `checkout is slow since 02:00`.")
    ] = "",
) -> str:
    """Find out what a service does with its time and memory, from whatever profiles there are."""
    asked = f"\n    The question: {question}." if question else ""
    return f"""
    # First look

    Look at the profiles in {path} and say what is wrong, with numbers.{asked}
    Read before you explain. Do the steps in order and stop as soon as the question is answered.

    1. **Open.** `profiles.open` path={path}.
       Note kind, duration and notes of each profile. Missing function names or cut-off stacks (`notes`)
       limit what can be said: say so first. A share of n samples (total of the type `samples`, or total
       divided by the period) is uncertain by up to 1/sqrt(n): with 100 samples, 10 points.
       `pprof.discover` of the bundle ranks what stands out, each with the call that shows it: make those
       calls, and go on here with what it could not judge (`missing`, `warnings`).
    2. **Who wrote it.** `pprof.meta` of the CPU or wall profile gives the runtime, the period, the labels.
    3. **Busy or waiting?** `pprof.top` of the CPU profile: total divided by duration is the number of busy
       cores. Near the cores the service may use: it computes (or is throttled, which no profile shows; ask
       for the container's throttling metric). Far below while requests are slow: it waits, so go to 5.
       Where wall time is recorded (Python, Node, Ruby, Java, .NET), both are there: the same `pprof.top` with
       the sample types for wall and for CPU time; a function high in one and low in the other waits.
    4. **What it computes.** `pprof.top` by flat says where work is done, cum=true on whose behalf. Names of
       the runtime are symptoms; find the caller that is ours with `pprof.focus_paths` and `pprof.peek`:
       - Go `runtime.mallocgc`, `runtime.gcBgMarkWorker`, `runtime.scanobject`: too much allocation; see 6.
       - Go `runtime.findRunnable`, `runtime.futex`, `runtime.schedule`: many short wake-ups, not real work.
       - `syscall`, `read`, `write`, `epoll`: input and output, perhaps in pieces that are too small.
       - `encoding/json`, `reflect`, `regexp` (or their like elsewhere): the same thing encoded, compiled or
         parsed again for each request. Compression and TLS: often the price of the traffic.
       - Node `(garbage collector)`, a JVM's collector threads, `malloc` and `free` of C++ and Rust:
         allocation again. Python and Ruby: an extension may hide everything below its first frame.
    5. **What it waits for.** Goroutine profile: `pprof.traces_head`; hundreds of equal stacks are a leak or
       a queue. Mutex and block profiles: `pprof.top` sample_index="delay"
       hide="^(runtime|sync|internal)[./]", which charges each wait to the function that waits. Elsewhere:
       wall time, and the sample types that name locks.
    6. **What it keeps and what it allocates.** Heap profile: `pprof.top` with inuse_space (Node space,
       Python heap-space) for what is alive, alloc_space for what makes the collector work.
    7. **For whom.** `pprof.tags` of the CPU profile: does one endpoint or tenant cost far more than its
       share of the traffic?

    Report: one sentence that answers; then at most three findings, each with function and file:line, value
    with unit, percent of which total, sample type, and handle; what these profiles can not show; the next
    measurement or the change to try, and how its effect would show.
    """
