"""Profiles in object storage: S3 and what speaks its protocol, Google Cloud Storage, Azure.

The library is obstore, an extra: one compiled package for all three, where fsspec needs another one for each,
with that cloud's own kit below it (16 against 98 MB installed). Credentials are those of the environment, as
that library finds them; none is taken from a call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from pprof_mcp.errors import (
    HostNotAllowedError,
    InvalidArgumentError,
    NotConfiguredError,
    ProfileTooLargeError,
    SourceFailedError,
    SourceNotFoundError,
)
from pprof_mcp.sources.net import patience

STORES = {"s3": "S3Store", "gs": "GCSStore", "az": "AzureStore"}
"""Schemes, and the library's class for each."""
MOST_OBJECTS = 200
"""Objects of one folder that are fetched, at most. Source: chosen; a capture has a dozen."""
CHUNK = 1 << 20
RETRIES = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
"""Source: chosen, as for other sources; the library itself would try for three minutes."""


@dataclass(frozen=True)
class Place:
    """A URL of an object or folder, taken apart.

    Attributes:
        url: As given.
        scheme: `s3`, `gs` or `az`.
        bucket: The bucket; a container in Azure.
        path: The key, or its beginning.
        is_folder: Whether all below it is meant.
    """

    url: str
    scheme: str
    bucket: str
    path: str
    is_folder: bool


def place(url: str) -> Place:
    """Take a URL apart.

    Raises:
        InvalidArgumentError: It is no URL of an object store.
    """
    scheme, mark, rest = url.partition("://")
    bucket, _, path = rest.partition("/")
    plain = all(" " <= sign != "\x7f" for sign in url) and "?" not in url and "#" not in url
    if not mark or scheme not in STORES or not bucket or not plain:
        raise InvalidArgumentError(
            f"{url[:200]!r} is no URL of an object store",
            hint="Give s3://bucket/key, gs://bucket/key or az://container/key; a folder ends in a slash.",
            details={"argument": "url"},
        )
    if any(part in (".", "..") for part in path.split("/")):
        raise InvalidArgumentError(
            f"{url[:200]!r} goes through . or ..", hint="Give the key itself.", details={"argument": "url"}
        )
    return Place(url, scheme, bucket, path, not path or path.endswith("/"))


def check_allowed(asked: Place, buckets: tuple[str, ...], *, restricted: bool) -> None:
    """Refuse what the operator did not allow.

    Raises:
        HostNotAllowedError: It lies in no allowed bucket or folder.
    """
    if not restricted:
        return
    whole = f"{asked.scheme}://{asked.bucket}/{asked.path}"
    for allowed in buckets:
        scheme, _, rest = allowed.partition("://")
        bucket, _, path = rest.partition("/")
        beginning = f"{scheme}://{bucket}/{path}"
        if whole == beginning or whole.startswith(beginning if beginning.endswith("/") else f"{beginning}/"):
            return
    raise HostNotAllowedError(
        f"{asked.url[:200]} lies in no bucket that may be read ({', '.join(buckets) or 'none'})",
        details={"url": asked.url[:200], "allowed": list(buckets)},
    )


class Store:
    """One bucket.

    Args:
        asked: What is wanted from it.
        most_bytes: Bytes of one object at most.

    Raises:
        NotConfiguredError: The library is not installed.
    """

    def __init__(self, asked: Place, most_bytes: int) -> None:
        try:
            import obstore
            from obstore import store as stores
        except ImportError:
            raise NotConfiguredError(
                "object storage needs the extra `object` of pprof-mcp",
                hint="Install it: pip install 'pprof-mcp[object]'.",
                details={"missing": ["obstore"]},
            ) from None
        self._obstore: Any = obstore
        self._asked = asked
        self._most = most_bytes
        with _explained(asked):
            make: Any = getattr(stores, STORES[asked.scheme])
            self._store: Any = make(asked.bucket, retry_config=RETRIES)

    def names(self) -> tuple[list[str], bool]:
        """Give the keys that are wanted, sorted.

        Returns:
            The keys, and whether there are more than are given.

        Raises:
            SourceError: The store does not tell.
        """
        if not self._asked.is_folder:
            return [self._asked.path], False
        found: list[str] = []
        with _explained(self._asked):
            for page in self._obstore.list(self._store, self._asked.path or None, chunk_size=500):
                patience.check_cancelled()
                found += [str(item["path"]) for item in page]
                if len(found) > 50 * MOST_OBJECTS:
                    break
        found.sort()
        return found[:MOST_OBJECTS], len(found) > MOST_OBJECTS

    def save(self, key: str, target: Path) -> None:
        """Download an object to a file.

        Raises:
            SourceNotFoundError: There is no such object.
            ProfileTooLargeError: It is larger than it may be.
            SourceError: The store does not give it.
        """
        with target.open("wb") as file:
            self._copy(key, file)

    def _copy(self, key: str, file: BinaryIO) -> None:
        size = 0
        for chunk in self._chunks(key):
            size += len(chunk)
            if size > self._most:
                raise ProfileTooLargeError(
                    f"{key} is larger than {self._most} bytes",
                    hint="If it is to be trusted, raise PPROF_MCP_DOWNLOAD_BYTES.",
                    details={"what": "bytes", "limit": self._most, "setting": "PPROF_MCP_DOWNLOAD_BYTES"},
                )
            file.write(chunk)

    def _chunks(self, key: str) -> Iterator[bytes]:
        with _explained(self._asked):
            for chunk in self._obstore.get(self._store, key).stream(min_chunk_size=CHUNK):
                patience.check_cancelled()
                yield bytes(chunk)


class _explained:  # noqa: N801 - reads as a word
    """Gives errors of the library the project's own classes."""

    def __init__(self, asked: Place) -> None:
        self._asked = asked

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        is_theirs = kind is not None and kind.__module__.startswith("obstore")
        if error is None or not (is_theirs or isinstance(error, (OSError, ValueError))):
            return
        from pprof_mcp.sources.net.secret import scrubbed

        name = type(error).__name__
        text = scrubbed(str(error).splitlines()[0] if str(error) else name)[:300]
        told = {"url": self._asked.url[:200], "cause": name}
        if isinstance(error, FileNotFoundError):
            raise SourceNotFoundError(
                f"{self._asked.url[:200]}: there is no such object",
                hint="Check bucket and key.",
                details=told,
            ) from None
        raise SourceFailedError(
            f"{self._asked.url[:200]} can not be read: {text}",
            hint="Check credentials, region and endpoint in the environment (AWS_*, GOOGLE_*, AZURE_*).",
            details=told,
        ) from None
