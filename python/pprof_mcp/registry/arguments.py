"""Parameter types that mean more than their JSON form.

A tool that takes a `Profile` never sees a string: the registry shows a documented string in the schema,
resolves it through the session and hands over the profile. Resolution goes by type, so no tool can forget it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from typing_extensions import Self

from pprof_mcp.profile import Profile
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.inputs import Given
from pprof_mcp.session.session import Session


class Output:
    """Marks a text that names a file to write."""


OutputPath = Annotated[str, Output()]
"""Where a file is to be written; empty means nowhere. Written through the session's fence."""


class Unopened:
    """Marks references that are handed over as they were given, to be opened one by one by the tool."""


ProfileSources = Annotated[Sequence[Given], Unopened()]
"""Where many profiles come from: their tool passes it to `Session.inputs`, so that none is decoded before."""

INJECTED: Session = cast("Session", object())
"""The default of a parameter that gets the session: no caller gives it, the registry does."""

REFERENCE_LENGTH = 4_096
"""Longest reference taken, in characters (chosen: the longest path of common systems)."""


class Kind(Enum):
    """What a parameter is, besides its JSON type."""

    PLAIN = "plain"
    PROFILE = "profile"
    SOURCES = "sources"
    BUNDLE = "bundle"
    OUTPUT = "output"
    SESSION = "session"


@dataclass(frozen=True)
class Cli:
    """How a parameter looks on the command line.

    Attributes:
        flags: Option spellings, such as `("-o", "--output")`; empty means derived from the name.
        positional: Whether it is an argument instead of an option.
        only: Whether the name itself is no option besides the flags.
    """

    flags: tuple[str, ...] = ()
    positional: bool = False
    only: bool = False


class Written(BaseModel, ABC):
    """Base of what is an object as data and one line of text on the command line."""

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> Self:
        """Read the line.

        Raises:
            InvalidArgumentError: It can not be read.
        """

    @abstractmethod
    def written(self) -> str:
        """Write it as a line that `read` takes."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool, as all fronts see it.

    Attributes:
        name: Its name in Python, in JSON and, with hyphens, on the command line.
        kind: What it means.
        annotation: The type its JSON form is validated against.
        field: Description, bounds and default.
        cli: How it looks on the command line.
        shared: Whether it is one of the options that many tools take, declared once for all of them.
    """

    name: str
    kind: Kind
    annotation: Any
    field: FieldInfo
    cli: Cli
    shared: bool = False

    @property
    def required(self) -> bool:
        """Whether a call without it is refused."""
        return self.field.is_required()

    @property
    def default(self) -> Any:
        """The default, or None when it is required."""
        return None if self.required else self.field.get_default(call_default_factory=True)


_REFERENCE = "path, `handle:...`, or bundle + `#kind` (`handle:...#cpu`)."
_DESCRIPTIONS = {
    Kind.PROFILE: f"Profile: {_REFERENCE}",
    Kind.SOURCES: "Files, folders, zips, globs, handles of profiles or bundles, bundle + `#kind`.",
    Kind.BUNDLE: "Bundle: its handle, a directory, a zip, or a list of profiles.",
    Kind.OUTPUT: "File to write; nothing is overwritten unless asked.",
}

_ONE = Annotated[str, Field(min_length=1, max_length=REFERENCE_LENGTH)]
_JSON_FORMS: dict[Kind, Any] = {
    Kind.PROFILE: _ONE,
    Kind.SOURCES: Annotated[list[_ONE], Field(min_length=1, max_length=100_000)],
    Kind.BUNDLE: str | list[str],
    Kind.OUTPUT: Annotated[str, Field(max_length=REFERENCE_LENGTH)],
}


def kind_of(annotation: Any) -> Kind:
    """Tell what a parameter type means."""
    if annotation is Profile:
        return Kind.PROFILE
    if annotation is Bundle:
        return Kind.BUNDLE
    if annotation is Session:
        return Kind.SESSION
    return Kind.PLAIN


def parameter(name: str, annotation: Any, default: Any, *, shared: bool = False) -> Parameter:
    """Read one parameter of a tool's signature.

    Args:
        name: Its name.
        annotation: Its annotation, with what `Annotated` adds.
        default: Its default, or `...` when it has none.
        shared: Whether many tools take it.

    Raises:
        TypeError: It can not be described: no type, or no description.
    """
    if annotation is None:
        raise TypeError(f"parameter {name} has no type")
    extras: tuple[Any, ...] = ()
    bare = annotation
    if get_origin(annotation) is Annotated:
        bare, *rest = get_args(annotation)
        extras = tuple(rest)
    if bare is Any:
        raise TypeError(f"parameter {name} has no type")
    referred = _without_none(bare)
    kind = next((_MARKED[type(item)] for item in extras if type(item) in _MARKED), None) or kind_of(referred)
    shown = _JSON_FORMS.get(kind, bare)
    if kind in _POSITIONAL and referred is not bare:
        shown = shown | None
    field = FieldInfo.from_annotation(
        _annotated(shown, [item for item in extras if isinstance(item, FieldInfo)])
    )
    if default is not ...:
        field.default = default
    if not field.description:
        field.description = _DESCRIPTIONS.get(kind)
    if not field.description and kind is not Kind.SESSION:
        raise TypeError(f"parameter {name} has no description: write Annotated[..., Field(description=...)]")
    positional = kind in _POSITIONAL and default is ...
    cli = next((item for item in extras if isinstance(item, Cli)), Cli(positional=positional))
    return Parameter(name=name, kind=kind, annotation=shown, field=field, cli=cli, shared=shared)


_POSITIONAL = (Kind.PROFILE, Kind.SOURCES, Kind.BUNDLE)
_MARKED: dict[type, Kind] = {Output: Kind.OUTPUT, Unopened: Kind.SOURCES}


def _without_none(annotation: Any) -> Any:
    """Give `X` of `X | None`: a profile or bundle that may be left out."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    others = [item for item in get_args(annotation) if item is not NoneType]
    return others[0] if len(others) == 1 else annotation


def _annotated(bare: Any, extras: list[FieldInfo]) -> Any:
    for extra in extras:
        bare = Annotated[bare, extra]
    return bare
