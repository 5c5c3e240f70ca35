"""From what a caller names to what workers read: local files as the local merge takes them, and URLs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pprof_mcp import _native
from pprof_mcp.cluster.engine import missing_extra
from pprof_mcp.errors import InvalidArgumentError, SourceNotFoundError, UnreadableError
from pprof_mcp.merging.anywhere import Anywhere
from pprof_mcp.merging.inputs import Gatherer, Inputs

if TYPE_CHECKING:
    from pprof_mcp.merging.inputs import Source

Urls = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""Paths and URLs; folders and globs stand for what is in them."""


def gather(
    urls: Urls, *, keep_going: bool, limits: Mapping[str, int], storage_options: Mapping[str, Any]
) -> Inputs:
    """Name all inputs. None is opened but zips, whose profiles then travel to the workers.

    Args:
        urls: Paths, folders, globs and URLs. A URL is a folder when it ends with `/`.
        keep_going: What can not be found fails when its turn comes.
        limits: Limits of inputs that were set.
        storage_options: Options of the URLs' file systems.

    Raises:
        PprofMcpError: One stands for nothing, or there is none.
    """
    store = Store(limits, storage_options)
    gatherer = Gatherer(_Everywhere(limits), keep_going=keep_going, stdin=None, resolve=store.resolve)
    gatherer.add([os.fspath(url) for url in ([urls] if isinstance(urls, (str, os.PathLike)) else urls)])
    gatherer.inputs.check()
    return gatherer.inputs


class _Everywhere(Anywhere):
    """Files that workers open: they have working directories of their own."""

    @override
    def source(self, path: str) -> str:
        """Give the whole path."""
        return os.path.abspath(path)  # noqa: PTH100 - a str stays a str


@dataclass(frozen=True)
class Stored:
    """An object of a store, read when it is called.

    Attributes:
        name: Its URL.
        system: The fsspec file system; it travels with its options and opens its connections anew.
        path: Its path there.
        most: Bytes an input may have.
    """

    name: str
    system: Any
    path: str
    most: int

    def __call__(self) -> bytes:
        """Read it.

        Returns:
            Its content, or one byte more than an input may have, which the core refuses.

        Raises:
            SourceNotFoundError: There is no such object.
            UnreadableError: The store does not give it.
        """
        try:
            with self.system.open(self.path, "rb") as file:
                return file.read(self.most + 1)
        except FileNotFoundError as error:
            raise SourceNotFoundError(
                f"{self.name}: there is no such object", hint="Check the URL.", details={"url": self.name}
            ) from error
        except Exception as error:
            raise _unreadable(self.name, error) from error


class Store:
    """Looks URLs up through fsspec.

    Args:
        limits: Limits of inputs that were set.
        options: Options of the file systems.
    """

    def __init__(self, limits: Mapping[str, int], options: Mapping[str, Any]) -> None:
        self._most = limits.get("input_bytes", _native.default_limits()["input_bytes"])
        self._options = dict(options)

    def resolve(self, url: str) -> list[tuple[str, Source]]:
        """Give the inputs behind a URL.

        Raises:
            InvalidArgumentError: It is no URL, or there is no file system for it.
            SourceNotFoundError: A glob or folder without any file.
            UnreadableError: The store does not tell.
        """
        if "://" not in url:
            raise InvalidArgumentError(
                f"{url!r} is neither a file nor a URL",
                hint="Workers read files and URLs themselves; handles are known here only.",
                details={"argument": "urls", "url": url},
            )
        system, path = self._open(url)
        try:
            # In an address of the web a question mark begins the query.
            if any(mark in path for mark in ("*" if "http" in system.protocol else "*?[")):
                found = [item for item in system.glob(path, detail=True).values() if item["type"] == "file"]
            elif url.endswith("/"):
                found = [item for item in system.ls(path, detail=True) if item["type"] == "file"]
            else:
                return [self._input(url, system, path)]
        except FileNotFoundError:
            found = []
        except Exception as error:
            raise _unreadable(url, error) from error
        if not found:
            raise SourceNotFoundError(
                f"there is no file at {url}",
                hint="Check the URL; ** goes into sub-folders.",
                details={"url": url},
            )
        paths = sorted(str(item["name"]) for item in found)
        return [self._input(system.unstrip_protocol(path), system, path) for path in paths]

    def _open(self, url: str) -> tuple[Any, str]:
        try:
            core: Any = import_module("fsspec.core")
        except ImportError as error:
            raise missing_extra(error) from error
        try:
            return core.url_to_fs(url, **self._options)
        except (ImportError, ValueError, TypeError) as error:
            raise InvalidArgumentError(
                f"{url} can not be opened: {error}",
                hint="Install the fsspec file system of its protocol (s3fs, gcsfs, adlfs ...), here and on "
                "the workers, and check storage_options.",
                details={"argument": "urls", "url": url},
            ) from error
        except Exception as error:
            raise _unreadable(url, error) from error

    def _input(self, name: str, system: Any, path: str) -> tuple[str, Source]:
        # The core reads local files by itself, with less memory.
        return name, path if "file" in system.protocol else Stored(name, system, path, self._most)


def _unreadable(url: str, error: Exception) -> UnreadableError:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return UnreadableError(
        f"{url} can not be read: {what}",
        hint="Check the credentials of the workers and storage_options; to leave out what can not be read, "
        "use keep_going.",
        details={"url": url},
    )
