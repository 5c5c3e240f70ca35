"""What the recording steps share: running commands, building Go programs, writing reproducible archives."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent
DATA = PROGRAMS.parent / "data"
TEXT_LIMIT = 100_000
"""Text profiles above this many bytes are stored compressed. Source: chosen, to keep the tree small."""


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Runs a command and fails when it fails.

    Raises:
        subprocess.CalledProcessError: The command ended with another status than 0.
    """
    subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **(env or {})}, check=True)


def pipe(data: bytes, *command: str | Path) -> bytes:
    """Sends data through a command and gives what it prints.

    Raises:
        subprocess.CalledProcessError: The command ended with another status than 0.
    """
    return subprocess.run([str(c) for c in command], input=data, stdout=subprocess.PIPE, check=True).stdout


def go_build(module: Path, package: str, target: Path) -> None:
    """Builds a Go program so that no path of this machine ends up in it."""
    flags = ("-trimpath", "-buildvcs=false", "-o", str(target), package)
    run("go", "build", *flags, cwd=module, env={"CGO_ENABLED": "0", "GOFLAGS": ""})


def pprof(scratch: Path) -> Path:
    """Builds Go's own pprof, the program behind ``go tool pprof``."""
    target = scratch / "pprof"
    if not target.exists():
        run("go", "build", "-o", target, "cmd/pprof", cwd=scratch)
    return target


def squeeze(data: bytes) -> bytes:
    """Compresses with gzip, without name or time, so that the same bytes give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def archive(target: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Writes a zip whose entries carry a fixed date."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members:
            info = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(info, data)


def keep(source: Path, folder: Path) -> None:
    """Copies a recorded file into the data folder, compressed when it is a long text."""
    folder.mkdir(parents=True, exist_ok=True)
    data = source.read_bytes()
    if source.suffix == ".txt" and len(data) > TEXT_LIMIT:
        (folder / (source.name + ".gz")).write_bytes(squeeze(data))
    else:
        (folder / source.name).write_bytes(data)
