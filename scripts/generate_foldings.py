"""Print athena_g/router/foldings.py, made from the WEIGHT_STRING of a MySQL and a MariaDB.

What is proven for the Unicode collations: each character of the table has, in each of them, a
sequence of weights from which what it is folded to can be computed weight by weight. So texts of
equal weights are folded to equal texts. That the weights of a text are those of its characters
one after another (no contractions) is tried for all pairs of characters but ideographs and
syllables, which no contraction begins or ends with.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from pymysql.connections import Connection

from athena_g.protocol.charsets import collation_named
from tests import servers

Weight = tuple[int, ...]
Weights = dict[str, list[Weight]]
Folding = dict[str, str]

UCA = {
    "mysql": ("utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "utf8mb4_0900_ai_ci"),
    "mariadb": ("utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "utf8mb4_uca1400_ai_ci"),
}
BLOCKS = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x482), (0x48A, 0x52F), (0x531, 0x587),
    (0x5D0, 0x5EA), (0x620, 0x64A), (0x660, 0x669), (0x1E00, 0x1FFF), (0x2010, 0x2027),
    (0x2030, 0x205E), (0x2070, 0x20BF), (0x2100, 0x218B), (0x3001, 0x3029), (0x3041, 0x3096),
    (0x30A1, 0x30FC), (0xFF01, 0xFF5E), (0xFF66, 0xFF9D),
)  # fmt: skip
"""Of scripts whose letters begin contractions with combining marks alone, which are not in here."""
MIDDLE_DOTS = "\u00b7\u0387"
"""They make a contraction with L in Unicode 14."""
IDEOGRAPHS = (0x4E00, 0x9FFF)
SYLLABLES = (0xAC00, 0xD7A3)


def characters(*blocks: tuple[int, int]) -> list[str]:
    return [chr(code) for first, last in blocks for code in range(first, last + 1)]


def small_characters() -> list[str]:
    return [
        each
        for each in characters(*BLOCKS)
        if unicodedata.category(each)[0] not in "MC" and each not in MIDDLE_DOTS
    ]


def weights(connection: Connection[Any], collation: str, wanted: Iterable[str]) -> Weights:
    """The weights of each character; none at all where the collation ignores it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c, WEIGHT_STRING(c COLLATE {collation}) FROM characters")
        found = {text: list(split(text, weight)) for text, weight in cursor}
    return {each: found[each] for each in wanted}


def split(text: str, weight: bytes) -> Iterator[Weight]:
    units = [int.from_bytes(weight[at : at + 2]) for at in range(0, len(weight), 2)]
    if SYLLABLES[0] <= ord(text) <= SYLLABLES[1]:
        yield tuple(units)
        return
    while units:
        length = 2 if units[0] >> 8 == 0xFB else 1  # an implicit weight has two
        yield tuple(units[:length])
        del units[:length]


