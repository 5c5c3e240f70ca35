"""Secrets show themselves nowhere."""

from __future__ import annotations

import pickle

import pytest
from pprof_mcp.sources.net.secret import Secret, scrubbed

KEY = "0123456789abcdef0123456789abcdef"


def test_a_secret_shows_its_last_four_signs_and_a_short_one_nothing() -> None:
    secret = Secret(KEY)
    assert [repr(secret), str(secret), f"{secret}", "%s" % secret] == ["****cdef"] * 4  # noqa: UP031
    assert repr(Secret("hunter2")) == "****"
    assert not Secret(" ")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_are_compared_by_value() -> None:
    assert Secret(f" {KEY}\n") == Secret(KEY)
    assert Secret(KEY) != Secret("other")
    assert len({Secret(KEY), Secret(KEY)}) == 1


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"bad key {KEY}", "bad key ****"),
        (f"{KEY}{KEY[:8]} is unknown", "**** is unknown"),
        ('{"DD-API-KEY": "abcdefghijklm0123456789"}', '{"DD-API-KEY": "****"}'),
        ("Authorization: Bearer abcdefghijklmnop.0123456789", "Authorization: Bearer ****"),
        ("http://me:pw@proxy:3128 refused", "http://****@proxy:3128 refused"),
        ("application key: continuous_profiler_read is missing",) * 2,
        ("profile AZ33SqdJAA of shop-frontend-v12 not found",) * 2,
    ],
)
def test_texts_lose_what_is_a_key_or_looks_like_one(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


def test_texts_lose_the_secrets_that_are_known_however_they_look() -> None:
    assert scrubbed("hunter2 and hunter2!", [Secret("hunter2")]) == "**** and ****!"
    assert scrubbed("a cat", [Secret("cat")]) == "a cat", "what is that short hits words"
