"""One table of a document, of which the valid keys can be read although others are wrong.

The checks that span tables stand on this, so that one wrong port hides no missing shard.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from athena_g.config.problems import Location
from athena_g.config.schema import Model, keys


class PartialTable:
    """The table ``values`` at ``location``, whose keys are those of ``model``."""

    def __init__(self, values: dict[str, Any], model: Model, location: Location = ()) -> None:
        self._values = values
        self._model = model
        self._keys = keys(model)
        self.location = location

    def at(self, *below: str | int) -> Location:
        """The location of something in this table."""
        return (*self.location, *below)

    def written(self, name: str) -> bool:
        """Whether the key is there, be it valid or not."""
        return name in self._values

    def written_keys(self) -> list[str]:
        """The known keys that are there, in the order of the model."""
        return [name for name in self._keys if name in self._values]

    def value(self, name: str) -> Any:
        """The valid value of a key, its default if it is not written; None if it has neither."""
        if name in self._values:
            return _valid(self._model, name, self._values[name])
        field = self._keys[name].field
        if field.is_required():
            return None
        return field.get_default(call_default_factory=True, validated_data={})

    def table(self, name: str) -> PartialTable:
        """The table of a key; an empty one if it is not written or no table."""
        entry = self._values.get(name)
        return self._below(name, entry if isinstance(entry, dict) else {}, self.at(name))

    def tables(self, name: str) -> list[PartialTable]:
        """The tables in the list of a key; what is no table is left out."""
        entries = self._values.get(name)
        if not isinstance(entries, list):
            return []
        return [
            self._below(name, entry, self.at(name, index))
            for index, entry in enumerate(entries)
            if isinstance(entry, dict)
        ]

    def is_whole(self, name: str) -> bool:
        """Whether the list of a key is not written, or consists of tables alone."""
        entries = self._values.get(name, [])
        return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)

    def _below(self, name: str, values: dict[str, Any], location: Location) -> PartialTable:
        model = self._keys[name].table
        if model is None:
            raise TypeError(f"{name} holds no table")
        return PartialTable(values, model, location)


def _valid(model: Model, name: str, value: Any) -> Any:
    try:
        return _adapter(model, name).validate_python(value)
    except ValidationError:
        return None


@cache
def _adapter(model: Model, name: str) -> TypeAdapter[Any]:
    field = keys(model)[name].field
    annotation: Any = field.annotation
    for mark in field.metadata:
        annotation = Annotated[annotation, mark]
    return TypeAdapter(annotation)
