"""Many sessions at once, each of which knows what its own state is and looks after every step."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from .answers import Answer, cells_of, errno_of
from .talker import Talker

TIME_ZONES = [
    f"{sign}{hour:02d}:{half}" for sign in "+-" for hour in range(1, 12) for half in ("00", "30")
]
NAMES = ["utf8mb4", "latin1", "cp1250", "utf8mb4 COLLATE utf8mb4_bin", "greek", "cp1251"]
SQL_MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "STRICT_ALL_TABLES"]
NUMBERS = ["lock_wait_timeout", "max_sort_length", "net_write_timeout", "group_concat_max_len"]


@dataclass
class Model:
    """What one session should see of itself."""

    variables: dict[str, str] = field(default_factory=dict)
    user_variables: dict[str, str] = field(default_factory=dict)
    temporary_rows: int | None = None
    insert_id: int = 0
    rows: int = 0
    in_transaction: bool = False


class Leak(AssertionError):
    """A session saw what is not its own."""


class Session:
    """One client that does steps in random order; ``number`` makes its values differ from others'.

    Its table ``own_<number>`` must be there and empty.
    """

    def __init__(self, talker: Talker, number: int, seed: int) -> None:
        self._talker = talker
        self._number = number
        self._random = random.Random(f"{seed} {number}")
        self._model = Model()
        self._log: list[str] = []
        self._uncommitted = 0

    def run(self, steps: int) -> None:
        """Do so many steps; Leak with all that was done when something is not as it should be."""
        self._prepare()
        for _ in range(steps):
            self._random.choice(self._possible())()
            self._look()
        if self._model.in_transaction:
            self._roll_back()
        self._look()
        self._talker.close()  # it may hold a connection by its temporary table

    def cut(self) -> None:
        """End the session as it is."""
        self._talker.cut()

    def _possible(self) -> list[Callable[[], None]]:
        model = self._model
        if model.in_transaction:
            return [self._insert, self._insert, self._commit, self._roll_back, self._set_number]
        always = [
            self._set_time_zone, self._set_names, self._set_mode, self._set_number,
            self._set_user_variable, self._set_user_variable, self._insert, self._insert,
            self._begin, self._warn, self._find_rows, self._execute, self._lock, self._reset,
        ]  # fmt: skip
        if model.temporary_rows is None:
            return [*always, self._create_temporary]
        return [self._fill_temporary, self._drop_temporary, self._begin, self._set_number]

    # -- steps -------------------------------------------------------------------------------------

    def _set_time_zone(self) -> None:
        zone = self._random.choice(TIME_ZONES)
        self._do(f"SET time_zone = '{zone}'")
        self._model.variables["time_zone"] = zone

    def _set_names(self) -> None:
        names = self._random.choice(NAMES)
        self._do(f"SET NAMES {names}")
        self._model.variables["character_set_client"] = names.split()[0]

    def _set_mode(self) -> None:
        mode = self._random.choice(SQL_MODES)
        self._do(f"SET SESSION sql_mode = '{mode}', @mode_{self._number} = '{mode}'")
        self._model.variables["sql_mode"] = mode
        self._model.user_variables[f"mode_{self._number}"] = mode

    def _set_number(self) -> None:
        name, value = self._random.choice(NUMBERS), str(1000 + self._number)
        self._do(f"SET {name} = {value}")
        self._model.variables[name] = value

    def _set_user_variable(self) -> None:
        value = f"{self._number}/{self._random.randrange(1000)}"
        name = self._random.choice(["x", "y", f"z{self._number % 7}"])
        self._do(f"SET @{name} = '{value}'")
        self._model.user_variables[name] = value

    def _insert(self) -> None:
        rows = self._random.randrange(1, 4)
        values = ", ".join([f"({self._number})"] * rows)
        self._do(f"INSERT INTO own_{self._number} (n) VALUES {values}")
        self._expect("SELECT ROW_COUNT()", [str(rows)])
        self._model.rows += rows
        self._uncommitted += rows * self._model.in_transaction
        self._model.insert_id = int(self._cells("SELECT LAST_INSERT_ID()")[0])
        self._expect(
            f"SELECT MAX(id) - {rows - 1} FROM own_{self._number}", [str(self._model.insert_id)]
        )

    def _begin(self) -> None:
        self._do(self._random.choice(["BEGIN", "START TRANSACTION", "begin work"]))
        self._model.in_transaction = True

    def _commit(self) -> None:
        self._do("COMMIT")
        self._model.in_transaction, self._uncommitted = False, 0

    def _roll_back(self) -> None:
        self._do("ROLLBACK")
        self._model.rows -= self._uncommitted
        self._model.in_transaction, self._uncommitted = False, 0

    def _warn(self) -> None:
        text = f"{self._number}x"
        self._expect(f"SELECT CAST('{text}' AS SIGNED)", [str(self._number)])
        warnings = " ".join(self._do("SHOW WARNINGS"))
        if f"'{text}'" not in warnings and f"\\'{text}\\'" not in warnings:
            raise self._leak(f"the warning about {text} is not there: {warnings}")

    def _find_rows(self) -> None:
        self._do(f"SELECT SQL_CALC_FOUND_ROWS 1 FROM own_{self._number} LIMIT 0")
        self._expect("SELECT FOUND_ROWS()", [str(self._model.rows)])

    def _execute(self) -> None:
        value = self._random.randrange(1000)
        answer = self._do(f".execute p | VAR_STRING {value} | VAR_STRING {self._number}")
        row = f"{value}/{self._number}".encode().hex()
        if not any(line.endswith(row) for line in answer):
            raise self._leak(f"{value}/{self._number} is not there: {answer}")

    def _lock(self) -> None:
        name = f"own {self._number}"
        self._expect(f"SELECT GET_LOCK('{name}', 0)", ["1"])
        self._expect(f"SELECT RELEASE_LOCK('{name}')", ["1"])

    def _create_temporary(self) -> None:
        self._do("CREATE TEMPORARY TABLE mine (n INT)")
        self._model.temporary_rows = 0

    def _fill_temporary(self) -> None:
        assert self._model.temporary_rows is not None
        self._do(f"INSERT INTO mine VALUES ({self._number})")
        self._model.temporary_rows += 1
        where = f"FROM mine WHERE n = {self._number}"
        self._expect(f"SELECT COUNT(*) {where}", [str(self._model.temporary_rows)])

    def _drop_temporary(self) -> None:
        self._do("DROP TEMPORARY TABLE mine")
        self._model.temporary_rows = None

    def _reset(self) -> None:
        if self._random.random() < 0.9:
            return
        self._do(".reset_connection")
        self._model = Model(rows=self._model.rows)
        self._prepare()

    # -- what is seen ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._do(".prepare p SELECT CONCAT(?, '/', ?)")

    def _look(self) -> None:
        """Compare what the session sees of itself with what it should see."""
        model = self._model
        seen = {f"@@{name}": value for name, value in model.variables.items()}
        seen |= {f"@{name}": value for name, value in model.user_variables.items()}
        seen |= {f"@{name}": "NULL" for name in ("x", "y") if name not in model.user_variables}
        seen["LAST_INSERT_ID()"] = str(model.insert_id)
        names = self._random.sample(sorted(seen), min(len(seen), 4))
        self._expect(f"SELECT {', '.join(names)}", [seen[name] for name in names])
        self._expect(f"SELECT COUNT(*) FROM own_{self._number}", [str(model.rows)])

    def _expect(self, sql: str, cells: list[str]) -> None:
        found = self._cells(sql)
        if found != cells:
            raise self._leak(f"{sql} is {found} and should be {cells}")

    def _cells(self, sql: str) -> list[str]:
        return [cell.strip("'") for cell in cells_of(self._do(sql))]

    def _do(self, step: str) -> Answer:
        answer = self._talker.do(step)
        self._log.append(f"{step} -> {answer[-1:]}")
        if errno_of(answer) or answer[-1:] == ["CLOSED"]:
            raise self._leak(f"{step} is answered {answer}")
        return answer

    def _leak(self, what: str) -> Leak:
        log = "\n".join(self._log[-30:])
        return Leak(f"session {self._number}: {what}\nits last steps:\n{log}")
