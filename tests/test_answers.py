"""What the core answered about a profile is kept while there is room, and never mixed up."""

from __future__ import annotations

import pprof_mcp as pp
import pytest
from pprof_mcp import _native
from pprof_mcp.answers import Answers
from pprof_mcp.marking import Marked
from pprof_mcp.reports import ask

from tests.support import DATA

CPU = DATA / "go" / "main" / "cpu.pb.gz"


def test_what_is_asked_again_is_answered_from_memory() -> None:
    asked: list[str] = []

    def top(native: _native.Profile, body: str) -> bytes:
        asked.append(body)
        return _native.top(native, body)

    profile = pp.open_profile(CPU.read_bytes())
    first = ask(top, profile, {"focus": "json"}, limit=3)
    assert ask(top, profile.named("another name"), {"focus": "json"}, limit=3) == first
    assert len(asked) == 1
    assert ask(top, profile, {"focus": "json"}, limit=1) != first
    # Another profile, of which the same share is all there is.
    assert ask(top, profile.filter(focus="json"), {"focus": "json"}, limit=3)["total"] < first["total"]
    assert len(asked) == 3


def test_an_answer_that_was_changed_by_who_got_it_is_not_changed_for_the_next() -> None:
    profile = pp.open_profile(CPU.read_bytes())
    first = ask(_native.top, profile, {}, limit=3)
    first["rows"].clear()
    assert len(ask(_native.top, profile, {}, limit=3)["rows"]) == 3


def test_the_least_recently_asked_go_first_and_the_largest_are_not_kept() -> None:
    answers = Answers(10)
    asked: list[str] = []

    def get(name: str, size: int) -> None:
        def question() -> bytes:
            asked.append(name)
            return b"x" * size

        assert len(answers.get((name, "{}"), question)) == size

    get("a", 4)
    get("b", 4)
    get("a", 4)
    get("c", 4)
    assert (asked, answers.size) == (["a", "b", "c"], 8)
    get("a", 4)
    get("b", 4)
    assert asked == ["a", "b", "c", "b"]
    get("large", 11)
    get("large", 11)
    assert asked[-2:] == ["large", "large"]
    assert answers.size <= 10


def test_a_question_that_failed_is_asked_again() -> None:
    answers = Answers(10)

    def fails() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        answers.get(("a", "{}"), fails)
    assert answers.get(("a", "{}"), lambda: b"yes") == b"yes"


def test_groups_by_other_marks_are_other_groups() -> None:
    profile = pp.open_profile(CPU.read_bytes())
    marked = Marked(profile, {})

    def by(word: str) -> list[tuple[int, int]]:
        found = marked.groups(lambda name, _file, _runtime: int(word in name), pick="least")
        return [(group["kind"], group["values"][0]) for group in found["groups"]]

    json, catalog = by("json"), by("catalog")
    assert json != catalog
    assert (by("json"), by("catalog")) == (json, catalog)


def test_marks_that_are_kept_are_those_of_their_marking() -> None:
    profile = pp.open_profile(CPU.read_bytes())
    whole = Marked(profile, {})
    asked: list[str] = []

    def length(name: str, _file: str, _runtime: str | None) -> int:
        asked.append(name)
        return len(name) % 200

    def ones(_name: str, _file: str, _runtime: str | None) -> int:
        return 1

    assert whole.kept_marks(length) == whole.marks(length)
    assert whole.kept_marks(ones) != whole.kept_marks(length)
    asked.clear()
    assert Marked(profile, {}).kept_marks(length) == whole.kept_marks(length)
    assert not asked
    known = whole.kept(length)
    name, file = whole.functions["name"][0], whole.functions["file"][0]
    assert known(name, file, whole.runtime) == len(name) % 200
    assert not asked
    # What it can not know, it asks.
    assert known("elsewhere", "elsewhere.go", whole.runtime) == len("elsewhere")
    assert asked == ["elsewhere"]
