"""The reference of all keys, written from the models: ``conf/reference.toml``.

``python -m athena_g.config.reference > conf/reference.toml`` brings that file up to date.
"""

from __future__ import annotations

import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from athena_g.config.problems import Location, key_path
from athena_g.config.schema import Key, Model, heading, keys, tables
from athena_g.config.settings import Settings
from athena_g.config.support import NOT_YET
from athena_g.config.values import DefaultText, InsteadOf

_WIDTH = 96
_PREAMBLE = (
    "Every key of the configuration of athena-g: what it means, what may be written, and what "
    "holds when it is not written.",
    "This file is generated (python -m athena_g.config.reference). It is not meant to be used as "
    "it is: begin with athena.toml beside it, and take over what you need. To do so remove the # "
    "in front of a line that has no space after it.",
    "Every key can also be set by an environment variable: ATHENA_SERVER__LISTEN_PORT is "
    "listen_port in [server], and ATHENA_GROUPS__0__PASSWORD is password in the first [[groups]]. "
    "In any text, ${NAME} is replaced by the environment variable NAME; $${ stands for ${ itself. "
    "More is said in docs/configuration.md.",
)


def render_reference() -> str:
    """The text of ``conf/reference.toml``: TOML in which everything is a comment.

    What is to be uncommented has no space after its ``#``.
    """
    parts = ["\n#\n".join(_prose(text) for text in _PREAMBLE)]
    parts += [_table(location, model) for location, model in tables(Settings)]
    return "\n\n\n".join(parts) + "\n"


def _table(location: Location, model: Model) -> str:
    opening = heading(Settings, location)
    title = f"# --- {opening} ".ljust(_WIDTH, "-")
    about = [inspect.getdoc(model) or "", *_not_yet(location)]
    head = "\n".join((title, _prose(" ".join(about)), f"#{opening}"))
    return "\n\n".join((head, *_keys(location, model)))


def _keys(location: Location, model: Model) -> Iterator[str]:
    for key in keys(model).values():
        if key.table is None:
            yield _key((*location, key.name), key)


def _key(location: Location, key: Key) -> str:
    instead = key.mark(InsteadOf)
    example = f"{key.name} = {_toml(_example(key))}"
    facts = [_capital(key.wanted), *_default(key), *_not_yet(location)]
    if instead:
        facts.append(f"Instead of {instead.key}: {example}")
    lines = [_prose(key.field.description or ""), _prose(" ".join(facts))]
    return "\n".join(lines if instead else [*lines, f"#{example}"])


def _default(key: Key) -> Iterator[str]:
    told = key.mark(DefaultText)
    if told:
        yield told.text
    elif key.field.is_required():
        yield "Required."
    elif key.field.default is not None:
        yield f"Default: {_toml(key.field.default)}."


def _not_yet(location: Location) -> Iterator[str]:
    for missing in NOT_YET:
        if missing.about == key_path(location):
            yield f"Not supported yet: {missing.what}."


def _example(key: Key) -> Any:
    examples = key.field.examples
    return examples[0] if examples else key.field.default


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _prose(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2))


if __name__ == "__main__":
    sys.stdout.write(render_reference())
