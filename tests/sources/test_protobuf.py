"""The messages written and read by hand: the examples of the encoding's specification, and broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.sources.protobuf import MalformedError, fields, message, submessage, texts


def test_the_examples_of_the_specification_are_written_and_read() -> None:
    assert message((1, 150)) == bytes.fromhex("089601")
    assert message((2, "testing")) == bytes.fromhex("120774657374696e67")
    assert message((3, message((1, 150)))) == bytes.fromhex("1a03089601")
    assert list(fields(bytes.fromhex("089601120774657374696e67"))) == [(1, 150), (2, b"testing")]
    assert submessage(bytes.fromhex("1a03089601"), 3) == bytes.fromhex("089601")


def test_nothing_is_written_for_what_is_nothing_but_an_empty_message_is_there() -> None:
    assert message((1, 0), (2, "")) == b""
    assert submessage(message((3, b"")), 3) == b""
    assert submessage(b"", 3) is None


def test_negative_numbers_take_ten_bytes_and_fixed_ones_are_passed_over() -> None:
    assert len(message((1, -1))) == 11
    data = b"\x09" + bytes(8) + b"\x15" + bytes(4) + message((3, "x"))
    assert texts(data, 3) == ["x"]


@pytest.mark.parametrize(
    "broken", ["08", "0880", "12", "1205", "120568656c6c", "0b", "00", "09ff", "08" + "ff" * 11]
)
def test_what_is_no_message_is_told(broken: str) -> None:
    with pytest.raises(MalformedError):
        list(fields(bytes.fromhex(broken)))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = list(fields(data))
    except MalformedError:
        return
    assert all(number > 0 for number, _ in found)
