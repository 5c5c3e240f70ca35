"""Checks as JUnit XML, which build servers show as tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can not hold, escaped or not (specified)."""


Outcome = Literal["passed", "failed", "skipped"]
"""What became of a check; build servers know no fourth."""


@dataclass(frozen=True)
class Case:
    """One check.

    Attributes:
        name: What was checked.
        outcome: What became of it.
        message: Why; empty for nothing to say.
    """

    name: str
    outcome: Outcome
    message: str


def junit(suite: str, group: str, cases: Sequence[Case]) -> bytes:
    """Write one suite.

    Args:
        suite: Its name.
        group: What the cases are about; their class.
        cases: The checks.

    Returns:
        The document in UTF-8. It holds no time: equal checks give equal bytes.
    """
    failed = sum(case.outcome == "failed" for case in cases)
    skipped = sum(case.outcome == "skipped" for case in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {counts}>",
        f'  <testsuite name="{_escaped(suite)}" {counts}>',
    ]
    for case in cases:
        lines.extend(_case(group, case))
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""]).encode()


def _case(group: str, case: Case) -> list[str]:
    start = f'    <testcase classname="{_escaped(group)}" name="{_escaped(case.name)}"'
    message = _escaped(case.message)
    if case.outcome == "failed":
        return [f"{start}>", f'      <failure message="{message}">{message}</failure>', "    </testcase>"]
    if case.outcome == "skipped":
        return [f"{start}>", f'      <skipped message="{message}"/>', "    </testcase>"]
    if case.message:
        return [f"{start}>", f"      <system-out>{message}</system-out>", "    </testcase>"]
    return [f"{start}/>"]


def _escaped(text: str) -> str:
    text = _NOT_XML.sub("\ufffd", text)
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(sign, f"&{name};")
    # In an attribute a plain line break would be read as a space.
    return text.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
