"""Texts and bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from athena_g import errors
from athena_g.embedded.collation import fold, sort_key
from athena_g.embedded.native import enum_label, set_labels
from athena_g.embedded.runtime.registry import scalar


@lru_cache(maxsize=512)
def _labels(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@scalar("my_enum", 2)
def enum_text(value: int, labels: str) -> str:
    return enum_label(value, _labels(labels))


@scalar("my_set", 2)
def set_text(value: int, labels: str) -> str:
    return set_labels(value, _labels(labels))


@lru_cache(maxsize=2048)
def _like_pattern(pattern: str, escape: str, exact: int) -> re.Pattern[str]:
    parts, index = [], 0
    while index < len(pattern):
        character = pattern[index]
        if character == escape and index + 1 < len(pattern):
            index += 1
            parts.append(re.escape(pattern[index] if exact else fold(pattern[index])))
        elif character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        else:
            parts.append(re.escape(character if exact else fold(character)))
        index += 1
    return re.compile("".join(parts), re.DOTALL)


@scalar("my_like", 4)
def like(value: str, pattern: str, escape: str, exact: int) -> int:
    found = _like_pattern(pattern, escape, exact).fullmatch(value if exact else fold(value))
    return int(found is not None)


@lru_cache(maxsize=512)
def _regexp(pattern: str, flags: int) -> re.Pattern[str]:
    if not pattern:
        raise errors.INVALID_REGEXP()
    for name, plain in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", plain)
    try:
        return re.compile(pattern, flags)
    except re.error:
        raise errors.INVALID_REGEXP() from None


_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s", "upper": "A-Z",
    "lower": "a-z", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "blank": r" \t",
}  # fmt: skip


@scalar("my_regexp", 3)
def regexp(value: str, pattern: str, exact: int) -> int:
    return int(_regexp(pattern, 0 if exact else re.IGNORECASE).search(value) is not None)


@scalar("my_regexp_replace", 3)
def regexp_replace(value: str, pattern: str, replacement: str) -> str:
    python = re.sub(r"\$(\d)", r"\\\1", replacement.replace("\\", "\\\\"))
    return _regexp(pattern, re.IGNORECASE).sub(python, value)


@scalar("my_regexp_substr", 2)
def regexp_substr(value: str, pattern: str) -> str | None:
    found = _regexp(pattern, re.IGNORECASE).search(value)
    return found[0] if found else None


@scalar("my_upper", 1)
def upper(text: str) -> str:
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


@scalar("my_lower", 1)
def lower(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


@scalar("my_char_length", 1)
def char_length(value: str | bytes) -> int:
    return len(value)


@scalar("my_bit_length", 1)
def bit_length(value: bytes) -> int:
    return len(value) * 8


@scalar("my_concat_ws", nulls=True)
def concat_ws(separator: str | None, *parts: str | None) -> str | None:
    if separator is None:
        return None
    return separator.join(part for part in parts if part is not None)


@scalar("my_concat_bytes")
def concat_bytes(*parts: bytes) -> bytes:
    return b"".join(parts)


@scalar("my_substring")
def substring(text: str, start: int, length: int | None = None) -> str:
    if start == 0 or (start < 0 and -start > len(text)):
        return ""
    first = start - 1 if start > 0 else len(text) + start
    return text[first:] if length is None else text[first : first + max(length, 0)]


@scalar("my_substring_index", 3)
def substring_index(text: str, delimiter: str, count: int) -> str:
    if not delimiter or not count:
        return ""
    parts = text.split(delimiter)
    return delimiter.join(parts[:count] if count > 0 else parts[count:])


@scalar("my_left", 2)
def left(text: str, length: int) -> str:
    return text[: max(length, 0)]


@scalar("my_right", 2)
def right(text: str, length: int) -> str:
    return text[-length:] if length > 0 else ""


@scalar("my_ltrim", 1)
def ltrim(text: str) -> str:
    return text.lstrip(" ")


@scalar("my_rtrim", 1)
def rtrim(text: str) -> str:
    return text.rstrip(" ")


@scalar("my_trim", 3)
def trim(text: str, what: str, side: str) -> str:
    if not what:
        return text
    while side != "TRAILING" and text.startswith(what):
        text = text[len(what) :]
    while side != "LEADING" and text.endswith(what):
        text = text[: -len(what)]
    return text


def _padding(text: str, length: int, pad: str) -> str | None:
    missing = length - len(text)
    if length < 0 or (missing > 0 and not pad):
        return None if length < 0 else ""
    return (pad * (missing // len(pad) + 1))[:missing] if missing > 0 else ""


@scalar("my_lpad", 3)
def lpad(text: str, length: int, pad: str) -> str | None:
    padding = _padding(text, length, pad)
    if padding is None:
        return None
    return (padding + text)[:length] if padding or len(text) >= length else ""


@scalar("my_rpad", 3)
def rpad(text: str, length: int, pad: str) -> str | None:
    padding = _padding(text, length, pad)
    if padding is None:
        return None
    return (text + padding)[:length] if padding or len(text) >= length else ""


@scalar("my_replace", 3)
def replace(text: str, what: str, by: str) -> str:
    return text.replace(what, by) if what else text


@scalar("my_reverse", 1)
def reverse(text: str) -> str:
    return text[::-1]


def _limited(length: int) -> None:
    if length > 64 * 1024 * 1024:
        raise errors.NOT_SUPPORTED_YET(construct="a text above max_allowed_packet")


@scalar("my_repeat", 2)
def repeat(text: str, count: int) -> str:
    _limited(len(text) * count)
    return text * max(count, 0)


@scalar("my_space", 1)
def space(count: int) -> str:
    _limited(count)
    return " " * max(count, 0)


@scalar("my_insert", 4)
def insert(text: str, start: int, length: int, new: str) -> str:
    if not 1 <= start <= len(text):
        return text
    end = len(text) if length < 0 else start - 1 + length
    return text[: start - 1] + new + text[end:]


@scalar("my_locate", 4)
def locate(needle: str, haystack: str, start: int, exact: int) -> int:
    if start < 1:
        return 0
    if not exact and not (needle.isascii() and haystack.isascii()):
        wanted = sort_key(needle)
        for first in range(start - 1, len(haystack) - len(needle) + 1):
            if sort_key(haystack[first : first + len(needle)]) == wanted:
                return first + 1
        return 0
    if not exact:
        needle, haystack = needle.lower(), haystack.lower()
    return haystack.find(needle, start - 1) + 1


@scalar("my_find_in_set", 3)
def find_in_set(needle: str, listed: str, exact: int) -> int:
    items = listed.split(",") if listed else []
    if not exact:
        needle, items = sort_key(needle), [sort_key(item) for item in items]
    return items.index(needle) + 1 if needle in items else 0


@scalar("my_elt", nulls=True)
def elt(index: int | None, *values: str | None) -> str | None:
    return values[index - 1] if index and 1 <= index <= len(values) else None


@scalar("my_ascii", 1)
def ascii_code(data: bytes) -> int:
    return data[0] if data else 0


@scalar("my_ord", 1)
def ord_code(text: str) -> int:
    return int.from_bytes(text[:1].encode(), "big")


@scalar("my_char", nulls=True)
def char(*codes: int | None) -> bytes:
    parts = [code % 2**32 for code in codes if code is not None]
    return b"".join(code.to_bytes(max((code.bit_length() + 7) // 8, 1), "big") for code in parts)


@scalar("my_char_text", nulls=True)
def char_text(*codes: int | None) -> str | None:
    try:
        return char(*codes).decode()
    except UnicodeDecodeError:
        return None


@scalar("my_hex", 1)
def hex_text(data: bytes) -> str:
    return data.hex().upper()


@scalar("my_unhex", 1)
def unhex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
    except ValueError:
        return None


@scalar("my_md5", 1)
def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@scalar("my_sha1", 1)
def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


@scalar("my_sha2", 2)
def sha2(data: bytes, size: int) -> str | None:
    if size not in (0, 224, 256, 384, 512):
        return None
    return hashlib.new(f"sha{size or 256}", data).hexdigest()


@scalar("my_to_base64", 1)
def to_base64(data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return "\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))


@scalar("my_from_base64", 1)
def from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return None


@scalar("my_quote", 1, nulls=True)
def quote(text: str | None) -> str:
    if text is None:
        return "NULL"
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\0", "\\0"), ("\x1a", "\\Z")):
        text = text.replace(plain, escaped)
    return f"'{text}'"


@scalar("my_binary", 2)
def binary(data: bytes, length: int) -> bytes:
    return data[:length].ljust(length, b"\0")


@scalar("my_bin_to_uuid", 1)
def bin_to_uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=data))


@scalar("my_uuid_to_bin", 1)
def uuid_to_bin(text: str) -> bytes:
    return uuid.UUID(text).bytes


@scalar("my_inet_aton", 1)
def inet_aton(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return None
    return int.from_bytes(bytes(int(part) for part in parts), "big")


@scalar("my_inet_ntoa", 1)
def inet_ntoa(value: int) -> str | None:
    if not 0 <= value < 2**32:
        return None
    return ".".join(str(byte) for byte in value.to_bytes(4, "big"))


@scalar("my_tuple")
def tuple_key(*values: Any) -> str:
    """One value that is equal exactly where all of these are."""
    return json.dumps([v.hex() if isinstance(v, bytes) else v for v in values])


@scalar("my_collation_key", 2)
def collation_key(text: str, collation: str) -> str:
    """What is equal where the collation holds two texts equal."""
    if collation.endswith(("_bin", "_cs")):
        return text
    return sort_key(text if "0900" in collation else text.rstrip(" "))


@scalar("my_join", 3)
def join(listed: str, separator: str, limit: int) -> str:
    """The texts of a list joined, cut to so many bytes (group_concat_max_len)."""
    parts: Sequence[str] = json.loads(listed)
    joined = separator.join(parts)
    if len(joined) * 4 <= limit:
        return joined
    return joined.encode()[:limit].decode("utf-8", "ignore")


@scalar("my_single", 2, nulls=True)
def single(value: Any, count: int) -> Any:
    """The value of a subquery; raises 1242 if there were several."""
    if count > 1:
        raise errors.SUBQUERY_NO_1_ROW()
    return value
