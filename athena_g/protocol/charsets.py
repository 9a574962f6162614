"""Collation ids as clients and servers send them, and the Python codec of each character set.

A collation id on the wire stands for a character set and a collation. The ids are those of
``INFORMATION_SCHEMA.COLLATIONS`` in MySQL 5.7 to 9 and MariaDB 10 and 11. utf8mb3 goes by that
name also where a server still says utf8. Source: MySQL Reference Manual, "Character Sets and
Collations in MySQL" and "Connection Character Sets and Collations" (impermissible client
character sets).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Charset:
    """One character set; ``codec`` is None where Python has none for it.

    ``permitted_client`` is False for those MySQL refuses as ``character_set_client``. ``binary``
    has the codec latin_1, which gives each byte as one character and loses nothing.
    """

    name: str
    codec: str | None
    max_bytes: int = 1
    permitted_client: bool = True


@dataclass(frozen=True, slots=True)
class Collation:
    """One collation: its id, its name, and its character set's name, codec and width."""

    id: int
    name: str
    charset: str
    codec: str | None
    max_bytes: int = 1
    permitted_client: bool = True


_CHARSETS: Final = {
    entry.name: entry
    for entry in (
        Charset("armscii8", None),
        Charset("ascii", "ascii"),
        Charset("big5", "big5", 2),
        Charset("binary", "latin_1"),
        Charset("cp1250", "cp1250"),
        Charset("cp1251", "cp1251"),
        Charset("cp1256", "cp1256"),
        Charset("cp1257", "cp1257"),
        Charset("cp850", "cp850"),
        Charset("cp852", "cp852"),
        Charset("cp866", "cp866"),
        Charset("cp932", "cp932", 2),
        Charset("dec8", None),
        Charset("eucjpms", "euc_jp", 3),
        Charset("euckr", "cp949", 2),
        Charset("gb18030", "gb18030", 4),
        Charset("gb2312", "gb2312", 2),
        Charset("gbk", "gbk", 2),
        Charset("geostd8", None),
        Charset("greek", "iso8859_7"),
        Charset("hebrew", "iso8859_8"),
        Charset("hp8", "hp_roman8"),
        Charset("keybcs2", None),
        Charset("koi8r", "koi8_r"),
        Charset("koi8u", "koi8_u"),
        Charset("latin1", "cp1252"),
        Charset("latin2", "iso8859_2"),
        Charset("latin5", "iso8859_9"),
        Charset("latin7", "iso8859_13"),
        Charset("macce", "mac_latin2"),
        Charset("macroman", "mac_roman"),
        Charset("sjis", "shift_jis", 2),
        Charset("swe7", None),
        Charset("tis620", "tis_620"),
        Charset("ucs2", "utf_16_be", 2, permitted_client=False),
        Charset("ujis", "euc_jp", 3),
        Charset("utf16", "utf_16_be", 4, permitted_client=False),
        Charset("utf16le", "utf_16_le", 4, permitted_client=False),
        Charset("utf32", "utf_32_be", 4, permitted_client=False),
        Charset("utf8mb3", "utf_8", 3),
        Charset("utf8mb4", "utf_8", 4),
    )
}

