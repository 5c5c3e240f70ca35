"""Downloads that are whole to HTTP but not to a reader of zips: each breaks a good one in one way."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

from tests.fake_datadog.bundles import zipped
from tests.fake_datadog.encodings import gzip, zstd, zstd_bomb
from tests.fake_datadog.runtimes.java import opaque_recording

BOMB = 1 << 30
"""Chosen: bytes that a bomb inflates to, more than any limit for one entry."""


def flipped_bit(content: bytes) -> bytes:
    """One bit of the first entry's data is another: only its checksum tells."""
    name_length, extra_length = struct.unpack_from("<HH", content, 26)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.infolist()[0].compress_size
    at = 30 + name_length + extra_length + size // 2
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


def no_directory_end(content: bytes) -> bytes:
    """The end-of-central-directory record is missing, as when a body of no announced length is cut."""
    return content[: content.rindex(b"PK\x05\x06")]


def no_entries(_: bytes) -> bytes:
    return zipped({})


def encrypted(content: bytes) -> bytes:
    """The first entry claims to be encrypted, in both of its headers."""
    out = bytearray(content)
    out[6] |= 1
    out[out.index(b"PK\x01\x02") + 8] |= 1
    return bytes(out)


def many_entries(_: bytes) -> bytes:
    """10,000 small entries."""
    return zipped({f"{place}.pprof": b"" for place in range(10_000)}, method="stored")


def zip_bomb(_: bytes) -> bytes:
    """As `_zip_bomb`, made once."""
    return _zip_bomb()


@cache
def _zip_bomb() -> bytes:
    """An entry whose deflated data are a thousandth of what they hold."""
    # Deflated once, then repeated: a full flush lets pieces stand one behind another.
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = b"\0" * (1 << 20)
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    times = BOMB >> 20
    data = first * times + packer.flush()
    crc = 0
    for _place in range(times):
        crc = zlib.crc32(piece, crc)
    return _one_entry(b"cpu.pprof", data, crc, BOMB)


def zstd_bomb_inside(_: bytes) -> bytes:
    """An honest zip with a profile that zstd blows up."""
    return zipped({"cpu.pprof": zstd_bomb(BOMB)}, method="stored")


def climbing_name(content: bytes) -> bytes:
    return _renamed(content, "../../{}")


def absolute_name(content: bytes) -> bytes:
    return _renamed(content, "/etc/{}")


def backslash_name(content: bytes) -> bytes:
    return _renamed(content, "..\\..\\{}")


def duplicate_names(content: bytes) -> bytes:
    """Every entry twice: under the same name, and in a folder under the same base name."""
    entries = _entries(content)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # `zipfile` warns of just what is wanted here
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder in ("", "", "other/"):
                for name, data in entries.items():
                    archive.writestr(zipfile.ZipInfo(folder + name), data)
    return out.getvalue()


def unknown_entries(content: bytes) -> bytes:
    """Files of a tracer to come, and a folder, beside those that are known."""
    more = {"flux.capacitor": b"\x88\x01", "future-profile.v9": b"FUTR\x01", "folder/": b"", "empty.bin": b""}
    return zipped({**_entries(content), **more})


def cut_gzip(content: bytes) -> bytes:
    """The first profile's gzip stream ends half way, in a zip that is whole."""
    return _first(content, lambda data: _half(gzip(data)))


def cut_zstd(content: bytes) -> bytes:
    """The first profile's zstd frame ends half way, in a zip that is whole."""
    return _first(content, lambda data: _half(zstd(data)))


def empty_profile(content: bytes) -> bytes:
    """The first profile is of no bytes."""
    return _first(content, lambda _: b"")


def only_metrics(_: bytes) -> bytes:
    return zipped({"metrics.json": json.dumps([["go_num_goroutine", 182]]).encode()})


def only_recording(_: bytes) -> bytes:
    return zipped({"main.jfr": opaque_recording(0, 60_000_000_000)})


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "zip_flipped_bit": flipped_bit,
    "zip_no_directory_end": no_directory_end,
    "zip_no_entries": no_entries,
    "zip_encrypted": encrypted,
    "zip_many_entries": many_entries,
    "zip_bomb": zip_bomb,
    "zip_zstd_bomb": zstd_bomb_inside,
    "zip_climbing_name": climbing_name,
    "zip_absolute_name": absolute_name,
    "zip_backslash_name": backslash_name,
    "zip_duplicate_names": duplicate_names,
    "zip_unknown_entries": unknown_entries,
    "zip_cut_gzip": cut_gzip,
    "zip_cut_zstd": cut_zstd,
    "zip_empty_profile": empty_profile,
    "zip_only_metrics": only_metrics,
    "zip_only_recording": only_recording,
}


def _entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _renamed(content: bytes, pattern: str) -> bytes:
    return zipped({pattern.format(name): data for name, data in _entries(content).items()})


def _first(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    entries = _entries(content)
    name = next(iter(entries))
    return zipped({**entries, name: change(entries[name])})


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _one_entry(name: bytes, data: bytes, crc: int, size: int) -> bytes:
    """A zip whose one entry's data were deflated elsewhere."""
    common = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 0x5C21, crc, len(data), size, len(name), 0)
    local = b"PK\x03\x04" + common + name
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + b"PK\x05\x06" + end
