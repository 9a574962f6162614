"""What came back, as lines that a person can read and that leave nothing out.

Two places that answer alike give equal lines. What may differ between two equal conversations is
taken out here and nowhere else: statement ids, and in the text of an error the client's address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from athena_g.errors import SqlError
from athena_g.protocol import constants
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import SERVER_QUERY_WAS_SLOW, ColumnType
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket
from athena_g.protocol.wire import nullable_cell_at

Answer = list[str]

_FLAG_NAMES: Final = {
    value: name.replace("SERVER_", "").replace("STATUS_", "")
    for name, value in vars(constants).items()
    if name.startswith("SERVER_")
}
_CLIENT_ADDRESS = re.compile(r"'@'[^']*'")
_STATEMENT_ID = re.compile(r"\(\d+\)")
_ABOUT_STATEMENTS = (1243, 1421)


def status_text(status: int) -> str:
    """The names of the status flags; that a statement was slow says nothing about the session."""
    status &= ~SERVER_QUERY_WAS_SLOW
    names = [name for value, name in _FLAG_NAMES.items() if status & value]
    unknown = status & ~sum(_FLAG_NAMES)
    return "|".join(names + [hex(unknown)] * bool(unknown)) or "-"


def ok_text(payload: bytes) -> str:
    ok = OkPacket.decode(payload, 0)
    return (
        f"OK affected={ok.affected_rows} id={ok.last_insert_id} warnings={ok.warnings} "
        f"status={status_text(ok.status)} info={ok.info!r}"
    )


def eof_text(payload: bytes) -> str:
    eof = EofPacket.decode(payload)
    return f"EOF warnings={eof.warnings} status={status_text(eof.status)}"


def error_text(payload: bytes) -> str:
    error = ErrPacket.decode(payload)
    message = error.message
    if error.errno == 1045:
        message = _CLIENT_ADDRESS.sub("'@'client'", message)
    if error.errno in _ABOUT_STATEMENTS:
        message = _STATEMENT_ID.sub("(id)", message)
    return f"ERR {error.errno} ({error.sqlstate}) {message}"


def column_text(payload: bytes) -> str:
    try:
        column = Column.decode(payload)
    except SqlError:
        return f"  column {payload.hex()}"
    return (
        f"  column {column.name!r} org={column.org_name!r} table={column.table!r} "
        f"org_table={column.org_table!r} schema={column.schema!r} {ColumnType(column.type).name} "
        f"collation={column.collation_id} length={column.length} flags={column.flags:#x} "
        f"decimals={column.decimals} default={column.default!r}"
    )


def text_row(payload: bytes, columns: int) -> str:
    cells: list[str] = []
    position = 0
    for _ in range(columns):
        cell, position = nullable_cell_at(payload, position)
        cells.append(cell_text(cell))
    assert position == len(payload), payload
    return "  row " + " | ".join(cells)


def cell_text(cell: bytes | None) -> str:
    """NULL, or the quoted text; b in front of one that is not UTF-8."""
    if cell is None:
        return "NULL"
    try:
        return repr(cell.decode())
    except UnicodeDecodeError:
        return repr(cell)


def binary_row(payload: bytes) -> str:
    return f"  binary row {payload.hex()}"


def prepared_text(payload: bytes) -> tuple[int, int, int, str]:
    """Statement id, number of columns, number of parameters, and the line without the id."""
    statement = int.from_bytes(payload[1:5], "little")
    columns = int.from_bytes(payload[5:7], "little")
    parameters = int.from_bytes(payload[7:9], "little")
    rest = payload[9:].hex()
    return statement, columns, parameters, f"PREPARED {columns} {parameters} rest={rest}"


def infile_text(payload: bytes) -> str:
    return f"INFILE {payload[1:]!r}"


def errno_of(answer: Answer) -> int:
    """The first error in the answer, 0 without one."""
    for line in answer:
        if line.startswith("ERR "):
            return int(line.split()[1])
    return 0


def cells_of(answer: Answer) -> Iterator[str]:
    """The cells of all text rows, as they are written in the lines."""
    for line in answer:
        if line.startswith("  row "):
            yield from line.removeprefix("  row ").split(" | ")


def without_cells(answer: Answer) -> Answer:
    """The answer with the rows' contents taken out, their number kept."""
    return ["  row ..." if line.startswith(("  row", "  binary")) else line for line in answer]
