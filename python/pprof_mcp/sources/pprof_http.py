"""A live program that serves Go's net/http/pprof: what it offers, and how each profile is asked for.

Source: the handlers of net/http/pprof (Go 1.25). The index lists every profile; `seconds` gives CPU over that
time and, for the kinds of `WITH_DELTA`, the difference over it; `debug=2` gives goroutines as a panic prints
them; errors carry `X-Go-Pprof`. Programs in other languages serve the same paths, some without an index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from typing_extensions import override

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.capture import Piece, check_content, file_name
from pprof_mcp.sources.gate import Gate
from pprof_mcp.sources.net.asking import READ_SECONDS, TOTAL_SECONDS, TRIES

PATH = "/debug/pprof"
CPU = "profile"
"""What the CPU profile is called there."""
NO_PROFILES = frozenset({"cmdline", "symbol", "trace"})
"""Entries of the index that are no profiles; the command line may hold secrets."""
SAME_AS_HEAP = "allocs"
"""The heap profile again, with another default; taken only when asked for."""
WITH_DELTA = frozenset({"allocs", "block", "goroutine", "goroutineleak", "heap", "mutex", "threadcreate"})
COUNTERS = frozenset({"allocs", "block", "heap", "mutex"})
"""Those that count since the program began, so that a difference says more than they do."""
USUAL = (CPU, "heap", "goroutine", "mutex", "block")
"""What is asked for where there is no index."""
STACKS = "goroutine.debug2.txt"
NO_INDEX = frozenset({404, 405})
MOST_SECONDS = 600
"""Source: chosen; longer than that no client waits."""
MOST_PROFILES = 50
"""Profiles of one index that are fetched, at most. Source: chosen; Go has nine and programs add a few."""


@dataclass(frozen=True)
class Wanted:
    """One thing to fetch.

    Attributes:
        kind: What it is called at the endpoint; `cpu` for its `profile`.
        name: File name.
        url: Where it is.
        seconds: How long the program takes before it answers.
    """

    kind: str
    name: str
    url: str
    seconds: int = 0


def endpoint_of(url: str) -> str | None:
    """Give the address of the index a URL means, ending in a slash; None when it names one file.

    A URL without a path, or that of `/debug/pprof`, also below another path, means the whole endpoint.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path:
        return parts._replace(path=f"{PATH}/", query="", fragment="").geturl()
    if path.endswith(PATH):
        return parts._replace(path=f"{path}/", query="", fragment="").geturl()
    return None


def patience(url: str) -> float:
    """Give the seconds of silence to allow a URL whose query may name how long the answer takes."""
    (text,) = parse_qs(urlsplit(url).query).get("seconds", ["0"])[-1:]
    return READ_SECONDS + min(int(text) if text.isascii() and text.isdigit() else 0, MOST_SECONDS)


def offered(page: str) -> list[str]:
    """Give the names of the profiles that an index lists.

    Args:
        page: The index; its links are `heap?debug=1` and the like.
    """
    reader = _Links()
    reader.feed(page)
    names: list[str] = []
    for link in reader.links:
        path, mark, query = link.partition("?")
        name = unquote(path)
        plain = bool(name) and not name.startswith(("/", ".")) and "//" not in name and "/.." not in name
        if mark and "debug=1" in query and plain and ":" not in name and name.isprintable():
            names.append(name)
    return list(dict.fromkeys(names))


def chosen(there: Sequence[str] | None, kinds: Sequence[str]) -> list[str]:
    """Choose the profiles to fetch.

    Args:
        there: What the index lists; None where there is none.
        kinds: Kinds that are wanted, as profiles are called here or there; all when empty.

    Raises:
        InvalidArgumentError: One is not there.
    """
    if not kinds:
        names = [name for name in there or USUAL if name not in NO_PROFILES and name != SAME_AS_HEAP]
        return names[:MOST_PROFILES]
    wanted = list(dict.fromkeys(CPU if kind == "cpu" else kind for kind in kinds))
    if there is not None:
        # Servers that are no Go may leave the CPU profile out of what they list.
        known = {*there, CPU} - NO_PROFILES
        missing = [name for name in wanted if name not in known]
        if missing:
            listed = sorted("cpu" if name == CPU else name for name in known)
            raise InvalidArgumentError(
                f"the endpoint has no profile {missing[0]!r}; it has: {', '.join(listed)}",
                hint="Choose among those, or leave kinds out for all.",
                details={"argument": "kinds", "available": listed},
            )
    return wanted


def wanted(index: str, names: Sequence[str], *, seconds: int, deltas: bool, stacks: bool) -> list[Wanted]:
    """Say what to fetch for each profile, by file name.

    Args:
        index: Address of the index.
        names: Names there.
        seconds: Time the CPU profile, and each difference, covers.
        deltas: Whether counters are asked for as what came about in that time.
        stacks: Whether goroutines are fetched a second time with ages and creators (`debug=2`).
    """
    found: list[Wanted] = []
    for name in names:
        file = file_name(name)
        place = f"{index}{quote(name, safe='/')}"
        if name == CPU:
            found.append(Wanted("cpu", "cpu.pb.gz", f"{place}?{urlencode({'seconds': seconds})}", seconds))
        elif deltas and name in COUNTERS:
            query = urlencode({"seconds": seconds})
            found.append(Wanted(name, f"delta-{file}.pb.gz", f"{place}?{query}", seconds))
        else:
            found.append(Wanted(name, f"{file}.pb.gz", place))
        if name == "goroutine" and stacks:
            found.append(Wanted("goroutine stacks", STACKS, f"{place}?debug=2"))
    return sorted(found, key=lambda one: one.name)


def pieces(
    gate: Gate, index: str, *, kinds: Sequence[str], seconds: int, deltas: bool, stacks: bool
) -> list[Piece]:
    """Look at an endpoint, and say what to fetch from it.

    Args:
        gate: Asks.
        index: Address of its index.
        kinds: Kinds that are wanted; all when empty.
        seconds: Time the CPU profile, and each difference, covers.
        deltas: Whether counters are asked for as what came about in that time.
        stacks: Whether goroutines are fetched a second time with ages and creators.

    Raises:
        InvalidArgumentError: A kind is not there.
        PprofMcpError: The endpoint can not be asked.
    """
    answer = gate.ask(gate.request(index, "the index of profiles"))
    there: list[str] | None = None
    if answer.is_good:
        there = offered(answer.body.decode("utf-8", "replace")) or None
    elif answer.status not in NO_INDEX:
        gate.checked(answer)
    names = chosen(there, kinds)
    return [
        Piece(one.name, one.kind, _saver(gate, one), is_apart=one.name == STACKS)
        for one in wanted(index, names, seconds=seconds, deltas=deltas, stacks=stacks)
    ]


def _saver(gate: Gate, one: Wanted) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        what = f"the profile {one.kind}"
        request = gate.request(
            one.url,
            what,
            read_seconds=READ_SECONDS + one.seconds,
            total_seconds=TOTAL_SECONDS + one.seconds,
            # A program takes one CPU profile at a time; asking again would only prolong that.
            tries=1 if one.seconds else TRIES,
        )
        gate.save(request, path, check_content(request.host, what))

    return save


class _Links(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
