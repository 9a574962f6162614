"""The types as CREATE TABLE writes them."""

from __future__ import annotations

from dataclasses import replace

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS
from athena_g.embedded.lexer import Cursor, syntax_error
from athena_g.embedded.types import Kind, SqlType
from athena_g.protocol.constants import NOT_FIXED_DECIMALS, ColumnType

_INTEGERS = {
    "TINYINT": (8, ColumnType.TINY, 4, 3),
    "SMALLINT": (16, ColumnType.SHORT, 6, 5),
    "MEDIUMINT": (24, ColumnType.INT24, 9, 8),
    "INT": (32, ColumnType.LONG, 11, 10),
    "BIGINT": (64, ColumnType.LONGLONG, 20, 20),
}
_INTEGER_ALIASES = {
    "INTEGER": "INT",
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "INT3": "MEDIUMINT",
    "INT4": "INT",
    "INT8": "BIGINT",
    "MIDDLEINT": "MEDIUMINT",
}
_TEXT_SIZES = {"TINYTEXT": 255, "TEXT": 65535, "MEDIUMTEXT": 2**24 - 1, "LONGTEXT": 2**32 - 1}
_BLOB_SIZES = {"TINYBLOB": 255, "BLOB": 65535, "MEDIUMBLOB": 2**24 - 1, "LONGBLOB": 2**32 - 1}


def _sizes(cursor: Cursor) -> list[int]:
    """The numbers in parentheses, if any."""
    if not cursor.accept("("):
        return []
    found = [cursor.integer()]
    while cursor.accept(","):
        found.append(cursor.integer())
    cursor.expect(")")
    return found


