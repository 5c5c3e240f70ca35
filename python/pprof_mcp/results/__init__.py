"""Typed results: what tools answer, and the rows that several of them share."""

from pprof_mcp.results.base import NextCall, Result, Row, next_call
from pprof_mcp.results.paging import Cursor, LeftOut, Page, page_of
from pprof_mcp.results.shared import LabelRow, RawMeta, SampleType, ValueTypeRow

__all__ = [
    "Cursor",
    "LabelRow",
    "LeftOut",
    "NextCall",
    "Page",
    "RawMeta",
    "Result",
    "Row",
    "SampleType",
    "ValueTypeRow",
    "next_call",
    "page_of",
]
