"""What the models say about their keys: for messages, the environment and the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from athena_g.config.problems import Location
from athena_g.config.values import RelativeToFile, Wanted

Model = type[BaseModel]
Mark = TypeVar("Mark")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table: its name and what it may hold.

    ``table`` is the model of the table that the key holds, or of each table of the list that it
    holds (``many``); without it the key holds a value, or a list of values (``many``).
    """

    name: str
    field: FieldInfo
    kind: Any
    table: Model | None
    many: bool
    marks: tuple[object, ...]

    def mark(self, kind: type[Mark]) -> Mark | None:
        """The mark of class ``kind`` on this key, the outermost one, if there is any."""
        return next((mark for mark in reversed(self.marks) if isinstance(mark, kind)), None)

    @property
    def is_secret(self) -> bool:
        """Whether the value must not be shown to anybody."""
        return self.kind is SecretStr

    @property
    def is_relative_path(self) -> bool:
        """Whether the value is a path that counts from the directory of the file."""
        return self.mark(RelativeToFile) is not None

    @property
    def wanted(self) -> str:
        """What to write, in words: ``a whole number from 1 to 10``."""
        told = self.mark(Wanted)
        return told.text if told else self._derived()

    def _derived(self) -> str:
        if get_origin(self.kind) is Literal:
            *others, last = (f'"{choice}"' for choice in get_args(self.kind))
            return f"{', '.join(others)} or {last}" if others else last
        if self.kind in (int, float):
            noun = "a whole number" if self.kind is int else "a number"
            return f"{noun}{self._bounds()}"
        return "text in quotes"

    def _bounds(self) -> str:
        lowest, highest = self.mark(Ge), self.mark(Le)
        if lowest is None or highest is None:
            return ""
        return f" from {lowest.ge} to {highest.le}"


@cache
def keys(model: Model) -> dict[str, Key]:
    """Every key of ``model``, by name, in the order in which the model has them."""
    return {name: _key(name, field) for name, field in model.model_fields.items()}


def _key(name: str, field: FieldInfo) -> Key:
    kind, marks = _unwrap(field.annotation)
    many = get_origin(kind) is tuple
    item = _unwrap(get_args(kind)[0])[0] if many else kind
    table = item if isinstance(item, type) and issubclass(item, BaseModel) else None
    return Key(name, field, kind, table, many, (*marks, *field.metadata))


def _unwrap(annotation: Any) -> tuple[Any, tuple[object, ...]]:
    """The type within ``Annotated`` and ``… | None``, and the marks met on the way."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kind, marks = _unwrap(arguments[0])
        return kind, (*marks, *annotation.__metadata__)
    if origin in (Union, UnionType):
        present = [argument for argument in arguments if argument is not NoneType]
        if len(present) == 1:
            return _unwrap(present[0])
    return annotation, ()


def find(model: Model, location: Location) -> Key | None:
    """The key at ``location`` below ``model`` (for an entry of a list, the list's), if known."""
    table: Model | None = model
    found: Key | None = None
    for part in location:
        if isinstance(part, int):
            continue
        found = keys(table).get(part) if table else None
        if found is None:
            return None
        table = found.table
    return found


def heading(model: Model, location: Location) -> str:
    """The line that opens the table at ``location``: ``[server.tls]``, ``[[groups]]``."""
    key = find(model, location)
    name = ".".join(part for part in location if isinstance(part, str))
    return f"[[{name}]]" if key and key.many else f"[{name}]"


def tables(model: Model, above: Location = ()) -> Iterator[tuple[Location, Model]]:
    """Every table below ``model``, outer ones first: its location without indices, its model."""
    for key in keys(model).values():
        if key.table is not None:
            here = (*above, key.name)
            yield here, key.table
            yield from tables(key.table, here)
