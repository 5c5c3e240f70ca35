"""Parameters of a tool as arguments and options of a command."""

from __future__ import annotations

import shlex
import types as python_types
from collections.abc import Mapping
from typing import Any, Literal, Union, cast, get_args, get_origin

import click

from pprof_mcp.fronts.progress import QUIET
from pprof_mcp.registry.arguments import Kind, Parameter, Written
from pprof_mcp.registry.spec import ToolSpec

_SEVERAL = (Kind.SOURCES, Kind.BUNDLE)

_SAMPLE_FILES: dict[str, str | list[str]] = {
    "profile": "cpu.pb.gz",
    "profiles": ["monday.pb.gz", "tuesday.pb.gz"],
    "before": "before.pb.gz",
    "after": "after.pb.gz",
    "base": "earlier/",
}
"""What stands for handles in examples: in a shell, profiles are files."""


def _sample_file(item: Parameter, value: object) -> str | list[str]:
    """Give the file for a handle; one of a bundle (`handle:...#heap`) is named after its kind."""
    kind = value.partition("#")[2] if isinstance(value, str) else ""
    if kind and item.name == "profile":
        return f"{kind}.pb.gz"
    whole = item.kind is Kind.BUNDLE and item.name not in ("before", "after", "base")
    return "capture/" if whole else _SAMPLE_FILES.get(item.name, "capture/")


def click_parameters(spec: ToolSpec) -> list[click.Parameter]:
    """Give the parameters of a tool's command: references and what is marked so are arguments."""
    made = [_parameter(item) for item in spec.parameters]
    forms = [
        click.Option(["--json", "form"], flag_value="json", help="Print exactly the structured result."),
        click.Option(["--markdown", "form"], flag_value="markdown", help="Print a report in Markdown."),
        click.Option(
            ["--table", "form"],
            flag_value="table",
            default="table",
            help="Print tables for people (the default).",
        ),
    ]
    quiet = click.Option([*QUIET, "quiet"], is_flag=True, help="Show no progress on a terminal.")
    return [*made, *forms, quiet]


def given_arguments(spec: ToolSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the values of a command line into arguments; what was not given is left to the tool's defaults."""
    given: dict[str, Any] = {}
    for item in spec.parameters:
        value = options.get(item.name)
        if value is None or value == ():
            continue
        if item.kind is Kind.BUNDLE:
            given[item.name] = value[0] if len(value) == 1 else list(value)
        elif isinstance(value, tuple):
            given[item.name] = [_parsed(item, one) for one in cast("tuple[Any, ...]", value)]
        else:
            given[item.name] = value
    return given


def shell_example(spec: ToolSpec, command: str) -> str:
    """Write the tool's example as a command line; in a shell, profiles are files."""
    arguments = dict(spec.example)
    for item in spec.parameters:
        if item.name in arguments and item.kind in (Kind.PROFILE, *_SEVERAL):
            arguments[item.name] = _sample_file(item, arguments[item.name])
    return shell_words(spec, command, arguments)


def shell_words(spec: ToolSpec, command: str, arguments: Mapping[str, Any]) -> str:
    """Write a call as a command line."""
    first: list[str] = []
    options: list[str] = []
    for item in spec.parameters:
        if item.name not in arguments:
            continue
        value = arguments[item.name]
        listed = cast("list[object]", value) if isinstance(value, list) else [value]
        values = [_written(item, one) for one in listed]
        if item.cli.positional:
            first.extend(shlex.quote(one) for one in values)
        elif value is True:
            options.append(_flags(item)[-1])
        elif value is not False:
            options.extend(f"{_flags(item)[-1]} {shlex.quote(one)}" for one in values)
    return " ".join(["pprof-mcp", command, *first, *options])


def _parameter(item: Parameter) -> click.Parameter:
    several = item.kind in _SEVERAL or _is_list(item.annotation)
    if item.cli.positional:
        return click.Argument(
            [item.name],
            required=item.required,
            nargs=-1 if several else 1,
            type=str,
            metavar=item.name.upper() + ("..." if several else ""),
        )
    if item.annotation is bool:
        flag = item.name.replace("_", "-")
        return click.Option([f"--{flag}/--no-{flag}", item.name], default=None, help=item.field.description)
    default = item.default
    shown = f"  [default: {default}]" if default not in (None, "", [], False) else ""
    return click.Option(
        [*_flags(item), item.name],
        required=item.required,
        multiple=several,
        default=None,
        type=_type(item.annotation),
        help=f"{item.field.description}{shown}",
        metavar=_metavar(item),
    )


def _flags(item: Parameter) -> list[str]:
    own = f"--{item.name.replace('_', '-')}"
    if item.cli.only:
        return list(item.cli.flags)
    return [*item.cli.flags, *([] if own in item.cli.flags else [own])]


def _type(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return click.Choice([str(choice) for choice in get_args(annotation)])
    # Bounds are the registry's to check, so that every front says the same about them.
    return annotation if annotation in (int, float) else str


def _metavar(item: Parameter) -> str | None:
    if item.kind is Kind.OUTPUT:
        return "FILE"
    if get_origin(item.annotation) is Literal or item.annotation in (int, float):
        return None
    return "REGEX" if "regex" in (item.field.description or "") else "TEXT"


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, python_types.UnionType):
        return any(_is_list(one) for one in get_args(annotation))
    return origin is list


def _element(item: Parameter) -> type[Written] | None:
    inner = get_args(item.annotation)[:1]
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], Written) else None


def _parsed(item: Parameter, text: Any) -> Any:
    """Read one element of a list."""
    element = _element(item)
    return text if element is None else element.read(text).model_dump()


def _written(item: Parameter, value: object) -> str:
    element = _element(item)
    return str(value) if element is None else element.model_validate(value).written()
