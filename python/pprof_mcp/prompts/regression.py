"""regression: what became slower or larger between two profiles.

Source: samples are counts, whose standard deviation is the square root; twice that is chosen.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="Find a regression")
def regression(
    before: Annotated[
        str, Field(description="Profile of the good state: path or handle."), Completes.PROFILE
    ],
    after: Annotated[str, Field(description="Profile of the bad state, same kind."), Completes.PROFILE],
    sample_index: Annotated[
        str, Field(description="Sample type to compare; the profile's own when empty."), Completes.SAMPLE_TYPE
    ] = "",
    change: Annotated[str, Field(description="What was changed in between, if known.")] = "",
) -> str:
    """Compare two profiles of one service and name the code that costs more, or say that it is load alone."""
    pair = f"before={before} after={after}" + (f" sample_index={sample_index}" if sample_index else "")
    known = f"\n    Changed in between: {change}." if change else ""
    return f"""
    # Regression

    Find what costs more in {after} than in {before}.{known}

    1. **Are they comparable?** `pprof.meta` of both: same kind, same runtime, same sample types, similar
       duration; note times and build ids. Warnings about missing names make functions look new or gone.
       - Profiles of a time span (CPU, wall, files called delta-*): compare with normalize="per_second".
       - Counters since the start (Go's plain heap alloc_*, mutex, block): they grow with uptime. Two of the
         same process: the difference is the span between them. Of two processes: only shares compare.
       - Pictures of a moment (heap inuse_*, goroutine): normalize="none".
    2. **How much, all together?** `pprof.diff_top` {pair}
       with normalize as above: before_total, after_total. Then normalize="total": what still differs is a
       change of the mix.
       - Total up, mix the same: more load, a slower machine, or a slow dependency. Ask for the request rate
         of both spans before blaming code.
       - Total the same, mix different: work moved; look at who got it.
       - Total up, mix different: the rows at the top are the suspects.
    3. **Where?** The same with cum=true: the highest row that is ours and rises while its callers rise by
       the same amount is the place. A function that is gone beside a new one of equal value was renamed,
       or inlined otherwise: repeat with noinlines=true or granularity="files".
    4. **Is it real?** CPU or wall time divided by `period` of `pprof.meta` is a number of samples (elsewhere
       take the type that counts: contentions, objects). n samples vary by about sqrt(n): a difference below
       twice sqrt(samples before + samples after) is noise.
    5. **Why?** For each of the first three, `pprof.diff_paths` of both profiles with focus on the function,
       then `pprof.peek` in both with the same regex:
       - one caller rose: it is called more often, or with more; look for a loop or a lost cache there;
       - all callers rose alike: the function itself costs more; its callees say which part;
       - `runtime.mallocgc`, `runtime.gcBgMarkWorker`, (garbage collector) rose: the cause is allocation.
         Compare the heap profiles with sample_index="alloc_space", then "alloc_objects": more objects or
         larger ones;
       - CPU the same but requests slower: compare mutex, block or wall profiles instead; for delay,
         divide by contentions to tell longer waits from more waits.
    6. **Like with like.** `pprof.tags` of both: if endpoint or tenant shares moved, the traffic did. Repeat 2
       with tagfocus="<key>=^<value>$" for the heaviest value.

    Report: verdict (code, load, or no difference beyond noise); the function with file:line, before and after
    with unit, per second if normalised; the caller it comes from; the evidence that excludes load; what would
    prove it. Name the change that fits only if a function says so.
    """
