"""The kinds of values that keys hold: how each is read, and what to write when it is wrong.

The environment can only give text, so numbers and truth values are also taken from text that
says just that; nothing else is converted (``true`` is no number, ``1`` is not true).
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Strict
from pydantic_core import PydanticCustomError

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9_.])?")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+[ -~]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write, in words; it ends the messages about a key and stands in the reference."""

    text: str


@dataclass(frozen=True, slots=True)
class DefaultText:
    """A sentence about the default, where it depends on other keys."""

    text: str


@dataclass(frozen=True, slots=True)
class RelativeToFile:
    """Marks a path that counts from the directory of the configuration file."""


@dataclass(frozen=True, slots=True)
class InsteadOf:
    """Marks a key that replaces another one, so that only one of them may be written."""

    key: str


def wrong(reason: str) -> PydanticCustomError:
    """The error "<value> <reason>; write <what is wanted>"; raise it from a validator."""
    return PydanticCustomError("wrong", "{text}", {"text": reason})


def refused(message: str) -> PydanticCustomError:
    """The error whose message is ``message`` and nothing else; raise it from a validator."""
    return PydanticCustomError("refused", "{text}", {"text": message})


def _whole_number(value: object) -> object:
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    return value


def _number(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return value


def _truth(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def as_list(value: object) -> object:
    """The list that ``value`` says as JSON, else ``value`` itself."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _host(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not _HOST_NAME.fullmatch(value) or not value.strip("0123456789."):
            raise wrong("is neither an IP address nor a host name") from None
    return value


def _database_name(value: str) -> str:
    sane = all(char in "_$-" or (char.isalnum() and char <= "\uffff") for char in value)
    if not sane or not 1 <= len(value) <= 64:
        raise wrong("is not a database name")
    return value


def _label(limit: int) -> AfterValidator:
    def check(value: str) -> str:
        if not 1 <= len(value) <= limit or not value.isprintable() or value != value.strip():
            raise wrong("is not a name")
        return value

    return AfterValidator(check)


def _table_name(value: str) -> str:
    if any(char in "*%?" for char in value):
        raise wrong("has a wildcard")
    if any(char in "./\\`" for char in value):
        raise wrong("is not a bare table name")
    return value


def _version(value: str) -> str:
    if not _VERSION.fullmatch(value) or len(value) > 60:
        raise wrong("is not a version that MySQL clients understand")
    return value


def _existing_file(value: Path) -> Path:
    if not os.path.isfile(value):
        raise wrong("is not an existing file")
    return value


def _unlike(values: tuple[int, ...]) -> tuple[int, ...]:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise refused(f"has {repeated[0]} more than once; write each shard index once")
    return values


def _once_each(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = [name for name, count in Counter(map(str.casefold, values)).items() if count > 1]
    if repeated:
        raise refused(f"has {repeated[0]} more than once; write each table once")
    return values


def _not_empty(values: tuple[Any, ...]) -> tuple[Any, ...]:
    # Not min_length: that also complains when the only entry is a wrong one.
    if not values:
        raise PydanticCustomError("too_short", "is empty")
    return values


def spelling(names: dict[str, str]) -> BeforeValidator:
    """A validator that takes the keys of ``names`` in any case of letters for their values."""

    def canonical(value: object) -> object:
        return names.get(value.lower(), value) if isinstance(value, str) else value

    return BeforeValidator(canonical)


Boolean = Annotated[bool, Strict(), BeforeValidator(_truth), Wanted("true or false")]
Integer = Annotated[int, Strict(), BeforeValidator(_whole_number)]
Number = Annotated[float, Strict(), BeforeValidator(_number)]
Text = Annotated[str, Strict()]

NotEmpty = AfterValidator(_not_empty)

Port = Annotated[Integer, Ge(0), Le(65535), Wanted("a port from 1 to 65535")]
"""The port of a server; 0, which :mod:`.checks` refuses elsewhere, is an embedded server's."""
ListenPort = Annotated[
    Integer, Ge(0), Le(65535), Wanted("a port from 0 to 65535 (0: the system picks a free one)")
]
Host = Annotated[
    Text, AfterValidator(_host), Wanted("an IP address or a host name, without a port")
]
ServerVersion = Annotated[
    Text,
    AfterValidator(_version),
    Wanted('a version number and at most 60 ASCII characters in all, such as "8.4.0-athena-g"'),
]
DatabaseName = Annotated[
    Text,
    AfterValidator(_database_name),
    Wanted("a name of 1 to 64 letters, digits, underscores, dollar signs and hyphens"),
]
SchemaName = Annotated[Text, _label(64), Wanted("the name of a database, 1 to 64 characters")]
UserName = Annotated[Text, _label(128), Wanted("a user name of 1 to 128 characters")]
Label = Annotated[Text, _label(64), Wanted("a name of 1 to 64 characters")]
TableNames = Annotated[
    tuple[Annotated[Text, _label(64), AfterValidator(_table_name)], ...],
    BeforeValidator(as_list),
    AfterValidator(_once_each),
    Wanted('a list of names of tables, without database and wildcards, such as ["countries"]'),
]
ColumnName = Annotated[Text, _label(64), Wanted("the name of a column, 1 to 64 characters")]
FilePath = Annotated[Path, RelativeToFile()]
ExistingFile = Annotated[
    FilePath,
    AfterValidator(_existing_file),
    Wanted("the path of a file, relative to the directory of the configuration file"),
]
ShardIndices = Annotated[
    tuple[Annotated[Integer, Ge(0), Le(65535)], ...],
    BeforeValidator(as_list),
    AfterValidator(_unlike),
    Wanted("a list of whole numbers from 0 to 65535, such as [0, 1, 2]"),
]
Role = Annotated[
    Literal["master", "slave"],
    spelling({"master": "master", "primary": "master", "slave": "slave", "replica": "slave"}),
    Wanted('"master" or "slave" ("primary" and "replica" mean the same)'),
]
LogLevel = Annotated[
    Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"],
    spelling({name.lower(): name for name in ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR")}),
]
