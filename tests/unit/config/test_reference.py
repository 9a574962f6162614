from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from athena_g.config import load
from athena_g.config.reference import render_reference
from athena_g.config.schema import keys, tables
from athena_g.config.settings import Settings

from .samples import Bench

CONF = Path(__file__).resolve().parents[3] / "conf"


def uncommented() -> str:
    return re.sub(r"^#(?=[^ \n])", "", render_reference(), flags=re.MULTILINE)


def test_the_reference_in_the_repository_is_up_to_date() -> None:
    assert (CONF / "reference.toml").read_text(encoding="utf-8") == render_reference()


def test_the_command_prints_the_reference_without_a_warning() -> None:
    command = [sys.executable, "-W", "error", "-m", "athena_g.config.reference"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout == render_reference()


def test_the_reference_as_it_is_sets_nothing() -> None:
    assert tomllib.loads(render_reference()) == {}


def test_the_examples_of_the_reference_are_a_valid_configuration(bench: Bench) -> None:
    for name in ("server.pem", "server-key.pem", "ca.pem"):
        bench.write(name)
    settings = bench.load(uncommented())
    assert settings.groups[0].sharding_rules[0].shard_count == 4


def test_the_reference_has_every_table_and_every_key() -> None:
    lines = render_reference().splitlines()
    assert len([line for line in lines if line.startswith("# --- [")]) == 14
    for _, model in tables(Settings):
        for key in keys(model).values():
            if key.table is None:
                assert any(f"{key.name} = " in line for line in lines), key.name


def test_the_reference_shows_the_defaults_that_hold(bench: Bench) -> None:
    examples = tomllib.loads(uncommented())
    defaults = bench.load().model_dump(mode="json")
    for table in ("pool", "health", "metrics", "log", "embedded"):
        assert examples[table] == defaults[table]


def test_the_configuration_to_begin_with_is_one_that_this_version_can_follow() -> None:
    settings = load(CONF / "athena.toml", {})
    [group] = settings.groups
    assert (settings.server.listen_addr, settings.server.listen_port) == ("127.0.0.1", 3307)
    assert (group.name, group.user, group.home.name) == ("athena", "athena", "home")
    assert group.password.get_secret_value() == "athena"
    assert group.home.embedded


def test_the_example_of_a_server_of_ones_own_is_valid(bench: Bench) -> None:
    text = (CONF / "athena.toml").read_text(encoding="utf-8")
    example = text[text.index("# [[groups]]") :].replace("\n# ", "\n").replace("\n#\n", "\n\n")
    (bench.directory / "secrets").mkdir()
    bench.write("secrets/shop-client", "x")
    settings = bench.load(example[2:], {"SHOP_SERVER_PASSWORD": "y"}, check_support=True)
    assert settings.groups[0].home.instances[0].address == "10.0.0.11:3306"