# The default collation of each character set stands first, the binary one second.
_IDS: Final = {
    "armscii8": {32: "general_ci", 64: "bin"},
    "ascii": {11: "general_ci", 65: "bin"},
    "big5": {1: "chinese_ci", 84: "bin"},
    "cp1250": {26: "general_ci", 66: "bin", 34: "czech_cs", 44: "croatian_ci", 99: "polish_ci"},
    "cp1251": {
        51: "general_ci", 50: "bin", 14: "bulgarian_ci", 23: "ukrainian_ci", 52: "general_cs",
    },
    "cp1256": {57: "general_ci", 67: "bin"},
    "cp1257": {59: "general_ci", 58: "bin", 29: "lithuanian_ci"},
    "cp850": {4: "general_ci", 80: "bin"},
    "cp852": {40: "general_ci", 81: "bin"},
    "cp866": {36: "general_ci", 68: "bin"},
    "cp932": {95: "japanese_ci", 96: "bin"},
    "dec8": {3: "swedish_ci", 69: "bin"},
    "eucjpms": {97: "japanese_ci", 98: "bin"},
    "euckr": {19: "korean_ci", 85: "bin"},
    "gb18030": {248: "chinese_ci", 249: "bin", 250: "unicode_520_ci"},
    "gb2312": {24: "chinese_ci", 86: "bin"},
    "gbk": {28: "chinese_ci", 87: "bin"},
    "geostd8": {92: "general_ci", 93: "bin"},
    "greek": {25: "general_ci", 70: "bin"},
    "hebrew": {16: "general_ci", 71: "bin"},
    "hp8": {6: "english_ci", 72: "bin"},
    "keybcs2": {37: "general_ci", 73: "bin"},
    "koi8r": {7: "general_ci", 74: "bin"},
    "koi8u": {22: "general_ci", 75: "bin"},
    "latin1": {
        8: "swedish_ci", 47: "bin", 5: "german1_ci", 15: "danish_ci", 31: "german2_ci",
        48: "general_ci", 49: "general_cs", 94: "spanish_ci",
    },
    "latin2": {9: "general_ci", 77: "bin", 2: "czech_cs", 21: "hungarian_ci", 27: "croatian_ci"},
    "latin5": {30: "turkish_ci", 78: "bin"},
    "latin7": {41: "general_ci", 79: "bin", 20: "estonian_cs", 42: "general_cs"},
    "macce": {38: "general_ci", 43: "bin"},
    "macroman": {39: "general_ci", 53: "bin"},
    "sjis": {13: "japanese_ci", 88: "bin"},
    "swe7": {10: "swedish_ci", 82: "bin"},
    "tis620": {18: "thai_ci", 89: "bin"},
    "ucs2": {35: "general_ci", 90: "bin", 159: "general_mysql500_ci"},
    "ujis": {12: "japanese_ci", 91: "bin"},
    "utf16": {54: "general_ci", 55: "bin"},
    "utf16le": {56: "general_ci", 62: "bin"},
    "utf32": {60: "general_ci", 61: "bin"},
    "utf8mb3": {33: "general_ci", 83: "bin", 76: "tolower_ci", 223: "general_mysql500_ci"},
    "utf8mb4": {45: "general_ci", 46: "bin"},
}  # fmt: skip

_UCA_400: Final = (
    "unicode_ci", "icelandic_ci", "latvian_ci", "romanian_ci", "slovenian_ci", "polish_ci",
    "estonian_ci", "spanish_ci", "swedish_ci", "turkish_ci", "czech_ci", "danish_ci",
    "lithuanian_ci", "slovak_ci", "spanish2_ci", "roman_ci", "persian_ci", "esperanto_ci",
    "hungarian_ci", "sinhala_ci", "german2_ci", "croatian_ci", "unicode_520_ci", "vietnamese_ci",
)  # fmt: skip
_UCA_400_FIRST: Final = {"utf16": 101, "ucs2": 128, "utf32": 160, "utf8mb3": 192, "utf8mb4": 224}

_UCA_900: Final = (
    "", "de_pb", "is", "lv", "ro", "sl", "pl", "et", "es", "sv", "tr", "cs", "da", "lt", "sk",
    "es_trad", "la", None, "eo", "hu", "hr", None, "vi",
)  # fmt: skip
_UCA_900_LATER: Final = {
    303: "ja_0900_as_cs", 304: "ja_0900_as_cs_ks", 305: "0900_as_ci", 306: "ru_0900_ai_ci",
    307: "ru_0900_as_cs", 308: "zh_0900_as_cs", 309: "0900_bin", 310: "nb_0900_ai_ci",
    311: "nb_0900_as_cs", 312: "nn_0900_ai_ci", 313: "nn_0900_as_cs", 314: "sr_latn_0900_ai_ci",
    315: "sr_latn_0900_as_cs", 316: "bs_0900_ai_ci", 317: "bs_0900_as_cs", 318: "bg_0900_ai_ci",
    319: "bg_0900_as_cs", 320: "gl_0900_ai_ci", 321: "gl_0900_as_cs", 322: "mn_cyrl_0900_ai_ci",
    323: "mn_cyrl_0900_as_cs",
}  # fmt: skip

