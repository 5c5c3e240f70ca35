"""Cuts long texts, and says what was cut."""

from __future__ import annotations

from pprof_mcp.results.shared import RawMeta

_MARK = "[... {count} lines left out ...]"


def truncate(text: str, *, max_lines: int, max_bytes: int, strategy: str) -> tuple[str, RawMeta]:
    """Cut a text to whole lines: first to a number of lines, then to a number of bytes.

    Args:
        text: The text.
        max_lines: Lines at most; 0 for no limit.
        max_bytes: Bytes of UTF-8 at most. A single line that is longer is cut between characters.
        strategy: `head` and `tail` keep one end, `head_tail` both with a mark between.

    Returns:
        What is kept, and what there was.
    """
    lines = text.splitlines(keepends=True)
    reasons: list[str] = []
    kept = lines
    if 0 < max_lines < len(lines):
        reasons.append("max_lines")
        kept = _ends(lines, max_lines, strategy, len(lines))
    if _size(kept) > max_bytes:
        reasons.append("max_bytes")
        kept = _fitting(kept, max_bytes, strategy, len(lines))
    meta = RawMeta(
        total_lines=len(lines),
        total_bytes=len(text.encode()),
        truncated=bool(reasons),
        truncated_reason=",".join(reasons) or None,
        strategy=strategy,
    )
    return "".join(kept), meta


def _size(lines: list[str]) -> int:
    return sum(len(line.encode()) for line in lines)


def _ends(lines: list[str], count: int, strategy: str, total: int) -> list[str]:
    if strategy == "head":
        return lines[:count]
    if strategy == "tail":
        return lines[-count:]
    first = (count + 1) // 2
    last = count - first
    mark = _MARK.format(count=total - count) + "\n"
    return [*lines[:first], mark, *(lines[-last:] if last else [])]


def _fitting(lines: list[str], most: int, strategy: str, total: int) -> list[str]:
    if strategy == "head":
        return _prefix(lines, most)
    if strategy == "tail":
        return list(reversed(_prefix(list(reversed(lines)), most, tail=True)))
    plain = [line for line in lines if not line.startswith("[... ")]
    room = max(2, most - len(_MARK) - 12)
    head = _prefix(plain, room // 2)
    tail = list(reversed(_prefix(list(reversed(plain[len(head) :])), room - room // 2, tail=True)))
    left = total - len(head) - len(tail)
    kept = [*head, _MARK.format(count=left) + "\n", *tail]
    return kept if _size(kept) <= most else _prefix(kept, most)


def _prefix(lines: list[str], most: int, *, tail: bool = False) -> list[str]:
    kept: list[str] = []
    used = 0
    for line in lines:
        size = len(line.encode())
        if used + size > most:
            break
        kept.append(line)
        used += size
    if not kept and lines:
        part = lines[0].encode()
        cut = part[-most:] if tail else part[:most]
        return [cut.decode("utf-8", "ignore")]
    return kept
