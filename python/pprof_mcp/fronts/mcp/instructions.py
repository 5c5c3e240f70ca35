"""What a client shows a model before any tool."""

from __future__ import annotations

from collections.abc import Iterable

from pprof_mcp.fronts.mcp.spelling import Spelling

MOST_BYTES = 2_000
"""Source: measured; clients cut the text at 2 KB."""

_TEXT = """
Analyses pprof profiles (CPU, heap, mutex, block, goroutine ...) of Go, Java, Python, Node, Ruby, .NET,
PHP, C++ and Rust, with the numbers of `go tool pprof`.

Start with profiles.open: give it a file, directory, zip or glob; it answers with a handle for each
profile, its kind, and what is wrong with it; or with profiles.download_latest_bundle, which takes the
newest ones of a service from Datadog. Then pprof.discover: all analyses of a bundle at once, with
what is worth doing. By hand: pprof.top for the functions that cost most; pprof.peek
for callers and callees; pprof.focus_paths for every way to a function; pprof.traces_head for whole
stacks; pprof.tags for labels such as tenant or endpoint; pprof.diff_top to compare two profiles,
pprof.diff_paths to do so by call path;
pprof.merge to add several; pprof.meta for sample types and quality. Prompts hold whole workflows:
<prompts>.

A `profile` argument takes a path, `handle:...`, or a bundle with `#kind`, such as `handle:...#cpu`.
Handles stand for content, so they never change their meaning; one that is not used for some hours
expires, and the error says how to open it again. All analyses share the filters sample_index, focus,
ignore, hide, show, show_from, tagfocus, tagignore, granularity and noinlines; patterns are Go regular
expressions.

Answers are compact JSON: flat is what a node spends itself, cum includes what it calls, percentages are
0-100 of `total`. Lists say what they leave out; pass `cursor` to go on. `warnings` limits the answer,
`next` holds calls worth making, ready to use. format=text gives pprof's own text. Files are opened under
the allowed folders only.
""".strip()


def instructions(prompts: Iterable[str], spelling: Spelling) -> str:
    """Write the text.

    Args:
        prompts: Names of the prompts.
        spelling: How tools are called here.
    """
    return spelling.text(_TEXT).replace("<prompts>", ", ".join(prompts))
