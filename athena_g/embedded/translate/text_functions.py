"""Functions of texts and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g.embedded import types
from athena_g.embedded.collation import is_case_sensitive
from athena_g.embedded.translate.signatures import (
    INTEGER,
    LONG_TEXT,
    Builder,
    Function,
    native,
    refuse_bytes,
    same_length,
    total_length,
)
from athena_g.embedded.translate.values import (
    Sql,
    boolean,
    common_collation,
    compare,
    to_binary,
    to_integer,
    to_text,
)
from athena_g.embedded.types import Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _strcmp(translator: Expressions, values: list[Sql]) -> Sql:
    left, right = to_text(values[0]), to_text(values[1])
    less, equal = compare(left, "<", right).text, compare(left, "=", right).text
    return Sql(f"(CASE WHEN {equal} THEN 0 WHEN {less} THEN -1 ELSE 1 END)", types.BOOLEAN)


def _field(translator: Expressions, values: list[Sql]) -> Sql:
    tests = " ".join(
        f"WHEN {compare(values[0], '=', value).text} THEN {index}"
        for index, value in enumerate(values[1:], 1)
    )
    return Sql(f"(CASE {tests} ELSE 0 END)", INTEGER, nullable=False)


def _concat(translator: Expressions, values: list[Sql]) -> Sql:
    if any(value.kind is Kind.BINARY for value in values):
        joined = ", ".join(to_binary(value).text for value in values)
        return Sql(
            f"my_concat_bytes({joined})", types.varbinary(sum(v.type.length for v in values))
        )
    held = [to_text(value) for value in values]
    collation, level = common_collation(held)
    result = total_length(held).with_collation(collation)
    text = "(" + " || ".join(value.text for value in held) + ")"
    return Sql(text, result, any(v.nullable for v in held), coercibility=level)


def _length(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"length({to_binary(values[0]).text})", INTEGER, values[0].nullable)


def _char_length(translator: Expressions, values: list[Sql]) -> Sql:
    value = values[0] if values[0].kind is Kind.BINARY else to_text(values[0])
    return Sql(f"my_char_length({value.text})", INTEGER, value.nullable)


def _collation(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"'{_collation_of(values[0])}'", types.varchar(64), nullable=False)


def _charset(translator: Expressions, values: list[Sql]) -> Sql:
    charset = _collation_of(values[0]).partition("_")[0]
    return Sql(f"'{charset}'", types.varchar(64), nullable=False)


def _collation_of(value: Sql) -> str:
    return value.type.collation or "binary" if value.kind is Kind.STRING else "binary"


def _replace(translator: Expressions, values: list[Sql]) -> Sql:
    refuse_bytes("my_replace", values)
    held = [to_text(value) for value in values]
    text = f"my_replace({', '.join(value.text for value in held)})"
    collation, level = common_collation(held)
    return Sql(text, total_length(held).with_collation(collation), coercibility=level)


def _located(order: tuple[int, int]) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        needle, haystack = to_text(values[order[0]]), to_text(values[order[1]])
        start = to_integer(values[2]).text if len(values) > 2 else "1"
        exact = int(is_case_sensitive(common_collation((needle, haystack))[0]))
        text = f"my_locate({needle.text}, {haystack.text}, {start}, {exact})"
        return Sql(text, INTEGER, needle.nullable or haystack.nullable)

    return build


def _find_in_set(translator: Expressions, values: list[Sql]) -> Sql:
    needle, listed = to_text(values[0]), to_text(values[1])
    exact = int(is_case_sensitive(common_collation((needle, listed))[0]))
    return Sql(f"my_find_in_set({needle.text}, {listed.text}, {exact})", INTEGER)


def _hex(translator: Expressions, values: list[Sql]) -> Sql:
    value = values[0]
    if value.type.is_numeric:
        return Sql(f"my_hex_number({to_integer(value).text})", types.varchar(16), value.nullable)
    data = to_binary(value)
    return Sql(f"my_hex({data.text})", types.varchar(data.type.length * 2), value.nullable)


def _regexp_like(translator: Expressions, values: list[Sql]) -> Sql:
    held = [to_text(value) for value in values]
    exact = int(is_case_sensitive(common_collation(held[:2])[0]))
    return boolean(f"my_regexp({held[0].text}, {held[1].text}, {exact})", *held)


TEXT_FUNCTIONS: dict[str, Function] = {
    "CONCAT": Function(1, 250, _concat),
    "CONCAT_WS": native("my_concat_ws", "ss*", total_length, low=2),
    "LENGTH": Function(1, 1, _length),
    "COLLATION": Function(1, 1, _collation),
    "CHARSET": Function(1, 1, _charset),
    "OCTET_LENGTH": Function(1, 1, _length),
    "BIT_LENGTH": native("my_bit_length", "b", INTEGER),
    "CHAR_LENGTH": Function(1, 1, _char_length),
    "CHARACTER_LENGTH": Function(1, 1, _char_length),
    "UPPER": native("my_upper", "s", same_length),
    "UCASE": native("my_upper", "s", same_length),
    "LOWER": native("my_lower", "s", same_length),
    "LCASE": native("my_lower", "s", same_length),
    "SUBSTRING": native("my_substring", "sii", same_length, low=2),
    "SUBSTR": native("my_substring", "sii", same_length, low=2),
    "MID": native("my_substring", "sii", same_length, low=2),
    "SUBSTRING_INDEX": native("my_substring_index", "ssi", same_length),
    "LEFT": native("my_left", "si", same_length),
    "RIGHT": native("my_right", "si", same_length),
    "LTRIM": native("my_ltrim", "s", same_length),
    "RTRIM": native("my_rtrim", "s", same_length),
    "LPAD": native("my_lpad", "sis", LONG_TEXT),
    "RPAD": native("my_rpad", "sis", LONG_TEXT),
    "REPLACE": Function(3, 3, _replace),
    "REVERSE": native("my_reverse", "s", same_length),
    "REPEAT": native("my_repeat", "si", LONG_TEXT),
    "SPACE": native("my_space", "i", LONG_TEXT),
    "INSERT": native("my_insert", "siis", total_length),
    "LOCATE": Function(2, 3, _located((0, 1))),
    "INSTR": Function(2, 2, _located((1, 0))),
    "FIND_IN_SET": Function(2, 2, _find_in_set),
    "FIELD": Function(2, 250, _field),
    "ELT": native("my_elt", "is*", LONG_TEXT, low=2),
    "ASCII": native("my_ascii", "b", INTEGER),
    "ORD": native("my_ord", "s", INTEGER),
    "STRCMP": Function(2, 2, _strcmp),
    "HEX": Function(1, 1, _hex),
    "UNHEX": native("my_unhex", "s", types.varbinary(255)),
    "BIN": native("my_bin", "i", types.varchar(64)),
    "OCT": native("my_oct", "i", types.varchar(64)),
    "CONV": native("my_conv", "sii", types.varchar(64)),
    "FORMAT": native("my_format", "xi", types.varchar(64)),
    "MD5": native("my_md5", "b", types.varchar(32)),
    "SHA1": native("my_sha1", "b", types.varchar(40)),
    "SHA": native("my_sha1", "b", types.varchar(40)),
    "SHA2": native("my_sha2", "bi", types.varchar(128)),
    "CRC32": native("my_crc32", "b", types.BIGINT_UNSIGNED),
    "TO_BASE64": native("my_to_base64", "b", LONG_TEXT),
    "FROM_BASE64": native("my_from_base64", "s", types.varbinary(2**16)),
    "QUOTE": native("my_quote", "s", LONG_TEXT),
    "REGEXP_LIKE": Function(2, 2, _regexp_like),
    "REGEXP_REPLACE": native("my_regexp_replace", "sss", LONG_TEXT),
    "REGEXP_SUBSTR": native("my_regexp_substr", "ss", LONG_TEXT),
    "UUID": native("my_uuid", "", types.varchar(36), nullable=False),
    "BIN_TO_UUID": native("my_bin_to_uuid", "b", types.varchar(36)),
    "UUID_TO_BIN": native("my_uuid_to_bin", "s", types.varbinary(16)),
    "INET_ATON": native("my_inet_aton", "s", types.BIGINT_UNSIGNED),
    "INET_NTOA": native("my_inet_ntoa", "i", types.varchar(31)),
}
