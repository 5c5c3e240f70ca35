"""A profile, or all below a folder, in object storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import InvalidArgumentError, SourceNotFoundError
from pprof_mcp.sources import objects
from pprof_mcp.sources.capture import Piece, check_content, file_name, unique
from pprof_mcp.sources.keeping import keep
from pprof_mcp.sources.named import Fetched

if TYPE_CHECKING:
    from pprof_mcp.sources.named import Wanted
    from pprof_mcp.sources.remote import Remote

SUMMARY: Final = "An object, or all below a folder, of S3, Google Cloud Storage or Azure."
TAKES: Final = frozenset({"url"})


def fits(wanted: Wanted, remote: Remote) -> bool:
    """Whether the URL of an object is named."""
    del remote
    return wanted.text("url").partition("://")[0] in objects.STORES


def fetch(wanted: Wanted, remote: Remote) -> Fetched:
    """Fetch an object, or all objects below a URL that ends in a slash.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    url = wanted.text("url")
    if not url:
        raise InvalidArgumentError(
            "source=object needs a url",
            hint="Give s3://bucket/key, gs://bucket/key or az://container/key; a folder ends in a slash.",
            details={"argument": "url"},
        )
    place = objects.place(url)
    settings = remote.settings
    objects.check_allowed(place, settings.places.buckets, restricted=remote.restricted)
    store = objects.Store(place, settings.net.download_bytes)
    keys, more = store.names()
    if not keys:
        raise SourceNotFoundError(
            f"{url}: there is no object below it", hint="Check the bucket and folder.", details={"url": url}
        )

    def saver(key: str) -> Callable[[Path], None]:
        def save(target: Path) -> None:
            store.save(key, target)
            check_content(place.bucket, key)(target)

        return save

    names = unique([file_name(key.rpartition("/")[2]) for key in keys])
    pieces = [Piece(name, key, saver(key)) for name, key in zip(names, keys, strict=True)]
    kept = keep(remote, f"object|{url}", pieces)
    warning = f"only the first {len(keys)} objects were fetched: name a folder of fewer"
    return Fetched(kept.path, failures=kept.failures, warnings=(warning,) if more else ())
