"""What goes wrong when pprof is asked for the wrong thing, and what it says then."""

from __future__ import annotations

from collections.abc import Iterator

import tools
from golden_subjects import FULL, Case


def cases() -> Iterator[Case]:
    """What goes wrong, and what is said then."""
    cpu = FULL[0].name
    bad = "a(b"
    for name in ("focus", "ignore", "hide", "show", "show_from", "prune_from"):
        yield ("-top", f"-{name}={bad}"), (cpu,)
    for name in ("tagfocus", "tagignore", "tagshow", "taghide"):
        yield ("-top", f"-{name}={bad}"), (cpu,)
        yield ("-top", f"-{name}=tenant={bad}"), (cpu,)
    for report in ("peek", "list"):
        for pattern in (
            bad,
            "*",
            "[z-a]",
            "a{2,1}",
            r"\8",
            "(?<n",
            "(?P<n>a)(?P<n>b)",
            "a{1001}",
            "x**",
            r"\pX",
            "[[:word:]",
        ):
            yield (f"-{report}={pattern}",), (cpu,)
    for value in ("nothing", "7", "-1", "inuse_space", "sample", "", "cpu "):
        yield ("-top", f"-sample_index={value}"), (cpu,)
    for value in ("nothing", "space", "objects", "4", "inuse"):
        yield ("-top", f"-sample_index={value}"), (FULL[1].name,)
    for value in ("0", "-1", "x", "1e400", "1e-3"):
        yield ("-top", f"-divide_by={value}"), (cpu,)
    for value in ("x", "-1", "1.5", ""):
        yield ("-top", f"-nodefraction={value}"), (cpu,)
    for args in (
        ("-top", "-tree"), ("-top", "-peek=x"), ("-top", "-normalize"), ("-top", "-lines", "-files"),
        ("-top", "-flat", "-cum"), ("-top", "-diff_base=absent.pb.gz"), ("-top", "-base=broken/empty.pb.gz"),
        ("-top", "-base=go/main/heap.after.pb.gz"), ("-top", "-focus=absent"), ("-tree", "-focus=absent"),
        ("-traces", "-focus=absent"), ("-dot", "-focus=absent"), ("-tags", "-focus=absent"),
        ("-raw", "-focus=absent"),
        ("-callgrind", "-focus=absent"), ("-top", "-total_delay"), ("-top", "-inuse_space"),
        ("-top", "-no_browser"), ("-top", "-unit="), ("-top", "-nodecount=0"), ("-top", "-nodecount=-5"),
    ):  # fmt: skip
        yield args, (cpu,)
    yield ("-top",), (cpu, "go/main/heap.after.pb.gz")
    yield ("-top",), ("absent.pb.gz",)
    yield ("-top",), (cpu, "absent.pb.gz")
    yield ("-top",), ()
    for name in sorted(path.name for path in (tools.DATA / "broken").glob("*")):
        yield ("-top",), (f"broken/{name}",)
        yield ("-raw",), (f"broken/{name}",)
