"""Statements that are made of parts of a client's: what shards give, and what is made of it.

The parts are the client's own text, with its literals and parameters, and whatever has to be
written differently within them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

from athena_g.parser.statement import Span
from athena_g.router.rewrite import Edit, Template


@dataclass(frozen=True, slots=True)
class Original:
    """The text that parts are taken of: its literals' places, what is written differently in it.

    ``marks`` are the places of its parameters.
    """

    text: bytes
    literals: Sequence[tuple[int, int]]
    edits: Sequence[Edit]
    marks: Sequence[int]

    def with_edits(self, edits: Sequence[Edit]) -> Original:
        """The same with other things written differently."""
        return Original(self.text, self.literals, edits, self.marks)


Piece = Union[bytes, Span, "Composed"]
"""A text, a part of the original, or what is made of another one's parts."""


class Composed:
    """A statement made of pieces; ``parameters`` are the original's that it has, in its order."""

    def __init__(self, original: Original, pieces: Sequence[Piece]) -> None:
        self._parts = [_part(original, each) if isinstance(each, Span) else each for each in pieces]
        self.parameters: list[int] = []
        for each in pieces:
            if isinstance(each, Composed):
                self.parameters += each.parameters
            elif isinstance(each, Span):
                self.parameters += _parameters(original, each)

    def render(self, shard: int, literals: Sequence[bytes]) -> bytes:
        """The text for a shard; ``literals`` are all of the original."""
        return b"".join(self._rendered(shard, literals))

    def _rendered(self, shard: int, literals: Sequence[bytes]) -> Iterator[bytes]:
        for each in self._parts:
            if isinstance(each, bytes):
                yield each
            elif isinstance(each, Composed):
                yield each.render(shard, literals)
            else:
                template, numbers = each
                yield template.render(shard, [literals[number] for number in numbers])


def _part(original: Original, span: Span) -> tuple[Template, list[int]]:
    """What is between two places, and which literals are in it.

    What is written differently is not cut in two; of literals those that are within it are gone.
    """
    edits = [
        Edit(Span(edit.span.start - span.start, edit.span.end - span.start), edit.written)
        for edit in original.edits
        if span.start <= edit.span.start
        and edit.span.end <= span.end
        and not edit.span.start == edit.span.end == span.start  # it is put behind what is before
    ]
    gone = [edit.span for edit in edits]
    literals, numbers = [], []
    for number, (start, end) in enumerate(original.literals):
        place = (start - span.start, end - span.start)
        if span.start <= start and end <= span.end and not _is_within(place, gone):
            literals.append(place)
            numbers.append(number)
    return Template(original.text[span.start : span.end], literals, edits), numbers


def _parameters(original: Original, span: Span) -> Iterator[int]:
    """The parameters at a place, but for those that something else is written in place of."""
    gone = [edit.span for edit in original.edits]
    first, end = (bisect_left(original.marks, place) for place in span)
    for number in range(first, end):
        mark = original.marks[number]
        if not _is_within((mark, mark + 1), gone):
            yield number


def _is_within(place: tuple[int, int], spans: Sequence[Span]) -> bool:
    return any(span.start <= place[0] and place[1] <= span.end for span in spans)
