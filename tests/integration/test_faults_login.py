"""A server that refuses or dies while the proxy logs in or sets up a connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.dialogue import Role
from tests.fakes.faults import Act, cut, end, half, pass_then, refuse, reset, stall
from tests.integration.stage import Stage, Stages, ask, refused, stages
from tests.servers import Server

STEPS = [Role.GREETING, Role.LOGIN, Role.WELCOME]


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.relay.end_all()  # so that the next statement has to log in
        yield stage


def expect_refusal_then_service(stage: Stage, *errnos: int) -> str:
    """The text of the error that a client gets, whose next statement is served."""
    with stage.connect() as client:
        errno, text = refused(client, "SELECT 1")
        assert errno in errnos, text
        assert stage.relay.name in text
        assert ask(client, "SELECT 2") == 2
    return text


def test_a_refused_tcp_connection_is_2003(stage: Stage) -> None:
    stage.relay.refuse_connections()
    with stage.connect() as client:
        errno, text = refused(client, "SELECT 1")
        assert (errno, stage.relay.name in text) == (2003, True)
        stage.relay.listen()
        assert ask(client, "SELECT 2") == 2


@pytest.mark.parametrize("how", [end, reset, half], ids=["end", "reset", "half"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.lower())
def test_a_server_that_dies_in_the_login_is_2003(stage: Stage, step: Role, how: Act) -> None:
    stage.relay.plan(step, how)
    expect_refusal_then_service(stage, 2003)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.lower())
def test_a_server_that_falls_silent_in_the_login_is_2003_in_time(stage: Stage, step: Role) -> None:
    fault = stage.relay.plan(step, stall)
    text = expect_refusal_then_service(stage, 2003)
    assert "timed out" in text
    fault.wait()


def test_a_server_that_is_full_is_1040_with_its_words(stage: Stage) -> None:
    stage.relay.plan(Role.GREETING, refuse(1040, "Too many connections here"))
    assert "Too many connections here" in expect_refusal_then_service(stage, 1040)


def test_a_server_that_refuses_the_account_is_1105_with_its_words(stage: Stage) -> None:
    stage.relay.plan(Role.WELCOME, refuse(1045, "Access denied for user 'x'"))
    assert "Access denied for user 'x' (1045)" in expect_refusal_then_service(stage, 1105)


def test_a_server_that_dies_right_behind_the_login_loses_one_statement_at_most(
    stage: Stage,
) -> None:
    stage.relay.plan(Role.WELCOME, pass_then(end))
    expect_refusal_then_service(stage, 2003, 2013)


@pytest.mark.parametrize("how", [end, reset, cut(6)], ids=["end", "reset", "cut"])
def test_a_server_that_dies_in_the_set_up_is_an_error(stage: Stage, how: Act) -> None:
    fault = stage.relay.plan(Role.OK, how, "^QUERY SET ")
    expect_refusal_then_service(stage, 2003, 2013)
    fault.wait()


def test_a_server_that_refuses_the_set_up_is_1105_with_its_words(stage: Stage) -> None:
    stage.relay.plan(Role.OK, refuse(1193, "Unknown variable", closing=False), "^QUERY SET ")
    expect_refusal_then_service(stage, 1105)


@pytest.mark.parametrize("how", [end, reset], ids=["end", "reset"])
def test_a_server_that_dies_while_a_connection_is_reset_costs_nobody_an_answer(
    stage: Stage, how: Act
) -> None:
    with stage.connect() as leaving:
        ask(leaving, "CREATE TEMPORARY TABLE scratch (id INT)")
        fault = stage.relay.plan(Role.COMMAND, how, "RESET_CONNECTION")
    fault.wait()
    with stage.connect() as client:
        assert ask(client, "SELECT 2") == 2


def test_a_set_up_that_dies_with_its_statement_behind_it_does_not_run_the_statement_twice(
    stage: Stage,
) -> None:
    stage.run("DROP TABLE IF EXISTS once", "CREATE TABLE once (id INT)")
    for _ in range(2):  # what is set up is known to be accepted from the second time on
        stage.idle().close()
        stage.relay.end_all()
    fault = stage.relay.plan(Role.OK, end, "^QUERY SET ")
    with stage.connect() as client:
        errno, _ = refused(client, "INSERT INTO once VALUES (1)")
        assert errno in (2003, 2013)
    fault.wait()
    assert stage.value("SELECT COUNT(*) FROM once") <= 1
