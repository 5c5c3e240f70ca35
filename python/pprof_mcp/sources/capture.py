"""A capture: several profiles fetched side by side and kept together as one zip."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pprof_mcp import _native
from pprof_mcp.errors import BadAnswerError, PprofMcpError, WrongHostError
from pprof_mcp.sources.foreign import HEAD
from pprof_mcp.sources.net.saving import write_whole
from pprof_mcp.sources.net.together import together


@dataclass(frozen=True)
class Piece:
    """One profile to fetch.

    Attributes:
        name: Its file name in the capture.
        kind: What it is called where it comes from.
        save: Writes it to a file, or raises.
        is_apart: Whether it is kept as a file of its own: what explains another profile is not counted twice.
    """

    name: str
    kind: str
    save: Callable[[Path], None]
    is_apart: bool = False


@dataclass(frozen=True)
class Failure:
    """A profile that could not be fetched."""

    kind: str
    problem: PprofMcpError


@dataclass
class Captured:
    """What became of the pieces.

    Attributes:
        names: Files in the zip.
        apart: Contents of the files beside it, by name.
        failures: What could not be fetched.
    """

    names: list[str] = field(default_factory=list[str])
    apart: dict[str, bytes] = field(default_factory=dict[str, bytes])
    failures: list[Failure] = field(default_factory=list[Failure])


def fetch(
    pieces: Sequence[Piece], target: Path, *, workers: int, done: Callable[[int], object] | None = None
) -> Captured:
    """Fetch pieces side by side into one zip; a zip that is alone stays as it is.

    Args:
        pieces: What to fetch; names differ.
        target: The zip. Its folder exists.
        workers: Pieces under way at most.
        done: Told how many are done.

    Returns:
        What was fetched and what was not; at least one piece was.

    Raises:
        PprofMcpError: None was fetched: the error of the first.
        OSError: The file can not be written.
    """
    captured = Captured()
    with tempfile.TemporaryDirectory(prefix=".capture-", dir=target.parent) as folder:
        paths = [Path(folder, str(number)) for number in range(len(pieces))]
        jobs = [_job(piece, path) for piece, path in zip(pieces, paths, strict=True)]
        outcomes = together(jobs, workers=workers, done=done)
        if len(pieces) == 1 and outcomes[0] is None and _is_zip(paths[0]):
            # A zip is a capture by itself.
            write_whole(target, paths[0].read_bytes())
            return Captured([pieces[0].name])
        packed = Path(folder, "zip")
        # Profiles are compressed already; times of entries would make equal captures differ.
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
            for piece, path, outcome in zip(pieces, paths, outcomes, strict=True):
                if isinstance(outcome, PprofMcpError):
                    captured.failures.append(Failure(piece.kind, outcome))
                elif piece.is_apart:
                    captured.apart[piece.name] = path.read_bytes()
                else:
                    file.writestr(zipfile.ZipInfo(piece.name), path.read_bytes())
                    captured.names.append(piece.name)
        if not captured.names and captured.failures:
            raise captured.failures[0].problem
        write_whole(target, packed.read_bytes())
    return captured


def check_content(host: str, what: str) -> Callable[[Path], None]:
    """Give what refuses a download that is surely no profile.

    Args:
        host: Who gave it.
        what: What was asked for.
    """

    def check(path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(HEAD)
        if not head:
            raise BadAnswerError(
                f"{host} answered {what} with nothing",
                hint="Ask again; a program that just started may have no profile yet.",
                details={"host": host},
            )
        if _native.sniff(head) == "html":
            raise WrongHostError(
                f"{host} answered {what} with a page for people, such as a login", details={"host": host}
            )

    return check


def file_name(text: str) -> str:
    """Give a file name that is plain on every system and in every reference."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._") or "profile"


def unique(names: Sequence[str]) -> list[str]:
    """Give each name once: later ones of the same get a number before their endings."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        stem, dot, ending = name.partition(".")
        found.append(name if seen[name] == 1 else f"{stem}-{seen[name]}{dot}{ending}")
    return found


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return _native.sniff(file.read(HEAD)) == "zip"


def _job(piece: Piece, path: Path) -> Callable[[], None]:
    return lambda: piece.save(path)