def fill(connection: Connection[Any], wanted: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE characters (c VARBINARY(4), small BOOL)")
        small = set(small_characters())
        rows = [(each.encode(), each in small) for each in wanted]
        for at in range(0, len(rows), 5000):
            cursor.executemany("INSERT INTO characters VALUES (%s, %s)", rows[at : at + 5000])
        kind = "VARCHAR(1) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        cursor.execute(f"ALTER TABLE characters MODIFY c {kind}")


def folding_of(tables: list[Weights]) -> Folding:
    """What each character is folded to, of those that can be."""
    usable = {each for each in tables[0] if all(table[each] for table in tables)}
    while True:
        first = first_of_class(tables, usable)
        folding = expanded(tables, first)
        if folding.keys() == usable:
            prove(tables, folding)
            return folding
        several = {each for each in usable if any(len(table[each]) > 1 for table in tables)}
        wrong = usable - folding.keys()
        usable -= (wrong & several) or wrong


def first_of_class(tables: list[Weights], usable: set[str]) -> Folding:
    """For each character the first one that, over any collations, has the same single weight."""
    of = {each: {each} for each in usable}
    for table in tables:
        carriers: dict[Weight, str] = {}
        for each in usable:
            if len(table[each]) == 1:
                together = of[carriers.setdefault(table[each][0], each)]
                if together is not of[each]:
                    together |= of[each]
                    of.update(dict.fromkeys(of[each], together))
    firsts = {id(members): min(members, key=order) for members in of.values()}
    return {each: firsts[id(members)] for each, members in of.items()}


def order(character: str) -> tuple[bool, bool, str]:
    """Plain letters before others, and capitals before small ones."""
    return not character.isascii(), character.islower(), character


def expanded(tables: list[Weights], first: Folding) -> Folding:
    """What each character is folded to, where characters of several weights are several ones."""
    pending: dict[str, list[list[str | None]]] = {each: [] for each in set(first.values())}
    for table in tables:
        carriers = {table[each][0]: first[each] for each in first if len(table[each]) == 1}
        for each in first:
            if len(table[each]) > 1:
                pending[first[each]].append([carriers.get(weight) for weight in table[each]])
    known = {each: each for each, expansions in pending.items() if not expansions}
    progress = True
    while progress:
        ready = [
            each
            for each in pending.keys() - known.keys()
            if all(part in known for parts in pending[each] for part in parts)
        ]
        found = {
            each: {"".join(known[str(part)] for part in parts) for parts in pending[each]}
            for each in ready
        }
        new = {each: texts.pop() for each, texts in found.items() if len(texts) == 1}
        known.update(new)
        progress = bool(new)
    return {each: known[one] for each, one in first.items() if one in known}


def prove(tables: list[Weights], folding: Folding) -> None:
    """Fail unless what a character is folded to can be had from its weights one by one."""
    for table in tables:
        text_of: dict[Weight, str] = {}
        for each, folded in folding.items():
            if len(table[each]) == 1 and text_of.setdefault(table[each][0], folded) != folded:
                raise AssertionError(f"{each!r} has the weight of {text_of[table[each][0]]!r}")
        for each, folded in folding.items():
            if "".join(text_of.get(weight, "?!") for weight in table[each]) != folded:
                raise AssertionError(f"{each!r} is not {folded!r} in every collation")
        prove_syllables(table, folding)


def prove_syllables(table: Weights, folding: Folding) -> None:
    """Fail unless the weights of syllables, taken as one each, are nobody else's."""
    syllables = {each for each in characters(SYLLABLES) if each in folding}
    parts = {unit for each in syllables for weight in table[each] for unit in weight}
    others = {
        unit for each in folding.keys() - syllables for weight in table[each] for unit in weight
    }
    starts = {table[each][0][0] for each in syllables}
    rest = {unit for each in syllables for unit in table[each][0][1:]}
    shared = (parts & others) | (starts & rest)
    if shared and not implicit(parts):
        raise AssertionError("syllables cannot be told from what stands beside them")


def implicit(units: set[int]) -> bool:
    """Whether the weights are made of the code point, which no two characters share."""
    return all(unit >> 8 == 0xFB or unit & 0x8000 for unit in units)


def prove_pairs(connection: Connection[Any], collation: str, folding: Folding) -> None:
    """Fail if two characters beside each other have other weights than each by itself."""
    both = f"WEIGHT_STRING(CONCAT(a.c, b.c) COLLATE {collation})"
    each = f"CONCAT(WEIGHT_STRING(a.c COLLATE {collation}), WEIGHT_STRING(b.c COLLATE {collation}))"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.c, b.c FROM characters a JOIN characters b "
            f"ON a.small AND b.small WHERE {both} <> {each}"
        )
        broken = [pair for pair in cursor if set(pair) <= folding.keys()]
    if broken:
        raise AssertionError(f"{collation} has contractions: {broken[:20]}")


