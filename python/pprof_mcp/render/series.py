"""A series of measured points as a picture: SVG that stands by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

WIDTH, HEIGHT = 960, 400
MOST_TEXT = 180
"""Signs of one text. Source: chosen; about what the width holds."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 20, 70, 50
_STYLE = """
text { font: 12px sans-serif; fill: #333 } .title { font-size: 16px } .quiet { fill: #777 }
.back { fill: #fff } .grid { stroke: #ddd } .series { fill: none; stroke: #8aa9d6 }
.point { fill: #2f6fc4 } .odd { fill: #fff; stroke: #c4402f; stroke-width: 2 }
.mark { stroke: #777; stroke-dasharray: 2 3 } .level { stroke: #c4402f; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .back, .odd { fill: #1c1c1c } .grid { stroke: #444 } .quiet { fill: #999 } }
"""


@dataclass(frozen=True)
class Dot:
    """A point.

    Attributes:
        when: Seconds since 1970.
        value: Its height.
        text: What is shown when it is pointed at.
        is_odd: Whether it stands out from the others.
    """

    when: float
    value: float
    text: str
    is_odd: bool = False


@dataclass(frozen=True)
class Line:
    """A straight line, such as the median before a change: from one time and value to another."""

    start: float
    start_value: float
    end: float
    end_value: float


def draw(
    dots: Sequence[Dot],
    *,
    title: str,
    subtitle: str,
    label: Callable[[float], str],
    marks: Sequence[tuple[float, str]] = (),
    lines: Sequence[Line] = (),
) -> bytes:
    """Draw points over time, heights from 0.

    Args:
        dots: At least one, by time.
        title: Heading.
        subtitle: Line below it.
        label: Writes a value at the axis.
        marks: Times with what began then, drawn as upright lines.
        lines: Lines over the points.
    """
    first, last = dots[0].when, dots[-1].when
    if first == last:
        first, last = first - 1, last + 1
    heights = [dot.value for dot in dots] + [end for one in lines for end in (one.start_value, one.end_value)]
    low = min(0.0, *heights)
    step = _step(max(0.0, *heights) - low)
    floor = math.floor(low / step) * step
    ticks = [floor + place * step for place in range(1 + max(1, math.ceil((max(heights) - floor) / step)))]
    top = ticks[-1]

    def x(when: float) -> str:
        return f"{_LEFT + (when - first) / (last - first) * (WIDTH - _LEFT - _RIGHT):.1f}"

    def y(value: float) -> str:
        return f"{HEIGHT - _BOTTOM - (value - floor) / (top - floor) * (HEIGHT - _TOP - _BOTTOM):.1f}"

    def parts() -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
            f"<title>{_text(title)}</title><style>{_STYLE}</style>"
            f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>'
            f'<text class="title" x="{_LEFT}" y="24">{_text(title)}</text>'
            f'<text x="{_LEFT}" y="44">{_text(subtitle)}</text>'
        )
        for tick in ticks:
            yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
            yield (
                f'<text class="quiet" text-anchor="end" x="{_LEFT - 8}" y="{float(y(tick)) + 4:.1f}">'
                f"{_text(label(tick))}</text>"
            )
        for place in range(5):
            when = first + (last - first) * place / 4
            anchor = ("start", "middle", "middle", "middle", "end")[place]
            yield (
                f'<text class="quiet" text-anchor="{anchor}" x="{x(when)}" y="{HEIGHT - _BOTTOM + 20}">'
                f"{_time(when)}</text>"
            )
        for when, name in marks:
            at = x(when)
            yield f'<line class="mark" x1="{at}" x2="{at}" y1="{_TOP - 12}" y2="{HEIGHT - _BOTTOM}"/>'
            near_end = (when - first) / (last - first) > 0.8
            yield (
                f'<text class="quiet" text-anchor="{"end" if near_end else "start"}" x="{x(when)}" '
                f'y="{_TOP - 14}">{_text(name)}</text>'
            )
        path = " ".join(f"{x(dot.when)},{y(dot.value)}" for dot in dots)
        yield f'<polyline class="series" points="{path}"/>'
        for one in lines:
            yield (
                f'<line class="level" x1="{x(one.start)}" y1="{y(one.start_value)}" '
                f'x2="{x(one.end)}" y2="{y(one.end_value)}"/>'
            )
        for dot in dots:
            kind = "odd" if dot.is_odd else "point"
            yield (
                f'<circle class="{kind}" cx="{x(dot.when)}" cy="{y(dot.value)}" r="4">'
                f"<title>{_text(dot.text)}</title></circle>"
            )
        yield "</svg>\n"

    return "\n".join(parts()).encode()


def _step(span: float) -> float:
    """Give the distance of lines that divides a span by about four: 1, 2 or 5 of a power of ten."""
    if span <= 0:
        return 1.0
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next((power * one for one in (1, 2, 5) if power * one >= rough * 0.999), power * 10)


def _time(when: float) -> str:
    return datetime.fromtimestamp(when, timezone.utc).strftime("%m-%d %H:%M")


def _text(text: str) -> str:
    """Write a text of unknown origin: no mark-up, none of the signs that XML can not hold."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return escape(kept[:MOST_TEXT])
