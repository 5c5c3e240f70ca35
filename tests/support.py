"""What tests share besides fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pprof_mcp.session.session import Session

DATA = Path(__file__).resolve().parent / "data"


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


MakeSession = Callable[..., Session]