SIMPLE = {
    "utf8mb4_general_ci": [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000],
    "latin1_swedish_ci": bytes({*range(256)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252"),
}
"""Collations that give each character one weight, and the characters of their character sets."""


def simple_folding(connection: Connection[Any], collation: str) -> Folding:
    """For each character that whose code is its weight, so that they are in the right order."""
    known = collation_named(collation)
    assert known is not None
    codec = str(known.codec) if known.max_bytes == 1 else "utf_16_be"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {collation} (c VARCHAR(1) COLLATE {known.charset}_bin) "
            f"CHARSET {known.charset}"
        )
        rows = [(each,) for each in SIMPLE[collation]]
        cursor.executemany(f"INSERT INTO {collation} VALUES (%s)", rows)
        cursor.execute(f"SELECT c, WEIGHT_STRING(c COLLATE {collation}) FROM {collation}")
        found = {text: weight.decode(codec) for text, weight in cursor}
    return {each: found[each] for each in SIMPLE[collation]}


def safety_for_ascii(connection: Connection[Any]) -> dict[str, bool]:
    """Whether each collation calls texts of printable ASCII equal only if their case differs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE printable (c VARCHAR(1) CHARACTER SET ascii COLLATE ascii_bin)"
        )
        rows = [(each,) for each in characters((0x20, 0x7E))]
        cursor.executemany("INSERT INTO printable VALUES (%s)", rows)
        cursor.execute(
            "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS "
            "WHERE CHARACTER_SET_NAME IS NOT NULL AND COLLATION_NAME NOT LIKE '%bin%'"
        )
        names = cursor.fetchall()
    return {name: is_safe(connection, name, charset) for name, charset in names}


def is_safe(connection: Connection[Any], collation: str, charset: str) -> bool:
    if collation_named(collation) is None or charset in ("ucs2", "utf16", "utf16le", "utf32"):
        return False
    weight = f"HEX(WEIGHT_STRING(CONVERT({{}} USING {charset}) COLLATE {collation}))"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c, {weight.format('c')} FROM printable")
        found = dict(cursor.fetchall())
        cursor.execute(
            f"SELECT a.c, b.c, {weight.format('CONCAT(a.c, b.c)')} FROM printable a, printable b"
        )
        pairs = cursor.fetchall()
    upper: dict[str, str] = {}
    return (
        all(found.values())
        and len(set(map(len, found.values()))) == 1
        and all(upper.setdefault(of, each.upper()) == each.upper() for each, of in found.items())
        and all(both == found[first] + found[second] for first, second, both in pairs)
    )


def by_target(folding: Folding) -> dict[str, str]:
    """The characters that are folded to something else than themselves, by what that is."""
    members: defaultdict[str, str] = defaultdict(str)
    for each, folded in sorted(folding.items()):
        if each != folded:
            members[folded] += each
    return dict(sorted(members.items()))


def ranges(folding: Folding) -> list[tuple[int, int]]:
    """The first and the last code of each run of characters that are folded."""
    runs: list[tuple[int, int]] = []
    for code in sorted(map(ord, folding)):
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return runs


def print_folding(name: str, folding: Folding) -> None:
    print(f"\n{name}: Final = {{")
    for folded, members in by_target(folding).items():
        lines = [ascii(members[at : at + 12]) for at in range(0, len(members), 12)]
        print(f"    {folded!a}: {lines[0]}", *lines[1:], sep="\n        ", end=",\n")
    print(f"}}\n{name}_DECIDED: Final = (")
    print_packed(f"(0x{first:04X}, 0x{last:04X})" for first, last in ranges(folding))
    print(")")


def print_packed(entries: Iterable[str]) -> None:
    text = ", ".join(entries) + ","
    print(textwrap.fill(text, 98, initial_indent="    ", subsequent_indent="    "))


HEAD = '''"""Which characters collations call equal. Generated by scripts/generate-foldings.

A folding has, by what they are folded to, the characters that are folded to something else than
themselves; its twin has ranges of all that are decided, the others of which stay as they are.
``ASCII_SAFE`` has collations under which texts of printable ASCII are equal only if they differ in
nothing but case and trailing spaces.
"""

from __future__ import annotations

from typing import Final

# fmt: off'''


def main() -> None:
    wanted = sorted({*small_characters(), *characters(IDEOGRAPHS, SYLLABLES)})
    started = {kind: servers.start(kind) for kind in ("mysql", "mariadb")}
    open_ = {kind: server.connect(charset="utf8mb4") for kind, server in started.items()}
    tables = []
    for kind, collations in UCA.items():
        fill(open_[kind], wanted)
        tables += [weights(open_[kind], collation, wanted) for collation in collations]
    folding = folding_of(tables)
    for kind, collations in UCA.items():
        for collation in collations:
            prove_pairs(open_[kind], collation, folding)
    print(HEAD)
    print_folding("UNICODE", folding)
    for name, collation in (("GENERAL", "utf8mb4_general_ci"), ("SWEDISH", "latin1_swedish_ci")):
        simple, other = (simple_folding(connection, collation) for connection in open_.values())
        if simple != other:
            raise AssertionError(f"{collation} is not the same on both servers")
        print_folding(name, simple)
    mysql, mariadb = map(safety_for_ascii, open_.values())
    both = {name for name in mysql | mariadb if mysql.get(name, True) and mariadb.get(name, True)}
    print("\nASCII_SAFE: Final = frozenset((")
    print_packed(f'"{name}"' for name in sorted(both))
    print("))")


if __name__ == "__main__":
    main()
