"""The rows of the table: what both sides do, and what has to be equal first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benches.python.process import BenchError, Usage, measured

Command = list[str | Path]


@dataclass(frozen=True)
class Places:
    """Where things are.

    Attributes:
        corpus: The workloads.
        peers: The Go programs; None when google/pprof is left out.
        scratch: A folder for results.
    """

    corpus: Path
    peers: Path | None
    scratch: Path

    @property
    def ours(self) -> Path:
        """The installed command."""
        return Path(sys.executable).parent / "pprof-mcp"

    def files(self, workload: str) -> list[Path]:
        """Every file of a workload.

        Raises:
            BenchError: There are none.
        """
        folder = self.corpus / workload
        found = sorted(folder.glob("*.pb.gz")) if folder.is_dir() else [self.corpus / f"{workload}.pb.gz"]
        if not found or not found[0].exists():
            raise BenchError(f"no workload '{workload}' in {self.corpus}; make it: make bench-workloads")
        return found

    def sizes(self, workload: str) -> tuple[int, int]:
        """Bytes of a workload, compressed and not; the latter as its gzip trailers say."""
        files = self.files(workload)
        raw = 0
        for path in files:
            with path.open("rb") as stream:
                stream.seek(-4, 2)
                raw += int.from_bytes(stream.read(4), "little")
        return sum(path.stat().st_size for path in files), raw


@dataclass(frozen=True)
class Merge:
    """Merging all files of a workload and writing the result.

    Attributes:
        workload: Its name.
        aim: What is wanted.
        indices: Sample types, by number, for which the results are compared.
        has_peer: Whether google/pprof runs too.
    """

    workload: str
    aim: str
    indices: str
    has_peer: bool = True

    @property
    def name(self) -> str:
        """As it is chosen."""
        return f"merge-{self.workload}"

    @property
    def title(self) -> str:
        """What is done."""
        return f"merge `{self.workload}`"

    def commands(self, places: Places) -> dict[str, Command]:
        """Name the sides."""
        files: Sequence[str | Path] = places.files(self.workload)
        sides: dict[str, Command] = {"ours": [places.ours, "merge", "-o", self._out(places, "ours"), *files]}
        if places.peers and self.has_peer:
            library, tool = self._out(places, "peer"), self._out(places, "proto")
            sides["peer"] = [places.peers / "merge", library, *files]
            sides["proto"] = [places.peers / "pprof", "-proto", "-symbolize=none", "-output", tool, *files]
        return sides

    def _out(self, places: Places, side: str) -> Path:
        return places.scratch / f"{self.name}.{side}.pb.gz"

    def run(self, places: Places, side: str) -> Usage:
        """Do it once."""
        self._out(places, side).unlink(missing_ok=True)
        return measured(self.commands(places)[side])

    def check(self, places: Places) -> None:
        """Do it once on every side and compare what was written.

        Raises:
            BenchError: The results differ.
        """
        sides = list(self.commands(places))
        for side in sides:
            self.run(places, side)
        if places.peers is None:
            return
        for side in sides[1:]:
            told = [places.peers / "pprof", self.indices, self._out(places, side), self._out(places, "ours")]
            command = [sys.executable, "-m", "benches.python.equal", *map(str, told)]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                raise BenchError(f"{self.name}, ours and {side}: {done.stderr.strip()[-2000:]}")


@dataclass(frozen=True)
class Top:
    """``-top`` of one profile, from the shell.

    Attributes:
        workload: Its name.
        aim: What is wanted.
        has_peer: Whether google/pprof runs too.
    """

    workload: str
    aim: str
    has_peer: bool = True

    @property
    def name(self) -> str:
        """As it is chosen."""
        return f"top-{self.workload}"

    @property
    def title(self) -> str:
        """What is done."""
        return f"`top` of `{self.workload}`"

    def commands(self, places: Places) -> dict[str, Command]:
        """Name the sides."""
        report: Command = ["-top", "-symbolize=none", *places.files(self.workload)]
        sides: dict[str, Command] = {"ours": [places.ours, "pprof", *report]}
        if places.peers and self.has_peer:
            sides["peer"] = [places.peers / "pprof", *report]
        return sides

    def run(self, places: Places, side: str) -> Usage:
        """Do it once."""
        return measured(self.commands(places)[side], output=places.scratch / f"{self.name}.{side}.txt")

    def check(self, places: Places) -> None:
        """Do it once on every side and compare the texts.

        Raises:
            BenchError: They differ.
        """
        sides = list(self.commands(places))
        for side in sides:
            self.run(places, side)
        self.compare(places, sides)

    def compare(self, places: Places, sides: Sequence[str]) -> None:
        """Compare the texts that were written, byte for byte.

        Raises:
            BenchError: They differ, or are no tables.
        """
        texts = [(places.scratch / f"{self.name}.{side}.txt").read_bytes() for side in sides]
        if len(texts[0].splitlines()) < 10:
            raise BenchError(f"{self.name}: the text is too short to be a table: {texts[0][:500]!r}")
        if any(text != texts[0] for text in texts):
            raise BenchError(f"{self.name}: the texts differ; compare {places.scratch}/{self.name}.*.txt")


Row = Merge | Top

ROWS: tuple[Row, ...] = (
    Merge("heap", "50x faster, memory 1/30", "0,1,2,3"),
    Merge("labelled", "50x faster, memory 1/30", "1"),
    Merge("spans", "no figure: the tables are the result", "1"),
    Merge("locations", "30x faster, memory 1/30", "1"),
    Merge("hostile", "equal", "0,1"),
    Merge("heap2000", "the memory of `heap`", "1", has_peer=False),
    Top("one15", "80x faster, memory under twice the raw size"),
    Top("one1", "5x faster"),
    Top("huge", "memory under twice the raw size", has_peer=False),
)


@dataclass(frozen=True)
class Measured:
    """The runs of one side.

    Attributes:
        runs: One or more.
    """

    runs: tuple[Usage, ...]

    @property
    def seconds(self) -> float:
        """Their median."""
        return median(run.seconds for run in self.runs)

    @property
    def span(self) -> tuple[float, float]:
        """The fastest and the slowest, in seconds."""
        times = [run.seconds for run in self.runs]
        return min(times), max(times)

    @property
    def peak_bytes(self) -> float:
        """The median of their peaks."""
        return median(run.peak_bytes for run in self.runs)


def alternating(row: Row, places: Places, runs: int) -> dict[str, Measured]:
    """Run the sides of a row in turn, so that a slower spell of the machine meets all of them."""
    sides = list(row.commands(places))
    found: dict[str, list[Usage]] = {side: [] for side in sides}
    for _ in range(runs):
        for side in sides:
            found[side].append(row.run(places, side))
    return {side: Measured(tuple(usages)) for side, usages in found.items()}