def _labels(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    found = [cursor.string().rstrip(" ")]
    while cursor.accept(","):
        found.append(cursor.string().rstrip(" "))
    cursor.expect(")")
    return tuple(found)


def _integer(name: str, cursor: Cursor) -> SqlType:
    bits, wire, width, unsigned_width = _INTEGERS[name]
    sizes = _sizes(cursor)
    unsigned, zerofill = _signs(cursor)
    shown = name.lower()
    if zerofill or (name == "TINYINT" and sizes == [1] and not unsigned):
        shown += f"({sizes[0] if sizes else unsigned_width})"
    if unsigned:
        shown += " unsigned"
    if zerofill:
        shown += " zerofill"
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    length = (
        sizes[0]
        if sizes and (zerofill or sizes == [1])
        else (unsigned_width if unsigned else width)
    )
    return SqlType(
        Kind.INT, wire, shown, length, unsigned=unsigned, zerofill=zerofill, low=low, high=high
    )


def _signs(cursor: Cursor) -> tuple[bool, bool]:
    unsigned = zerofill = False
    while word := cursor.accept_any("UNSIGNED", "SIGNED", "ZEROFILL"):
        unsigned = unsigned or word != "SIGNED"
        zerofill = zerofill or word == "ZEROFILL"
    return unsigned, zerofill


def _decimal(cursor: Cursor) -> SqlType:
    sizes = [*_sizes(cursor), *(10, 0)]
    precision, scale = (sizes[0], sizes[1]) if len(sizes) == 4 else (sizes[0], 0)
    unsigned, zerofill = _signs(cursor)
    if zerofill:
        cursor.refuse("DECIMAL ZEROFILL")
    if precision == 0:
        precision = 10
    if precision > 65 or scale > 30 or scale > precision:
        cursor.refuse(f"DECIMAL({precision},{scale})")
    return types.decimal(precision, scale, unsigned=unsigned)


def _real(name: str, cursor: Cursor) -> SqlType:
    if name == "DOUBLE":
        cursor.accept("PRECISION")
    sizes = _sizes(cursor)
    unsigned, zerofill = _signs(cursor)
    if len(sizes) == 2 or zerofill:
        cursor.refuse(f"{name}(M,D)")
    single = name == "FLOAT" and (not sizes or sizes[0] <= 24)
    base = types.FLOAT if single else types.DOUBLE
    shown = ("float" if single else "double") + (" unsigned" if unsigned else "")
    return replace(base, name=shown, unsigned=unsigned, scale=NOT_FIXED_DECIMALS)


def collation_attributes(cursor: Cursor, collation: str) -> tuple[str, bool]:
    """``CHARACTER SET …``, ``COLLATE …``, ``BINARY`` after a type; whether any was there."""
    named = False
    while True:
        if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            name = cursor.name_or_string().lower()
            if name not in CHARSET_DEFAULTS:
                raise errors.UNKNOWN_CHARACTER_SET(charset=name)
            collation = CHARSET_DEFAULTS[name]
        elif cursor.accept("COLLATE"):
            collation = cursor.name_or_string().lower()
            if collation not in COLLATIONS and collation != "binary":
                raise errors.UNKNOWN_COLLATION(collation=collation)
        elif cursor.accept("BINARY"):
            collation = collation.split("_")[0] + "_bin"
        elif cursor.accept("ASCII") or cursor.accept("UNICODE"):
            cursor.refuse("ASCII and UNICODE as column attributes")
        else:
            return collation, named
        named = True


def _string(name: str, cursor: Cursor, collation: str, column: str) -> SqlType:
    sizes = _sizes(cursor)
    if name == "VARCHAR" and not sizes:
        cursor.fail()
    length = sizes[0] if sizes else 1
    limit = 255 if name == "CHAR" else 16383
    if length > limit:
        raise errors.COLUMN_TOO_LONG(column=column, limit=limit)
    collation, _ = collation_attributes(cursor, collation)
    shown = f"{name.lower()}({length})"
    wire = ColumnType.STRING if name == "CHAR" else ColumnType.VAR_STRING
    if collation == "binary":
        return _bytes("BINARY" if name == "CHAR" else "VARBINARY", length)
    return SqlType(Kind.STRING, wire, shown, length, collation=collation)


def _bytes(name: str, length: int) -> SqlType:
    wire = ColumnType.STRING if name == "BINARY" else ColumnType.VAR_STRING
    return SqlType(Kind.BINARY, wire, f"{name.lower()}({length})", length, collation="binary")


def _labelled(name: str, cursor: Cursor, collation: str) -> SqlType:
    labels = _labels(cursor)
    collation, _ = collation_attributes(cursor, collation)
    quoted = ",".join("'" + label.replace("'", "''") + "'" for label in labels)
    longest = max(len(label) for label in labels)
    if name == "SET":
        longest = sum(len(label) + 1 for label in labels) - 1
        if len(labels) > 63:
            cursor.refuse("SET of 64 members")
    return SqlType(
        Kind.ENUM if name == "ENUM" else Kind.SET,
        ColumnType.STRING,
        f"{name.lower()}({quoted})",
        longest,
        labels=labels,
        collation=collation,
    )


def _fraction(cursor: Cursor) -> int:
    sizes = _sizes(cursor)
    if sizes and sizes[0] > 6:
        cursor.refuse("more than 6 fractional digits")
    return sizes[0] if sizes else 0


def read_type(cursor: Cursor, collation: str, column: str) -> SqlType:
    """The type that follows; raises 1064, or 1235 for one that is not kept here."""
    token = cursor.next()
    name = _INTEGER_ALIASES.get(token.word, token.word)
    if name in _INTEGERS:
        return _integer(name, cursor)
    match name:
        case "BOOL" | "BOOLEAN":
            return SqlType(Kind.INT, ColumnType.TINY, "tinyint(1)", 1, low=-128, high=127)
        case "DECIMAL" | "NUMERIC" | "DEC" | "FIXED":
            return _decimal(cursor)
        case "FLOAT" | "DOUBLE" | "REAL":
            return _real("DOUBLE" if name == "REAL" else name, cursor)
        case (
            "NATIONAL" | "NCHAR" | "NVARCHAR" | "LONG" | "SERIAL" | "GEOMETRY" | "POINT" | "VECTOR"
        ):
            cursor.refuse(name)
        case "CHAR" | "CHARACTER" | "VARCHAR" | "VARCHARACTER":
            varying = name.startswith("VAR") or cursor.accept("VARYING")
            return _string("VARCHAR" if varying else "CHAR", cursor, collation, column)
        case "BINARY" | "VARBINARY":
            sizes = _sizes(cursor)
            return _bytes(name, sizes[0] if sizes else 1)
        case "ENUM" | "SET":
            return _labelled(name, cursor, collation)
        case "DATE":
            return types.DATE
        case "DATETIME":
            return types.datetime(_fraction(cursor))
        case "TIMESTAMP":
            return types.timestamp(_fraction(cursor))
        case "TIME":
            return types.time(_fraction(cursor))
        case "YEAR":
            _sizes(cursor)
            return types.YEAR
        case "JSON":
            return types.JSON
        case "BIT":
            sizes = _sizes(cursor)
            bits = sizes[0] if sizes else 1
            return SqlType(Kind.BIT, ColumnType.BIT, f"bit({bits})", bits, unsigned=True)
    if name in _TEXT_SIZES:
        _sizes(cursor)
        collation, _ = collation_attributes(cursor, collation)
        return SqlType(
            Kind.STRING, ColumnType.BLOB, name.lower(), _TEXT_SIZES[name], collation=collation
        )
    if name in _BLOB_SIZES:
        _sizes(cursor)
        return SqlType(
            Kind.BINARY, ColumnType.BLOB, name.lower(), _BLOB_SIZES[name], collation="binary"
        )
    raise syntax_error(cursor.sql, token.start)
