"""ONLY_FULL_GROUP_BY: a column in the list must be grouped by, or follow from what is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.translate.relations import Field, Scope
from athena_g.embedded.translate.values import ordering

if TYPE_CHECKING:
    from athena_g.embedded.translate.select import Output


def _grouped_keys(scope: Scope, groups: Sequence[str]) -> set[str]:
    """The relations of which a whole key is grouped by: all their columns follow from it."""
    found = set()
    for relation in scope.relations:
        if relation.table is None:
            if relation.fields and _has(groups, relation.fields[0]):
                found.add(relation.alias)
            continue
        for key in relation.table.unique_keys:
            fields = [relation.find(column) for column in key.columns]
            if all(field is not None and _has(groups, field) for field in fields):
                found.add(relation.alias)
    return found


def _has(groups: Sequence[str], field: Field) -> bool:
    return ordering(field.value()) in groups


def check_grouping(
    scope: Scope,
    outputs: Sequence[Output],
    bare: Sequence[Sequence[Field]],
    groups: Sequence[str],
) -> None:
    """Raises 1055 or 1140 for a column of which a group may have several values.

    Where a whole key of one table is grouped by, the columns of every table pass: that they
    follow through a join's condition is not reckoned out here.
    """
    if _grouped_keys(scope, groups):
        return
    for position, (output, fields) in enumerate(zip(outputs, bare, strict=True), 1):
        if ordering(output.value) in groups:
            continue
        for field in fields:
            if _has(groups, field) or not _is_of(scope, field):
                continue
            origin = field.origin
            shown = f"{field.relation}.{field.name}"
            if origin is not None and origin.schema:
                shown = f"{origin.schema}.{shown}"
            code = errors.WRONG_FIELD_WITH_GROUP if groups else errors.MIX_OF_GROUP_AND_FIELDS
            raise code(position=position, column=shown)


def check_order(
    scope: Scope,
    outputs: Sequence[Output],
    terms: Sequence[tuple[str, Sequence[Field]]],
    groups: Sequence[str],
) -> None:
    """Raises 1055 or 3065 for a column in ORDER BY of which a row of the result may have several.

    ``groups`` is empty for SELECT DISTINCT.
    """
    listed = {ordering(output.value) for output in outputs} if not groups else set(groups)
    if groups and _grouped_keys(scope, groups):
        return
    for position, (term, fields) in enumerate(terms, 1):
        if term in listed:
            continue
        for field in fields:
            if ordering(field.value()) in listed or not _is_of(scope, field):
                continue
            origin = field.origin
            shown = f"{field.relation}.{field.name}"
            if origin is not None and origin.schema:
                shown = f"{origin.schema}.{shown}"
            code = errors.WRONG_ORDER_WITH_GROUP if groups else errors.ORDER_NOT_IN_SELECT
            raise code(position=position, column=shown)


def _is_of(scope: Scope, field: Field) -> bool:
    return any(field in relation.fields for relation in scope.relations)
