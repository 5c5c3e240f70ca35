"""`source=object`: a profile, or all below a folder, in object storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pprof_mcp.errors import InvalidArgumentError, SourceNotFoundError
from pprof_mcp.sources import objects
from pprof_mcp.sources.capture import Piece, check_content, file_name, unique
from pprof_mcp.sources.fetchers.asking import Asked, Fetched, Means, refuse


def fetch(asked: Asked, means: Means) -> Fetched:
    """Fetch an object, or all objects below a URL that ends in a slash.

    Args:
        asked: `url`.
        means: What may be used.

    Raises:
        PprofMcpError: It can not be fetched.
    """
    all_there = "All objects below the url are fetched; choose one with handle#kind."
    refuse(
        asked,
        "object",
        service=all_there,
        query=all_there,
        kinds=all_there,
        seconds=all_there,
        deltas=all_there,
    )
    if not asked.url:
        raise InvalidArgumentError(
            "source=object needs a url",
            hint="Give s3://bucket/key, gs://bucket/key or az://container/key; a folder ends in a slash.",
            details={"argument": "url"},
        )
    place = objects.place(asked.url)
    objects.check_allowed(place, means.settings.buckets, restricted=means.restricted)
    store = objects.Store(place, means.gate.net.download_bytes)
    keys, more = store.names()
    if not keys:
        raise SourceNotFoundError(
            f"{asked.url}: there is no object below it",
            hint="Check the bucket and folder.",
            details={"url": asked.url},
        )

    def saver(key: str) -> Callable[[Path], None]:
        def save(target: Path) -> None:
            store.save(key, target)
            check_content(place.bucket, key)(target)

        return save

    names = unique([file_name(key.rpartition("/")[2]) for key in keys])
    pieces = [Piece(name, key, saver(key)) for name, key in zip(names, keys, strict=True)]
    fetched = means.capture(f"object|{asked.url}", pieces)
    warning = f"only the first {len(keys)} objects were fetched: name a folder of fewer"
    return Fetched(fetched.path, failures=fetched.failures, warnings=(warning,) if more else ())
