"""Decoded profiles, as many as fit."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pprof_mcp.profile import Profile


class ProfileStore:
    """Keeps decoded profiles by digest up to a size; the least recently used ones go first.

    Not thread-safe: its session guards it.

    Args:
        most: Bytes at most. One profile larger than that is still kept, alone: the call that opened it needs
            it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._kept: OrderedDict[str, tuple[Profile, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, digest: str) -> Profile | None:
        """Give a profile, if it is still here, and count it as used."""
        found = self._kept.get(digest)
        if found is None:
            return None
        self._kept.move_to_end(digest)
        return found[0]

    def put(self, digest: str, profile: Profile, size: int) -> None:
        """Keep a profile, dropping others until it fits."""
        self.remove(digest)
        self._kept[digest] = (profile, size)
        self.size += size
        while self.size > self.most and len(self._kept) > 1:
            _, (_, freed) = self._kept.popitem(last=False)
            self.size -= freed

    def clear(self) -> None:
        """Drop all profiles."""
        self._kept.clear()
        self.size = 0

    def remove(self, digest: str) -> None:
        """Drop a profile, if it is here."""
        found = self._kept.pop(digest, None)
        if found is not None:
            self.size -= found[1]
