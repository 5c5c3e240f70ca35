"""JSON Schemas from models: what is published is what is checked.

Source: clients differ in what they accept, so the narrowest common form is used (chosen): an object at the
root, no references outside the document, no titles on properties, which only cost room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, cast

from pydantic import BaseModel

from pprof_mcp.registry.failure import FailureAnswer

Schema = dict[str, Any]


def of_arguments(model: type[BaseModel]) -> Schema:
    """Give the schema of a tool's arguments."""
    found = _without_titles(model.model_json_schema(mode="validation"))
    found["properties"] = {name: _short(child) for name, child in found.get("properties", {}).items()}
    found["additionalProperties"] = False
    found.pop("title", None)
    return found


def _short(child: Schema) -> Schema:
    """Leave out what tells a caller nothing, since every tool's arguments are shown to a model.

    Those are defaults that stand for not having been given, the same spelled as null, and greatest lengths of
    texts. They are checked all the same.
    """
    kept = {
        key: value for key, value in child.items() if key != "default" or value not in ("", False, None, [])
    }
    kept.pop("maxLength", None)
    others = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if len(others) == 1:
        del kept["anyOf"]
        kept.update(_short(others[0]))
    return kept


def undescribed(schema: Schema, names: Collection[str]) -> Schema:
    """Give a schema of arguments without the descriptions of some."""
    properties = {
        name: {key: value for key, value in child.items() if key != "description" or name not in names}
        for name, child in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def of_answers(model: type[BaseModel]) -> Schema:
    """Give the schema of a tool's answers.

    An answer is either a result, with all its fields, or an error, with the field `error` alone. Some clients
    check error answers against the schema as well, so both forms are in it: the properties side by side, and
    what is required decided by the presence of `error`.
    """
    found = _without_titles(model.model_json_schema(mode="serialization"))
    failure = _of_failures()
    required = list(found.pop("required", []))
    definitions: Schema = {**found.pop("$defs", {}), **failure["$defs"]}
    found["properties"]["error"] = failure["properties"]["error"]
    found["if"] = {"required": ["error"]}
    found["then"] = {"maxProperties": 1}
    found["else"] = {"required": required}
    found["$defs"] = dict(sorted(definitions.items()))
    return found


@cache
def _of_failures() -> Schema:
    """Give the schema of error answers, the same for every tool."""
    return _without_titles(FailureAnswer.model_json_schema(mode="serialization"))


def problems(schema: Schema) -> list[str]:
    """List what makes a schema too vague to publish.

    Returns:
        One sentence for each node without a type, array without items, or object open to anything.
    """
    found: list[str] = []
    if schema.get("type") != "object":
        found.append("the root is not an object")
    for path, node in _nodes(schema, "$"):
        if not (node.keys() & {"type", "$ref", "anyOf", "enum", "const"}):
            found.append(f"{path} has no type")
        if node.get("type") == "array" and "items" not in node:
            found.append(f"{path} is a list of anything")
        if node.get("type") == "object" and "properties" not in node:
            values = node.get("additionalProperties")
            if not isinstance(values, dict) or not values:
                found.append(f"{path} is an open object")
            elif not node.get("description"):
                found.append(f"{path} is a map without a description of its keys")
    for path, name, node in _properties(schema):
        if not node.get("description"):
            found.append(f"{path}.{name} has no description")
    return found


def _nodes(node: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, node
    for name, child in _children(node):
        yield from _nodes(child, f"{path}.{name}")


def _children(node: Schema) -> Iterator[tuple[str, Schema]]:
    for group in ("properties", "$defs"):
        for name, child in cast("Schema", node.get(group, {})).items():
            yield name, child
    for index, child in enumerate(cast("list[Schema]", node.get("anyOf", []))):
        yield f"anyOf[{index}]", child
    for key in ("items", "additionalProperties"):
        child = node.get(key)
        if isinstance(child, dict):
            yield key, cast("Schema", child)


def _properties(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, node in _nodes(schema, "$"):
        for name, child in cast("Schema", node.get("properties", {})).items():
            yield path, name, child


def _without_titles(node: Schema) -> Schema:
    """Drop the titles of properties; those of models stay, since clients name types by them."""
    cleaned: Schema = {}
    for key, value in node.items():
        if key == "properties":
            cleaned[key] = {name: _untitled(child) for name, child in cast("Schema", value).items()}
        elif key == "$defs":
            cleaned[key] = {name: _without_titles(child) for name, child in cast("Schema", value).items()}
        else:
            cleaned[key] = _deep(value)
    return cleaned


def _untitled(child: Schema) -> Schema:
    return {key: _deep(value) for key, value in child.items() if key != "title"}


def _deep(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_titles(cast("Schema", value))
    if isinstance(value, list):
        return [_deep(item) for item in cast("list[Any]", value)]
    return value
