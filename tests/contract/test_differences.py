"""The table of differences is whole, and the tests that it names exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "differences.md"
NUMBERS = [str(number) for number in range(1, 52) if number != 5]
PARTS = [f"5{part}" for part in "abcdefghi"]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Name the tests of a file, those of classes as `Class::test`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}::{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)
            )
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return frozenset(found)


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("| W")]
    return [[cell.strip() for cell in row] for row in cells]


def test_every_number_is_there_once_and_in_order() -> None:
    expected = sorted([*NUMBERS, *PARTS], key=lambda name: (int(name.rstrip("abcdefghi")), name))
    assert [row[0] for row in rows()] == [f"W{name}" for name in expected]
    assert len({int(name.rstrip("abcdefghi")) for name in expected}) == 51


def test_every_row_says_what_was_what_is_and_what_pins_it() -> None:
    for row in rows():
        assert len(row) == 4, row
        number, was, here, pinned = row
        assert was, number
        assert here, number
        assert pinned or "not there yet" in here, number


def test_every_test_that_is_named_exists() -> None:
    looked_at: set[str] = set()
    for number, _, _, pinned in rows():
        named = re.findall(r"`([^`]+)`", pinned)
        assert pinned == ", ".join(f"`{name}`" for name in named), number
        for name in named:
            file, _, test = name.partition("::")
            assert file.startswith("tests/"), (number, name)
            assert test.rpartition("::")[2].startswith("test_"), (number, name)
            assert test in names_in(ROOT / file), (number, name)
            looked_at.add(name)
    assert len(looked_at) >= 80


def test_the_page_is_linked() -> None:
    assert "(differences.md)" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
