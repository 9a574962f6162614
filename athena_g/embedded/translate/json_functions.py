"""Functions of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.translate.signatures import (
    INTEGER,
    LONG_TEXT,
    Builder,
    Function,
    native,
)
from athena_g.embedded.translate.values import (
    Sql,
    boolean,
    to_json,
    to_text,
)

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _json_value(name: str) -> Function:
    return native(name, "xs*", types.JSON, low=2)


def _json_call(name: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        held = []
        for index, value in enumerate(values):
            is_key = name == "my_json_object" and index % 2 == 0
            held.append(to_text(value) if is_key else to_json(value))
        if name == "my_json_object" and len(values) % 2:
            raise errors.WRONG_PARAMETER_COUNT(function="json_object")
        return Sql(f"{name}({', '.join(v.text for v in held)})", types.JSON, nullable=False)

    return build


def _json_change(when: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        if len(values) % 2 == 0:
            raise errors.WRONG_PARAMETER_COUNT(function=f"json_{when}")
        held = [values[0].text]
        for index, value in enumerate(values[1:]):
            held.append((to_text(value) if index % 2 == 0 else to_json(value)).text)
        return Sql(f"my_json_change('{when}', {', '.join(held)})", types.JSON)

    return build


def _json_contains(translator: Expressions, values: list[Sql]) -> Sql:
    path = to_text(values[2]).text if len(values) > 2 else "'$'"
    return boolean(f"my_json_contains({values[0].text}, {values[1].text}, {path})")


def _json_unquote(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"my_json_unquote({values[0].text})", types.varchar(65535, "utf8mb4_bin"))


JSON_FUNCTIONS: dict[str, Function] = {
    "JSON_EXTRACT": _json_value("my_json_extract"),
    "JSON_UNQUOTE": Function(1, 1, _json_unquote),
    "JSON_OBJECT": Function(0, 250, _json_call("my_json_object")),
    "JSON_ARRAY": Function(0, 250, _json_call("my_json_array")),
    "JSON_QUOTE": native("my_json_quote", "s", LONG_TEXT),
    "JSON_VALID": native("my_json_valid", "x", types.BOOLEAN),
    "JSON_TYPE": native("my_json_type", "x", types.varchar(51)),
    "JSON_LENGTH": native("my_json_length", "xs", INTEGER, low=1),
    "JSON_DEPTH": native("my_json_depth", "x", INTEGER),
    "JSON_KEYS": native("my_json_keys", "xs", types.JSON, low=1),
    "JSON_CONTAINS": Function(2, 3, _json_contains),
    "JSON_CONTAINS_PATH": native("my_json_contains_path", "xss*", types.BOOLEAN, low=3),
    "JSON_SET": Function(3, 250, _json_change("set")),
    "JSON_INSERT": Function(3, 250, _json_change("insert")),
    "JSON_REPLACE": Function(3, 250, _json_change("replace")),
    "JSON_REMOVE": native("my_json_remove", "xs*", types.JSON, low=2),
    "JSON_MERGE_PATCH": native("my_json_merge_patch", "x*", types.JSON, low=2),
}
