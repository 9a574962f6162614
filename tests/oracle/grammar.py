"""Random scripts of several clients, whose answers do not depend on who is quicker.

A script is made of stories: a few statements of one client about one subject. Each client writes to
a table of its own; what others have committed it only reads.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from hypothesis import strategies as st

from .script import Script, Step

CLIENTS = ("a", "b", "c")
STATEMENTS = Path(__file__).parent / "statements.txt"


def _subjects() -> list[list[str]]:
    subjects: list[list[str]] = []
    for line in STATEMENTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            subjects.append([])
        elif line and not line.startswith("#"):
            subjects[-1].append(line)
    return subjects


_SUBJECTS = _subjects()


def _step(client: str, template: str, other: str) -> Step:
    return Step(client, template.replace("{own}", f"own_{client}").replace("{other}", other))


def _prepares(subject: list[str], client: str) -> list[str]:
    own = f"own_{client}"
    return [text.replace("{own}", own) for text in subject if text.startswith(".prepare")]


def _stories(client: str) -> st.SearchStrategy[list[Step]]:
    """What one client does about one subject, a few steps long."""
    others = st.sampled_from([f"own_{other}" for other in CLIENTS if other != client])

    def story(subject: list[str]) -> st.SearchStrategy[list[Step]]:
        step = st.builds(_step, st.just(client), st.sampled_from(subject), others)
        prepare = [Step(client, text) for text in _prepares(subject, client)]
        return st.lists(step, min_size=1, max_size=6).map(lambda steps: prepare + steps)

    return st.one_of(*map(story, _SUBJECTS))


def scripts() -> st.SearchStrategy[Script]:
    """Scripts of up to ten stories."""
    setup = [
        f"CREATE TABLE own_{client} (id INT AUTO_INCREMENT PRIMARY KEY, n INT)"
        for client in CLIENTS
    ]
    stories = st.lists(st.sampled_from(CLIENTS).flatmap(_stories), min_size=2, max_size=10)
    return stories.map(
        lambda told: Script("random", "random", setup=setup, steps=list(chain.from_iterable(told)))
    )
