"""Writes files that are no profile, or not quite one: ``tests/data/broken``."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import tools


def field(number: int, data: bytes) -> bytes:
    """Encodes one length-delimited protobuf field below 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data


def files() -> dict[str, bytes]:
    """The broken files by name."""
    whole = (tools.DATA / "go/main/goroutine.before.pb.gz").read_bytes()
    plain = gzip.decompress(whole)
    types = field(1, b"\x08\x01\x10\x02")
    table = b"".join(field(6, text) for text in (b"", b"samples", b"count"))
    return {
        "empty.pb.gz": b"",
        "newline.pb.gz": b"\n",
        "text.pb.gz": b"This is a note, not a profile.\n",
        "json.pb.gz": json.dumps({"samples": []}).encode(),
        "html.pb.gz": b"<!doctype html><title>404</title><p>page not found\n",
        "zeros.pb.gz": bytes(64),
        "cut.gz.pb.gz": whole[: len(whole) // 2],
        "cut.proto.pb.gz": tools.squeeze(plain[: len(plain) // 2]),
        "garbage.gz.pb.gz": tools.squeeze(b"\xff\xfe\xfd not protobuf"),
        "trailing.pb.gz": whole + b"trailing bytes",
        "no-sample-types.pb.gz": tools.squeeze(table),
        "no-samples.pb.gz": tools.squeeze(types + table),
        "bad-type-index.pb.gz": tools.squeeze(field(1, b"\x08\x63\x10\x02") + table),
        "bad-first-string.pb.gz": tools.squeeze(types + field(6, b"first") + table),
        "too-few-values.pb.gz": tools.squeeze(types + types + field(2, b"\x10\x05") + table),
        "unknown-location.pb.gz": tools.squeeze(types + field(2, b"\x08\x07\x10\x05") + table),
        "unknown-function.pb.gz": tools.squeeze(
            types + field(2, b"\x08\x01\x10\x05") + field(4, b"\x08\x01\x22\x02\x08\x09") + table
        ),
        "location-id-zero.pb.gz": tools.squeeze(
            types + field(2, b"\x08\x00\x10\x05") + field(4, b"\x08\x00") + table
        ),
        "location-id-twice.pb.gz": tools.squeeze(types + field(4, b"\x08\x01") * 2 + table),
        "heap-header-only.txt": b"heap profile: 1: 2 [3: 4] @ heap/1048576\n",
        "heap-bad-sample.txt": b"heap profile: 1: 2 [3: 4] @ heap/1048576\nnonsense\n",
        "goroutine-bad-sample.txt": b"goroutine profile: total 3\nnonsense\n",
        "cpu-cut.bin": b"".join(n.to_bytes(8, "little") for n in (0, 3, 0, 10_000, 0, 5, 9, 1)),
    }


def record(_scratch: Path) -> None:
    """Writes them all."""
    folder = tools.DATA / "broken"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
