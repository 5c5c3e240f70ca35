"""Zips as the download route hands them out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import IO, cast

from tests.fake_datadog.clock import iso
from tests.fake_datadog.encodings import ENCODINGS
from tests.fake_datadog.store import Profile
from tests.fake_datadog.variants import Variants


class _Unseekable:
    """Makes `zipfile` write sizes behind the data, as a stream must."""

    def __init__(self, file: io.BytesIO) -> None:
        self.file = file

    def write(self, content: bytes) -> int:
        return self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


def zipped(
    entries: Mapping[str, bytes], *, method: str = "deflated", has_descriptors: bool = False, folder: str = ""
) -> bytes:
    """Pack entries, with fixed times so that the same entries give the same bytes."""
    out = io.BytesIO()
    target = cast("IO[bytes]", _Unseekable(out)) if has_descriptors else out
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(folder + name, date_time=(2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if method == "stored" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()


def event_json(profile: Profile) -> bytes:
    """The envelope of the upload [A] (dd-trace-go `profiler/upload.go`).

    Whether a download has it is not known [?].
    """
    return json.dumps(
        {
            "start": iso(profile.start, "nanos"),
            "end": iso(profile.end, "nanos"),
            "attachments": sorted(profile.files),
            "tags_profiler": ",".join(profile.tags),
            "family": profile.runtime,
            "version": "4",
            "endpoint_counts": {"GET /cart": 4200, "POST /checkout": 1300},
        }
    ).encode()


def entries_of(profile: Profile, variants: Variants) -> dict[str, bytes]:
    """Files of a profile, compressed one by one.

    Whether the service hands them out as uploaded is not known [?]; `Variants.encoding` has every
    possibility.
    """
    files = dict(profile.files)
    if variants.has_event_json:
        files["event.json"] = event_json(profile)
    encode = ENCODINGS[profile.encoding if variants.encoding == "uploaded" else variants.encoding]
    return {name: encode(content) for name, content in files.items()}


def bundle_of(profile: Profile, variants: Variants) -> bytes:
    """The zip of a profile."""
    packed = zipped(
        entries_of(profile, variants),
        method=variants.zip_method,
        has_descriptors=variants.has_descriptors,
        folder=variants.folder,
    )
    return packed + variants.trailing.encode()
