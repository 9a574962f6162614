from __future__ import annotations

from pathlib import Path

import pytest

from athena_g.config import ConfigError, load

from .samples import EMBEDDED, LOGIN, ON_A_SERVER, Bench


def failure(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load(path, {})
    [problem] = error.value.problems
    return problem.message


def test_a_syntax_error_is_reported_with_its_line(bench: Bench) -> None:
    path = bench.write("a.toml", "[server]\nlisten_port =\n")
    assert failure(path) == "is not TOML: Invalid value (at line 2, column 14)"


def test_text_in_another_encoding_is_reported_with_its_line(bench: Bench) -> None:
    path = bench.directory / "a.toml"
    path.write_bytes("[server]\n# größe\n".encode("latin-1"))
    assert failure(path) == "line 2 is not UTF-8; save the file as UTF-8 text"


def test_utf_16_is_reported(bench: Bench) -> None:
    path = bench.directory / "a.toml"
    path.write_bytes(EMBEDDED.encode("utf-16"))
    assert failure(path) == "line 1 is not UTF-8; save the file as UTF-8 text"


def test_a_byte_order_mark_and_windows_line_ends_are_taken(bench: Bench) -> None:
    path = bench.directory / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EMBEDDED.replace("\n", "\r\n").encode())
    assert load(path, {}).groups[0].name == "shop"


def test_a_reference_in_any_text_is_replaced(bench: Bench) -> None:
    text = '[server]\nlisten_port = "${PORT}"\n' + ON_A_SERVER.replace('"10.', '"${NET}.')
    settings = bench.load(text, {"PORT": "3399", "NET": "192"})
    assert settings.server.listen_port == 3399
    assert settings.groups[0].home.instances[0].host == "192.0.0.11"


def test_a_missing_variable_is_named_once(bench: Bench) -> None:
    problems = bench.problems(ON_A_SERVER.replace('"client-pw"', '"${CLIENT_PW}"'))
    assert problems == {
        "groups[0].password": "the environment variable CLIENT_PW is not set; set it, or write "
        "$${ where ${ is meant as it stands"
    }


def test_a_missing_variable_causes_no_other_problem(bench: Bench) -> None:
    text = ON_A_SERVER.replace('\nname = "home"', '\nname = "${HOME_NAME}"')
    assert list(bench.problems(text)) == ["groups[0].db_groups[0].name"]


def test_a_value_from_a_variable_is_shown_as_the_file_has_it(bench: Bench) -> None:
    text = '[log]\nlevel = "${LEVEL}"\n' + ON_A_SERVER
    message = bench.problems(text, {"LEVEL": "loud"})["log.level"]
    assert message.startswith('"${LEVEL}" is not known here; write ')


def test_an_override_makes_the_reference_below_it_needless(bench: Bench) -> None:
    text = ON_A_SERVER.replace('"client-pw"', '"${NOT_SET}"')
    settings = bench.load(text, {"ATHENA_GROUPS__0__PASSWORD": "from ${here}"})
    assert settings.groups[0].password.get_secret_value() == "from ${here}"


def test_a_password_is_the_first_line_of_its_file(bench: Bench) -> None:
    bench.write("pw", "geheim ü \r\nsecond\n")
    text = EMBEDDED.replace('password = "client-pw"', 'password_file = "pw"')
    group = bench.load(text).groups[0]
    assert group.password.get_secret_value() == "geheim ü "
    assert group.password_file == bench.directory / "pw"


def test_paths_count_from_the_directory_of_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench.write("ca.pem")
    bench.load(ON_A_SERVER + 'tls = "required"\ntls_ca = "ca.pem"\n')
    monkeypatch.chdir(bench.directory.parent)
    settings = load(f"{bench.directory.name}/athena.toml", {})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert settings.groups[0].home.instances[0].tls_ca == bench.directory / "ca.pem"


def test_the_data_directory_is_left_to_the_working_directory(bench: Bench) -> None:
    assert bench.load(EMBEDDED).embedded.data_directory == Path("data")


@pytest.mark.parametrize(
    "content, reason",
    [(None, "cannot be read (No such file or directory)"), ("\nx", "has an empty first line")],
)
def test_a_useless_password_file_is_the_only_problem(
    bench: Bench, content: str | None, reason: str
) -> None:
    if content is not None:
        bench.write("pw", content)
    text = EMBEDDED.replace('password = "client-pw"', 'password_file = "pw"')
    assert bench.problems(text) == {
        "groups[0].password_file": f"{bench.directory / 'pw'} {reason}; write the path of a file "
        "whose first line is the password"
    }


def test_a_password_file_that_is_not_text_is_refused(bench: Bench) -> None:
    (bench.directory / "pw").write_bytes(b"\xff\xfe\xfd\n")
    text = EMBEDDED.replace('password = "client-pw"', 'password_file = "pw"')
    assert "is not UTF-8 text" in bench.problems(text)["groups[0].password_file"]


def test_a_password_file_that_is_no_text_value_is_refused(bench: Bench) -> None:
    text = EMBEDDED.replace('password = "client-pw"', "password_file = 5")
    problems = bench.problems(text)
    assert list(problems) == ["groups[0].password_file"]
    assert problems["groups[0].password_file"].startswith("5 is not a path; write the path of ")


def test_password_and_password_file_together_are_refused(bench: Bench) -> None:
    bench.write("pw", "geheim")
    problems = bench.problems(
        LOGIN + 'password_file = "pw"\n' + EMBEDDED.removeprefix(f"\n{LOGIN}")
    )
    assert problems == {"groups[0].password_file": "stands beside password; write only one of them"}


def test_an_override_replaces_the_other_way_to_give_the_password(bench: Bench) -> None:
    bench.write("pw", "from the file")
    text = EMBEDDED.replace('password = "client-pw"', 'password_file = "missing"')
    by_value = bench.load(text, {"ATHENA_GROUPS__0__PASSWORD": "from the variable"})
    by_file = bench.load(EMBEDDED, {"ATHENA_GROUPS__0__PASSWORD_FILE": "pw"})
    assert by_value.groups[0].password.get_secret_value() == "from the variable"
    assert by_file.groups[0].password.get_secret_value() == "from the file"


def test_both_ways_to_give_the_password_in_the_environment_are_refused(bench: Bench) -> None:
    bench.write("pw", "x")
    environ = {"ATHENA_GROUPS__0__PASSWORD": "a", "ATHENA_GROUPS__0__PASSWORD_FILE": "pw"}
    assert list(bench.problems(EMBEDDED, environ)) == ["groups[0].password_file"]
