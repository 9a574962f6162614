"""Executable comments, which are text to servers of their version and kind.

Those that every server executes may be taken for white space around what they have. They are those
of a version that MySQL has had since long before 8.0, as dumps have them, and that MariaDB does not
take for MySQL's alone, as it does from 5.7 on.
Source: MySQL Reference Manual, "Comments"; MariaDB Knowledge Base, "Comment Syntax".
"""

from __future__ import annotations

import re

# With the line of a dump that is for its client, of a version that no server has reached.
_COMMENTS = re.compile(rb"(?:\s|/\*(?!M?!)(?s:.*?)\*/|/\*M!999999(?s:.*?)\*/|(?:--\s|#)[^\n]*\n)*")
_FOR_CLIENT = re.compile(rb"/\*M!999999(?s:.*?)\*/")
_ANY_MARK = re.compile(rb"/\*M?!(?:[0-9]{5,6})?(?![0-9])")
_MARKS = re.compile(rb"/\*!(?:[0-4][0-9]{2}|50[0-6])[0-9]{2}(?![0-9])")


def executed(text: bytes) -> bytes:
    """A text with spaces for the marks of such comments; as it is if it has others, too."""
    begin = text.find(b"/*!")
    if begin < 0:
        return text
    skipped = _COMMENTS.match(text)
    begin = 0 if skipped is None or skipped.end() != begin else begin
    head, text = text[:begin], text[begin:]
    marks = _MARKS.findall(text)
    if len(marks) != text.count(b"/*!") or text.count(b"*/") != len(marks):
        return head + text
    text = _MARKS.sub(_spaces, text).replace(b"*/", b"  ")
    return _FOR_CLIENT.sub(_spaces, head) + text


def _spaces(found: re.Match[bytes]) -> bytes:
    return b" " * len(found[0])


def unwrapped(packet: bytes, start: int) -> bytes:
    """The packet with the same for ``packet[start:]``, if that is one such comment, and no more."""
    found = _one_comment(packet, start)
    return packet if found is None else packet[:start] + executed(packet[start:])


def contents(packet: bytes, start: int) -> bytes | None:
    """The packet with spaces for the marks of one executable comment that all its text is.

    ``None``: it is not. Whether a server executes it is another question.
    """
    found = _one_comment(packet, start)
    if found is None:
        return None
    begin, end = found
    return packet[:start] + b" " * (begin - start) + packet[begin:end]


def _one_comment(packet: bytes, start: int) -> tuple[int, int] | None:
    """Where the contents of the only executable comment begin and end, if there is only that.

    Comments that no server executes may stand in front of it.
    """
    skipped = _COMMENTS.match(packet, start)
    mark = None if skipped is None else _ANY_MARK.match(packet, skipped.end())
    if mark is None:
        return None
    end = len(packet.rstrip(b"; \t\r\n")) - 2
    if packet.find(b"*/", mark.end()) != end or packet.find(b"/*", mark.end()) >= 0:
        return None
    return mark.end(), end
