from __future__ import annotations

import pytest

from athena_g.config import ConfigError, load
from athena_g.config.schema import find
from athena_g.config.settings import Settings
from athena_g.config.support import NOT_YET

from .samples import EMBEDDED, INSTANCE, ON_A_SERVER, Bench

HOME = "groups[0].db_groups[0]"
LIMITER = "[groups.db_groups.instances.limiter]\n"
RULE = '[[groups.sharding_rules]]\nname = "r"\ntable_pattern = "t"\nshard_column = "c"\n'
ONE_SHARD = "shard_count = 1\n"

UNSUPPORTED = {
    "health": (f"[health]\nenabled = true\n{EMBEDDED}", "health.enabled"),
    "a key of health": (f"[health]\nfailure_threshold = 5\n{EMBEDDED}", "health.failure_threshold"),
    "metrics": (f"[metrics]\nenabled = true\n{EMBEDDED}", "metrics.enabled"),
    "a key of metrics": (f"[metrics]\nlisten_port = 4307\n{EMBEDDED}", "metrics.listen_port"),
    "workers": (f"[server]\nworkers = 2\n{EMBEDDED}", "server.workers"),
    "a slave": (ON_A_SERVER + INSTANCE + 'port = 1\nrole = "slave"\n', f"{HOME}.instances[1].role"),
    "a second master": (ON_A_SERVER + INSTANCE + "port = 1\n", f"{HOME}.instances[1]"),
    "a second embedded master": (EMBEDDED + "instances = [{}, {}]\n", f"{HOME}.instances[1]"),
    "a limiter": (
        ON_A_SERVER + LIMITER + "enabled = true\n",
        f"{HOME}.instances[0].limiter.enabled",
    ),
    "a key of a limiter": (
        ON_A_SERVER + LIMITER + "max_concurrent = 100\n",
        f"{HOME}.instances[0].limiter.max_concurrent",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_this_version_cannot_do_is_refused(bench: Bench, case: str) -> None:
    text, path = UNSUPPORTED[case]
    problems = bench.problems(text, check_support=True)
    assert list(problems) == [path]
    assert problems[path].endswith(" is not supported yet; leave it out")


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_this_version_cannot_do_is_valid_all_the_same(bench: Bench, case: str) -> None:
    bench.load(UNSUPPORTED[case][0], check_support=False)


@pytest.mark.parametrize(
    "text",
    [
        f"[health]\nenabled = false\n[metrics]\n[server]\nworkers = 1\n{EMBEDDED}",
        ON_A_SERVER + LIMITER + "enabled = false\n",
        EMBEDDED + 'instances = [{}, { role = "slave" }]\n',
        EMBEDDED + EMBEDDED.replace('"shop"', '"other"'),
        EMBEDDED + "shard_indices = [0]\n" + RULE + ONE_SHARD,
        EMBEDDED + '[[groups.db_groups]]\nname = "b"\nembedded = true\n',
    ],
)
def test_what_this_version_can_do_is_accepted(bench: Bench, text: str) -> None:
    bench.load(text, check_support=True)


def test_load_checks_what_is_supported_unless_told_otherwise(bench: Bench) -> None:
    path = bench.write("athena.toml", UNSUPPORTED["workers"][0])
    with pytest.raises(ConfigError, match="not supported yet"):
        load(path, {})


def test_a_variable_cannot_switch_on_what_is_not_supported(bench: Bench) -> None:
    problems = bench.problems(EMBEDDED, {"ATHENA_HEALTH__ENABLED": "true"}, check_support=True)
    assert list(problems) == ["health.enabled"]
    bench.load(EMBEDDED, {"ATHENA_HEALTH__ENABLED": "false"}, check_support=True)


def test_what_is_wrong_in_an_unsupported_part_is_reported_too(bench: Bench) -> None:
    text = f"[health]\ncheck_interval_ms = 0\nenabled = 7\n{EMBEDDED}{RULE}algorithm = 'crc'\n"
    problems = bench.problems(text, check_support=True)
    assert problems["health.check_interval_ms"].startswith("0 is out of range")
    assert problems["health.enabled"].startswith("7 is not a truth value")
    assert problems["groups[0].sharding_rules[0].algorithm"].startswith('"crc" is not known')


@pytest.mark.parametrize("missing", NOT_YET, ids=lambda missing: missing.what)
def test_every_entry_is_about_a_table_or_key_that_exists(missing: object) -> None:
    about = getattr(missing, "about", "")
    assert find(Settings, tuple(about.split("."))) is not None
