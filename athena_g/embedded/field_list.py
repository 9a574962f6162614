"""COM_FIELD_LIST: the columns of a table as column definitions."""

from __future__ import annotations

from athena_g.embedded.results import column
from athena_g.embedded.runtime.texts import like
from athena_g.embedded.session import EngineSession
from athena_g.embedded.translate.relations import column_flags
from athena_g.embedded.translate.values import Origin
from athena_g.protocol.columns import Column


def fields(session: EngineSession, name: str, wildcard: str) -> list[Column]:
    """The columns whose names match, all if the wildcard is empty; raises 1046, 1146."""
    session.tracker.start()
    database = session.require_database()
    _, table = session.find_table(database, name)
    return [
        column(
            each.name,
            each.type,
            origin=Origin(database, name, table.name, each.name, column_flags(table, each.name)),
        )
        for each in table.columns
        if not wildcard or like(each.name, wildcard, "\\", 0)
    ]
