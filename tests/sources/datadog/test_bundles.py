"""Bundles must be whole, and what lies beside profiles is read whatever it is packed in."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import (
    BadAnswerError,
    PprofMcpError,
    ProfileGoneError,
    ProfileTooLargeError,
    TruncatedProfileError,
    WrongHostError,
)
from pprof_mcp.sources.datadog.bundles import check_bundle, read_told

from tests.support import DATA


def bundle() -> bytes:
    return (DATA / "bundle.zip").read_bytes()


def checked(tmp_path: Path, content: bytes, **limits: int) -> int:
    path = tmp_path / "download"
    path.write_bytes(content)
    return check_bundle(path, limits)


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_whole_bundle_passes(tmp_path: Path) -> None:
    assert checked(tmp_path, bundle()) == 7


def test_no_cut_and_no_flipped_bit_passes(tmp_path: Path) -> None:
    content = bundle()
    for size in range(0, len(content), len(content) // 40):
        with pytest.raises((BadAnswerError, ProfileGoneError)):
            checked(tmp_path, content[:size])
    # Bits of dates and of names' copies change no content; those of the data and its checksums must count.
    start = content.index(b"cpu.pprof") + 40
    for at in range(start, start + 400, 13):
        broken = bytearray(content)
        broken[at] ^= 4
        with pytest.raises(BadAnswerError):
            checked(tmp_path, bytes(broken))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", BadAnswerError),
        (b"<!doctype html><p>log in", WrongHostError),
        (b'{"errors": ["x"]}', BadAnswerError),
        (zipped(), ProfileGoneError),
        (zipped(**{"../x": b"1"}), BadAnswerError),
        (zipped(**{f"f{n}": b"" for n in range(65)}), ProfileTooLargeError),
        (gzip.compress(b"x"), BadAnswerError),
    ],
    ids=["nothing", "page", "error", "empty", "outside", "many", "gzip"],
)
def test_what_is_no_bundle_is_told_apart(tmp_path: Path, content: bytes, error: type[PprofMcpError]) -> None:
    with pytest.raises(error):
        checked(tmp_path, content)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cpu.pprof", b"\0" * (20 << 20))
    with pytest.raises(ProfileTooLargeError):
        checked(tmp_path, out.getvalue(), inflated_bytes=10 << 20)


def test_what_a_real_bundle_says_is_read() -> None:
    entries = dict(_native.zip_entries(bundle()))
    told = read_told({name: entries[name] for name in ("metrics.json", "event.json")}, {})
    assert told.metrics["go_num_goroutine"] == 1362
    assert "service:shop" in told.tags
    assert told.start == json.loads((DATA / "go" / "main" / "run.json").read_text())["start"]
    assert told.endpoints["GET /quote"] == 400
    assert (told.family, told.warnings) == ("go", ())
    python = dict(_native.zip_entries((DATA / "bundle-python.zip").read_bytes()))
    assert read_told({"code-provenance.json": python["code-provenance.json"]}, {}).libraries > 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[[", b"\xff\xfe", gzip.compress(b"{")[:-4], b"[" * 100_000,
     gzip.compress(b"[" + b"1," * (9 << 20))],
    ids=["nothing", "cut", "list", "bytes", "truncated", "deep", "large"],
)  # fmt: skip
def test_what_can_not_be_read_is_a_warning(content: bytes) -> None:
    told = read_told({"metrics.json": content}, {})
    assert told.metrics == {}
    assert len(told.warnings) == 1
    assert told.warnings[0].startswith("metrics.json")


@pytest.mark.parametrize(
    ("content", "metrics"),
    [
        ([["a", 1], ["b", "x"], ["c"], 5, None, [1, 2], ["d", 2.5], ["e", True]], {"a": 1, "d": 2.5, "e": 1}),
        ({"a": 1, "b": None}, {"a": 1}),
    ],
)
def test_numbers_are_taken_from_every_form(content: object, metrics: dict[str, float]) -> None:
    assert read_told({"metrics.json": json.dumps(content).encode()}, {}).metrics == metrics


def test_compression_comes_off_in_any_number_of_layers_within_limits() -> None:
    assert _native.unpack(b"plain") == b"plain"
    assert _native.unpack(gzip.compress(gzip.compress(b"twice"))) == b"twice"
    with pytest.raises(ProfileTooLargeError):
        _native.unpack(gzip.compress(b"x" * 5_000), {"inflated_bytes": 1_000})
    with pytest.raises(TruncatedProfileError):
        _native.unpack(gzip.compress(b"x" * 5_000)[:-9])
