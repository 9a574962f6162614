"""JSON functions."""

from __future__ import annotations

import json
from typing import Any

from athena_g import errors
from athena_g.embedded import json_text
from athena_g.embedded.runtime.registry import scalar


def document(value: Any, function: str, argument: int = 1) -> Any:
    """The document of an argument; raises 3141."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    try:
        return json_text.load(text)
    except json.JSONDecodeError as error:
        raise errors.INVALID_JSON_ARGUMENT(
            argument=argument,
            function=function,
            reason=json_text.reason(error),
            position=error.pos,
        ) from None


@scalar("my_json_extract")
def extract(value: Any, *paths: str) -> str | None:
    loaded = document(value, "json_extract")
    legs = [json_text.path_legs(path) for path in paths]
    found = [item for path in legs for item in json_text.find(loaded, path)]
    if not found:
        return None
    if len(paths) == 1 and None not in legs[0]:
        return json_text.dump(found[0])
    return json_text.dump(found)


@scalar("my_json_unquote", 1)
def unquote(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        loaded = document(value, "json_unquote")
        return loaded if isinstance(loaded, str) else value
    return value


@scalar("my_json_parse", 2)
def parse(value: str, function: str) -> str:
    return json_text.dump(document(value, function))


@scalar("my_json_scalar", 2)
def scalar_document(value: Any, is_boolean: int) -> str:
    return json_text.dump(bool(value) if is_boolean else value)


@scalar("my_json_number", 1)
def number(value: str) -> float:
    loaded = document(value, "cast")
    return float(loaded) if isinstance(loaded, int | float) else 0.0


@scalar("my_json_compare", 2)
def compare(left: str, right: str) -> int:
    return json_text.compare(json_text.load(left), json_text.load(right))


@scalar("my_json_object", nulls=True)
def make_object(*values: Any) -> str:
    if None in values[::2]:
        raise errors.NOT_SUPPORTED_YET(construct="NULL as a key of JSON_OBJECT()")
    pairs = zip(values[::2], values[1::2], strict=True)
    return json_text.dump({key: _value(item) for key, item in pairs})


def _value(text: str | None) -> Any:
    return None if text is None else json_text.load(text)


@scalar("my_json_array", nulls=True)
def make_array(*values: str | None) -> str:
    return json_text.dump([_value(value) for value in values])


@scalar("my_json_quote", 1)
def quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


@scalar("my_json_valid", 1)
def valid(value: Any) -> int:
    try:
        json_text.load(str(value))
    except json.JSONDecodeError:
        return 0
    return 1


@scalar("my_json_type", 1)
def type_name(value: Any) -> str:
    return json_text.type_name(document(value, "json_type"))


def _at(value: Any, path: str, function: str) -> list[Any]:
    return list(json_text.find(document(value, function), json_text.path_legs(path)))


@scalar("my_json_length")
def length(value: Any, path: str = "$") -> int | None:
    found = _at(value, path, "json_length")
    if not found:
        return None
    return len(found[0]) if isinstance(found[0], dict | list) else 1


@scalar("my_json_depth", 1)
def depth(value: Any) -> int:
    def measure(item: Any) -> int:
        children = item.values() if isinstance(item, dict) else item
        if not isinstance(item, dict | list):
            return 1
        return 1 + max((measure(child) for child in children), default=0)

    return measure(document(value, "json_depth"))


@scalar("my_json_keys")
def keys(value: Any, path: str = "$") -> str | None:
    found = _at(value, path, "json_keys")
    if not found or not isinstance(found[0], dict):
        return None
    return json_text.dump(sorted(found[0], key=lambda key: (len(key), key)))


@scalar("my_json_contains", 3)
def contains(target: Any, candidate: Any, path: str) -> int | None:
    found = _at(target, path, "json_contains")
    if not found:
        return None
    return int(_contains(found[0], document(candidate, "json_contains", 2)))


def _contains(target: Any, candidate: Any) -> bool:
    if isinstance(target, list):
        wanted = candidate if isinstance(candidate, list) else [candidate]
        return all(any(_contains(item, part) for item in target) for part in wanted)
    if isinstance(target, dict) and isinstance(candidate, dict):
        return all(key in target and _contains(target[key], candidate[key]) for key in candidate)
    return json_text.compare(target, candidate) == 0


@scalar("my_json_contains_path")
def contains_path(value: Any, mode: str, *paths: str) -> int:
    hits = [bool(_at(value, path, "json_contains_path")) for path in paths]
    return int(all(hits) if mode.lower() == "all" else any(hits))


@scalar("my_json_change", nulls=True)
def change(when: str, value: Any, *changes: Any) -> str | None:
    if value is None or None in changes[::2]:
        return None
    loaded = document(value, f"json_{when}")
    for path, new in zip(changes[::2], changes[1::2], strict=True):
        loaded = json_text.put(loaded, json_text.path_legs(path), _value(new), when=when)
    return json_text.dump(loaded)


@scalar("my_json_remove")
def remove(value: Any, *paths: str) -> str:
    loaded = document(value, "json_remove")
    for path in paths:
        loaded = json_text.remove(loaded, json_text.path_legs(path))
    return json_text.dump(loaded)


@scalar("my_json_merge_patch")
def merge_patch(*values: Any) -> str:
    merged = document(values[0], "json_merge_patch")
    for index, value in enumerate(values[1:], 2):
        merged = _patched(merged, document(value, "json_merge_patch", index))
    return json_text.dump(merged)


def _patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _patched(result.get(key), value)
    return result
