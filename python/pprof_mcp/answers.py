"""What the core answered about a profile, kept while there is room: a profile never changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

Key = tuple[object, str]
"""A question of the core, the function itself, and its options as JSON."""


class Answers:
    """The last answers about one profile; those not asked for longest go first.

    Safe to use from several threads.

    Analyses ask the same of a profile again: several of one capture, and each page of a list.

    Args:
        most: Bytes of all answers at most; one that is larger is not kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, ask: Callable[[], bytes]) -> bytes:
        """Give an answer.

        Args:
            key: The question.
            ask: Asks it, when its answer is not here. What it raises passes, and nothing is kept.
        """
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        found = ask()
        with self._lock:
            if len(found) <= self.most and key not in self._kept:
                self._kept[key] = found
                self.size += len(found)
                while self.size > self.most:
                    self.size -= len(self._kept.popitem(last=False)[1])
        return found
