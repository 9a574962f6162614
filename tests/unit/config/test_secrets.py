"""No message, text or traceback may show a password, however the configuration is wrong."""

from __future__ import annotations

import logging
import traceback

import pytest
from pydantic import BaseModel, ValidationError

from athena_g.config import GroupSettings, Settings

from .samples import EMBEDDED, INSTANCE, LOGIN, ON_A_SERVER, Bench

SECRET = "hunter2"
NUMBER = "90210733"

WRONG_AROUND_A_SECRET = {
    "a wrong port beside it": ON_A_SERVER.replace("instance-pw", SECRET) + "port = 70000\n",
    "an unknown key beside it": ON_A_SERVER.replace("client-pw", SECRET) + "prt = 1\n",
    "a number": ON_A_SERVER.replace('"instance-pw"', NUMBER),
    "a list": ON_A_SERVER.replace('"instance-pw"', f'["{SECRET}"]'),
    "a table": ON_A_SERVER.replace('"client-pw"', f'{{ a = "{SECRET}" }}'),
    "a date": ON_A_SERVER.replace('"client-pw"', "1979-05-27"),
    "a misspelt key": ON_A_SERVER.replace('password = "instance-pw"', f'pasword = "{SECRET}"'),
    "a key of another table": f'[server]\npassword = "{SECRET}"\n{EMBEDDED}',
    "a text for an instance": EMBEDDED + f'instances = ["mysql://root:{SECRET}@db"]\n',
    "a text for all instances": EMBEDDED + f'instances = "mysql://root:{SECRET}@db"\n',
    "a text for a group": f'groups = "mysql://root:{SECRET}@db"\n',
    "single brackets": LOGIN.replace("[[groups]]", "[groups]").replace("client-pw", SECRET),
    "an instance that is a list": EMBEDDED + f'instances = [["{SECRET}"]]\n',
    "a table for a text": LOGIN.replace('"home"', f'{{ password = "{SECRET}" }}'),
    "embedded": EMBEDDED + INSTANCE.replace("instance-pw", SECRET),
    "both ways": ON_A_SERVER.replace("instance-pw", SECRET) + 'password_file = "none"\n',
    "twice the same address": ON_A_SERVER + INSTANCE.replace("instance-pw", SECRET),
    "a removed table": f'[backend]\npassword = "{SECRET}"\n{EMBEDDED}',
    "without a group's user": LOGIN.replace("user", "usr").replace("client-pw", SECRET),
    "a reference without a name": LOGIN.replace("client-pw", f"${{{SECRET}!}}"),
    "no TOML after it": ON_A_SERVER.replace("client-pw", SECRET) + "port =\n",
    "no end of it": LOGIN.replace('client-pw"', SECRET),
    "no quotes around it": LOGIN.replace('"client-pw"', SECRET),
}


@pytest.mark.parametrize("case", WRONG_AROUND_A_SECRET)
def test_an_error_never_shows_a_password(bench: Bench, case: str) -> None:
    error = bench.error(WRONG_AROUND_A_SECRET[case], check_support=True)
    text = str(error) + repr(error) + "".join(traceback.format_exception(error))
    for secret in (SECRET, NUMBER, "1979"):
        assert secret not in text
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_password_from_the_environment_is_not_shown(bench: Bench) -> None:
    text = ON_A_SERVER.replace("instance-pw", "${PW}") + "port = 70000\n"
    environ = {"PW": SECRET, "ATHENA_GROUPS__0__PASSWORD": SECRET, "ATHENA_PASSWORD": SECRET}
    assert SECRET not in str(bench.error(text, environ))


def test_a_value_from_a_variable_is_not_shown_wherever_it_is_used(bench: Bench) -> None:
    text = ON_A_SERVER.replace('"10.0.0.11"', '"${URL}"') + 'role = "${URL}"\n'
    problems = bench.problems(text, {"URL": f"mysql://root:{SECRET}@db"})
    assert len(problems) == 2
    assert SECRET not in str(problems)


def test_the_content_of_a_password_file_is_not_shown(bench: Bench) -> None:
    bench.write("pw", SECRET)
    text = LOGIN.replace('password = "client-pw"', 'password_file = "pw"')
    assert SECRET not in str(bench.error(text))


def test_settings_do_not_show_passwords(bench: Bench) -> None:
    bench.write("pw", SECRET)
    text = ON_A_SERVER.replace("client-pw", SECRET)
    text = text.replace('password = "instance-pw"', 'password_file = "pw"')
    settings = bench.load(text)
    assert settings.groups[0].home.instances[0].password.get_secret_value() == SECRET
    for shown in (repr(settings), str(settings), f"{settings.groups[0]}", settings.model_dump()):
        assert SECRET not in str(shown)
    assert SECRET not in settings.model_dump_json()


def test_the_debug_log_of_the_settings_library_does_not_show_passwords(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYDANTIC_SETTINGS_DEBUG", "1")
    caplog.set_level(logging.DEBUG)
    bench.load(ON_A_SERVER.replace("instance-pw", SECRET), {"ATHENA_GROUPS__0__PASSWORD": SECRET})
    assert "DocumentSource" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "model, values",
    [
        (Settings, {"groups": SECRET}),
        (Settings, {"groups": [{"password": [SECRET]}]}),
        (GroupSettings, {"password": [SECRET]}),
        (GroupSettings, {"pasword": SECRET}),
    ],
)
def test_tables_made_directly_do_not_show_passwords_when_they_are_wrong(
    model: type[BaseModel], values: dict[str, object]
) -> None:
    with pytest.raises(ValidationError) as error:
        model.model_validate(values)
    assert SECRET not in str(error.value)
