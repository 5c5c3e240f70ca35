"""The one way from arguments to a result; every front goes it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pprof_mcp.errors import InternalError, InvalidArgumentError, ResultTooLargeError
from pprof_mcp.insight.labels import as_spelled
from pprof_mcp.profile import Profile
from pprof_mcp.registry.arguments import Kind, Parameter
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.results.base import Result
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session


@dataclass(frozen=True)
class Answer:
    """A result and its JSON, which is what every front shows.

    Attributes:
        result: The validated model.
        json: The same as compact UTF-8.
    """

    result: Result
    json: bytes


def run(spec: ToolSpec, given: Mapping[str, Any], *, session: Session) -> Result:
    """Check arguments, resolve references, call the tool.

    Args:
        spec: The tool.
        given: Arguments by name; references as text, or as the objects they stand for.
        session: Where handles live and files are opened.

    Raises:
        PprofMcpError: Arguments are wrong, or as the tool says.
    """
    return _call(spec, _checked(spec, given, session), session)


def answer(
    spec: ToolSpec,
    given: Mapping[str, Any],
    *,
    session: Session,
    most: int | None,
    usual: int | None = None,
) -> Answer:
    """Do as `run`, and keep the JSON under a size.

    Args:
        spec: The tool.
        given: Arguments by name.
        session: Where handles live and files are opened.
        most: Bytes of JSON at most. A list or text that is longer is cut and says so; the cursor of a list
            goes on behind the cut.
        usual: The same for a caller that did not say how much it wants; one row is answered all the same,
            with long texts cut if that makes it small enough.

    Raises:
        PprofMcpError: As `run`.
        ResultTooLargeError: One row alone is larger than `most`, even with its texts and lists cut.
    """
    arguments = _checked(spec, given, session)
    name = spec.size_parameter(arguments)
    size = cast("int", arguments[name]) if name else 1
    bound = most if usual is None or name in given else min(usual, most or usual)
    note = ""
    while True:
        result = _call(spec, {**arguments, name: size} if name else arguments, session)
        if note:
            result = result.model_copy(update={"warnings": [*result.warnings, note]})
        encoded = dump(result)
        if bound is None or len(encoded) <= bound:
            return Answer(result=result, json=encoded)
        if size <= 1:
            found = Answer(result=result, json=encoded)
            return _smallest(spec, found, _texts(given), usual=bound, most=most)
        size = max(1, min(size - 1, size * bound * 9 // (len(encoded) * 10)))
        if "overwrite" in arguments:
            # The file that is there now is that of the first try.
            arguments["overwrite"] = True
        note = f"{name} lowered to {size}: more would make the answer larger than {bound} bytes"
        if bound != most:
            note += f"; set {name} for more at once"


def _smallest(
    spec: ToolSpec, whole: Answer, kept: Collection[str], *, usual: int, most: int | None
) -> Answer:
    """Make an answer smaller that has as few rows as can be.

    Texts are cut if that is enough for the usual size; else it stays whole if it may, and lists are cut only
    where it may not.
    """
    found = _fitting(whole.result, kept, usual, lists=False)
    if found is None and (most is None or len(whole.json) <= most):
        return whole
    found = found or _fitting(whole.result, kept, most or usual, lists=True)
    if found is None:
        raise ResultTooLargeError(
            f"{spec.name}: the answer takes {len(whole.json)} bytes, {most} are allowed",
            details={"bytes": len(whole.json), "limit": most},
        )
    return found


def _fitting(result: Result, kept: Collection[str], bound: int, *, lists: bool) -> Answer | None:
    from pprof_mcp.results.shorten import shorter

    for smaller in shorter(result, kept=kept, lists=lists):
        encoded = dump(smaller)
        if len(encoded) <= bound:
            return Answer(result=smaller, json=encoded)
    return None


def _texts(given: Mapping[str, Any]) -> set[str]:
    """Collect the texts of a call: an answer repeats them whole."""
    values: list[Any] = []
    for value in given.values():
        values.extend(cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else [value])
    return {value for value in values if isinstance(value, str)}


def dump(result: Result) -> bytes:
    """Write a result as compact JSON."""
    return result.model_dump_json().encode()


def _call(spec: ToolSpec, arguments: Mapping[str, Any], session: Session) -> Result:
    extra = {spec.session_parameter: session} if spec.session_parameter else {}
    result = spec.function(**arguments, **extra)
    if type(result) is not spec.result_model:
        raise InternalError(f"{spec.name} answered with {type(result).__name__}")
    return result


def _checked(spec: ToolSpec, given: Mapping[str, Any], session: Session) -> dict[str, Any]:
    _refuse_unknown(spec, given)
    references = {
        item.name: given[item.name]
        for item in spec.parameters
        if item.kind in _REFERENCES and _holds_objects(given.get(item.name))
    }
    plain = {name: _unwrapped(spec, name, value) for name, value in given.items() if name not in references}
    # A placeholder keeps the model's view of what is required; the object itself goes past it.
    texts = {name: ["-"] if isinstance(value, (list, tuple)) else "-" for name, value in references.items()}
    try:
        checked = spec.params_model.model_validate({**plain, **texts})
    except ValidationError as problem:
        raise _invalid(spec, problem) from None
    arguments = {item.name: getattr(checked, item.name) for item in spec.parameters}
    arguments.update(references)
    for item in spec.parameters:
        if item.kind in _RESOLVED and arguments[item.name] is not None:
            arguments[item.name] = _resolve(item, arguments[item.name], session)
    _spell_labels(arguments)
    return arguments


def _spell_labels(arguments: dict[str, Any]) -> None:
    """Spell the label of a filter as the profiles do: runtimes differ in `thread id`, `thread_id`."""
    profiles = [value for value in arguments.values() if isinstance(value, Profile)]
    for name in _OF_LABELS:
        key, equals, pattern = str(arguments.get(name) or "").partition("=")
        if equals and profiles:
            there = [item["key"] for one in profiles for item in one.shared.meta["label_keys"]]
            arguments[name] = as_spelled(key, there) + equals + pattern


_OF_LABELS = ("tagfocus", "tagignore")
_RESOLVED = (Kind.PROFILE, Kind.BUNDLE)
_REFERENCES = (*_RESOLVED, Kind.SOURCES)


def _holds_objects(value: Any) -> bool:
    """Whether a reference was given as what it stands for, as only a Python caller can."""
    values = cast("list[Any]", value) if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(one, (Profile, Bundle, os.PathLike)) for one in values)


def _resolve(item: Parameter, value: Any, session: Session) -> Any:
    if item.kind is Kind.PROFILE:
        return None if value is None else _profile(value, session)
    if isinstance(value, Bundle):
        return value
    if isinstance(value, (list, tuple)):
        return session.bundle([_reference(one) for one in cast("list[Any]", value)])
    return session.bundle(_reference(value))


def _reference(value: Any) -> str:
    return value.reference if isinstance(value, Profile) else _text(value)


def _profile(value: Any, session: Session) -> Profile:
    return value if isinstance(value, Profile) else session.profile(_text(value))


def _text(value: str | os.PathLike[str]) -> str:
    return os.fspath(value)


def _refuse_unknown(spec: ToolSpec, given: Mapping[str, Any]) -> None:
    valid = [item.name for item in spec.parameters]
    unknown = [name for name in given if name not in valid]
    if unknown:
        named = ", ".join(repr(name[:60]) for name in sorted(unknown)[:5])
        raise InvalidArgumentError(
            f"{spec.name} takes no argument {named}",
            hint=f"Valid names: {', '.join(valid)}.",
            details={"argument": min(unknown)[:60], "available": valid},
        )


def _unwrapped(spec: ToolSpec, name: str, value: Any) -> Any:
    """Some desktop clients send a list as its JSON text."""
    if isinstance(value, str) and value.startswith("["):
        item = next(item for item in spec.parameters if item.name == name)
        if item.kind in (Kind.SOURCES, Kind.BUNDLE) or "list" in str(item.annotation):
            try:
                return json.loads(value)
            except ValueError:
                return value
    return value


def _invalid(spec: ToolSpec, problem: ValidationError) -> InvalidArgumentError:
    first: ErrorDetails = problem.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else spec.name
    if first["type"] == "missing":
        message = f"{spec.name} needs the argument {name}"
        hint = f"Required: {', '.join(spec.required)}."
    else:
        message = f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}; given: {_shown(first['input'])}"
        described = next((item.field.description for item in spec.parameters if item.name == name), None)
        hint = f"{name}: {described}" if described else "Correct the argument and call again."
    return InvalidArgumentError(message, hint=hint, details={"argument": name})


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
