"""Values as text and binary columns see them."""

from __future__ import annotations

from decimal import Decimal

from athena_g.router.collations import fold
from athena_g.router.key_types import Key, Undecidable


def string_comparand(key: Key, value: object) -> str:
    """The folded text of all that ``value`` equals under the key's collation."""
    return _folded(key, _text(key, value))


def string_stored(key: Key, value: object) -> str:
    """The folded text of what is in the column when ``value`` is stored there."""
    if isinstance(value, int):
        text = str(int(value))
    elif isinstance(value, Decimal) and value.is_finite():
        text = format(value, "f")
    else:
        text = _text(key, value)
    if key.length is not None and len(text) > key.length:
        raise Undecidable(f"a text has more than the {key.length} characters of the column")
    return _folded(key, text)


def _text(key: Key, value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        raise Undecidable(f"a {type(value).__name__} is compared with a text")
    try:
        return value.decode(key.codec)
    except UnicodeDecodeError:
        raise Undecidable("bytes are no text in the character set of the column") from None


def _folded(key: Key, text: str) -> str:
    folded = fold(key.collation, text)
    known = key.charset_and_collation
    if known and known.charset == "utf8mb3" and any(char > "\uffff" for char in text):
        raise Undecidable("the character set of the column has not all of a text")
    try:
        text.encode(key.codec)
        folded.encode(key.codec)
    except UnicodeEncodeError:
        raise Undecidable("the character set of the column has not all of a text") from None
    return folded


def binary_comparand(key: Key, value: object) -> bytes:
    """The bytes that equal ``value``, without zeros at the end: with those, BINARY is filled up."""
    return _bytes(value).rstrip(b"\0")


def binary_stored(key: Key, value: object) -> bytes:
    """What is in the column when ``value`` is stored there, without zeros at the end."""
    data = _bytes(value)
    if key.length is not None and len(data) > key.length:
        raise Undecidable(f"a value has more than the {key.length} bytes of the column")
    return data.rstrip(b"\0")


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str) and value.isascii():
        return value.encode("ascii")
    raise Undecidable(f"which bytes a {type(value).__name__} is depends on the character set")
