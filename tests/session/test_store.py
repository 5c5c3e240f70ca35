"""The store of decoded profiles keeps what fits."""

from __future__ import annotations

from typing import cast

from pprof_mcp.profile import Profile
from pprof_mcp.session.store import ProfileStore


def profile() -> Profile:
    return cast("Profile", object())


def test_the_least_recently_used_goes_first() -> None:
    store = ProfileStore(100)
    kept = {name: profile() for name in "abc"}
    store.put("a", kept["a"], 40)
    store.put("b", kept["b"], 40)
    assert store.get("a") is kept["a"]
    store.put("c", kept["c"], 40)
    assert store.get("b") is None
    assert store.get("a") is kept["a"]
    assert store.size == 80


def test_one_profile_larger_than_the_store_is_kept_alone() -> None:
    store = ProfileStore(100)
    store.put("a", profile(), 40)
    store.put("huge", profile(), 1_000)
    assert len(store) == 1
    assert store.get("huge") is not None


def test_putting_and_removing_keeps_the_books() -> None:
    store = ProfileStore(100)
    store.put("a", profile(), 40)
    store.put("a", profile(), 30)
    assert store.size == 30
    store.remove("a")
    store.remove("a")
    assert (store.size, len(store)) == (0, 0)