# MariaDB: its own tailorings; the PAD SPACE collation's id + 1024 does not pad.
_MARIADB_FIRST: Final = {"utf8mb3": 576, "utf8mb4": 608, "ucs2": 640, "utf16": 672, "utf32": 736}
_MARIADB_OWN: Final = ("croatian_ci", "myanmar_ci", "thai_520_w2")
_NOPAD: Final = 1024
_UCA_1400_FIRST: Final = {
    "utf8mb3": 2048, "utf8mb4": 2304, "ucs2": 2560, "utf16": 2816, "utf32": 3072,
}  # fmt: skip
_UCA_1400: Final = (
    "", "icelandic", "latvian", "romanian", "slovenian", "polish", "estonian", "spanish",
    "swedish", "turkish", "czech", "danish", "lithuanian", "slovak", "spanish2", "roman",
    "persian", "esperanto", "hungarian", "sinhala", "german2", None, None, "vietnamese", "croatian",
)  # fmt: skip


def _mysql_900() -> Iterator[tuple[int, str]]:
    for offset, language in enumerate(_UCA_900):
        if language is not None:
            prefix = f"{language}_" if language else ""
            yield 255 + offset, f"{prefix}0900_ai_ci"
            yield 278 + offset, f"{prefix}0900_as_cs"
    yield from _UCA_900_LATER.items()


def _mariadb_1400() -> Iterator[tuple[int, str]]:
    for number, language in enumerate(_UCA_1400):
        if language is None:
            continue
        prefix = f"uca1400_{language}_" if language else "uca1400_"
        for nopad in (0, 1):
            for offset, sensitivity in enumerate(("ai_ci", "ai_cs", "as_ci", "as_cs")):
                suffix = f"nopad_{sensitivity}" if nopad else sensitivity
                yield number * 8 + nopad * 4 + offset, prefix + suffix


def _all() -> Iterator[tuple[int, str, str]]:
    yield 63, "binary", ""
    for charset, ids in _IDS.items():
        for id_, suffix in ids.items():
            yield id_, charset, suffix
        if charset != "gb18030":
            (default, suffix), (binary, _) = list(ids.items())[:2]
            yield default + _NOPAD, charset, suffix.removesuffix("ci") + "nopad_ci"
            yield binary + _NOPAD, charset, "nopad_bin"
    for charset, first in _UCA_400_FIRST.items():
        for offset, suffix in enumerate(_UCA_400):
            yield first + offset, charset, suffix
        yield first + _NOPAD, charset, "unicode_nopad_ci"
        yield first + _NOPAD + 22, charset, "unicode_520_nopad_ci"
    for charset, first in _MARIADB_FIRST.items():
        for offset, suffix in enumerate(_MARIADB_OWN):
            yield first + offset, charset, suffix
    for id_, suffix in _mysql_900():
        yield id_, "utf8mb4", suffix
    for charset, first in _UCA_1400_FIRST.items():
        for offset, suffix in _mariadb_1400():
            yield first + offset, charset, suffix


def _collation(id_: int, charset: str, suffix: str) -> Collation:
    of = _CHARSETS[charset]
    name = f"{charset}_{suffix}" if suffix else charset
    return Collation(id_, name, charset, of.codec, of.max_bytes, of.permitted_client)


_COLLATIONS: Final = {entry[0]: _collation(*entry) for entry in _all()}
# MySQL's and MariaDB's Croatian collations differ in id and not in name: MySQL's is found by it.
_BY_NAME: Final = {_COLLATIONS[id_].name: _COLLATIONS[id_] for id_ in sorted(_COLLATIONS)[::-1]}


def collation(id_: int) -> Collation | None:
    """The collation of an id, None when it is not known here."""
    return _COLLATIONS.get(id_)


def collation_named(name: str) -> Collation | None:
    """The collation of a name in any case; ``utf8_…`` is read as ``utf8mb3_…``."""
    name = name.lower()
    if name.startswith("utf8_"):
        name = "utf8mb3_" + name[5:]
    return _BY_NAME.get(name)


def charset_named(name: str) -> Charset | None:
    """The character set of a name in any case; ``utf8`` is read as ``utf8mb3``."""
    name = name.lower()
    return _CHARSETS.get("utf8mb3" if name == "utf8" else name)


def codec_of(collation_id: int) -> str:
    """The Python codec of a collation id, UTF-8 when the id is not known or Python has none."""
    known = _COLLATIONS.get(collation_id)
    return known.codec if known is not None and known.codec is not None else "utf_8"
