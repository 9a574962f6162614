"""Golden plans: statements, and what the router makes of each, in files that people read.

A file of ``plans/`` has blocks with an empty line between them:

    # A comment.
    @ansi_quotes parameters=[5]
    SELECT * FROM orders WHERE user_id = ?
      shard 1: SELECT * FROM `orders_1` AS `orders` WHERE user_id = ?

The line with ``@`` is only there where the statement is read in another way than usual; ``\\n``
and ``\\t`` in a statement are a new line and a tab. Of several shards the text of the first is
shown, and none where it is what the client wrote; ``at home`` is what the server is asked that gets
what shards gave. ``!!`` is a refusal.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from athena_g.errors import SqlError
from athena_g.parser.text import Reading
from athena_g.router.explain import brought, text_at_home, text_on
from athena_g.router.route import Reach, Route
from athena_g.router.router import Router
from tests.unit.router import house

PLANS: Final = Path(__file__).parent / "plans"


@dataclass(frozen=True)
class Block:
    """A statement with its comments, how it is read, and what is to become of it."""

    file: str
    comments: tuple[str, ...]
    mode: str
    statement: str
    outcome: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.file}: {self.statement}"


def files() -> list[Path]:
    """The files with plans."""
    return sorted(PLANS.glob("*.txt"))


def blocks(file: Path) -> Iterator[Block]:
    """The blocks of a file."""
    for piece in file.read_text().split("\n\n"):
        lines = [line for line in piece.split("\n") if line]
        comments = tuple(line for line in lines if line.startswith("#"))
        mode = "".join(line for line in lines if line.startswith("@"))
        outcome = tuple(line for line in lines if line.startswith("  "))
        statement = [line for line in lines if not line.startswith(("#", "@", "  "))]
        if len(statement) > 1:
            raise ValueError(f"{file.name}: two statements in one block: {statement}")
        yield Block(file.stem, comments, mode, "".join(statement), outcome)


def outcome(router: Router, block: Block) -> tuple[str, ...]:
    """What becomes of a block's statement now."""
    settings: dict[str, Any] = {}
    for word in block.mode.lstrip("@").split():
        name, _, value = word.partition("=")
        settings[name] = literal_eval(value) if value else True
    parameters = settings.pop("parameters", ())
    reading = Reading(**settings)
    text = _plain(block.statement).encode(reading.codec)
    try:
        routed = router.route(text, reading, parameters)
    except SqlError as error:
        return (f"  !! {error.errno} {error.message}",)
    shown = text_on(routed, routed.route.shards[0] if routed.route.shards else 0)
    what = _reach(routed.route)
    first = f"  {what}" if shown == text else f"  {what}: " + _escaped(shown.decode(reading.codec))
    lines = [first]
    if routed.route.gathered is not None:
        lines = ["  " + _escaped(each.decode(reading.codec)) for each in brought(routed)]
    final = text_at_home(routed)
    if final is not None:
        lines.append("  at home: " + _escaped(final.decode(reading.codec)))
    return tuple(lines)


def _plain(line: str) -> str:
    return line.replace("\\n", "\n").replace("\\t", "\t")


def _escaped(text: str) -> str:
    return text.replace("\n", "\\n").replace("\t", "\\t")


def _reach(route: Route) -> str:
    if route.divided:
        return "divided, shards " + "; ".join(
            f"{shard} (rows {', '.join(map(str, rows))})" for shard, rows in route.divided.items()
        )
    if route.shards:
        word = "shard" if route.reach is Reach.ONE else "shards"
        return f"{word} {', '.join(map(str, route.shards))}"
    return route.reach.value


def written(block: Block, found: tuple[str, ...]) -> str:
    """A block as it stands in a file."""
    mode = (block.mode,) if block.mode else ()
    statement = (block.statement,) if block.statement else ()
    return "\n".join((*block.comments, *mode, *statement, *found))


def accept() -> None:
    """Write what becomes of each statement now into the files."""
    router = house.router()
    for file in files():
        pieces = [
            written(each, outcome(router, each) if each.statement else ()) for each in blocks(file)
        ]
        file.write_text("\n\n".join(pieces) + "\n")


if __name__ == "__main__":
    accept()
