"""The four Python drivers under one set of option names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any, ClassVar

from tests.drivers.installed import driver_module
from tests.drivers.place import Place

SECONDS = 60  # after which a work that hangs fails
FOUND_ROWS = 1 << 1
MULTI_STATEMENTS = 1 << 16


class Driver(ABC):
    """One driver. `connect` takes the driver's own options besides those named here:

    autocommit, charset, collation, init_command, sql_mode, compress, local_infile, found_rows.
    """

    name: ClassVar[str]
    module_name: ClassVar[str]

    def __repr__(self) -> str:
        return self.name

    @property
    def module(self) -> Any:
        """The driver's own module; skips the test, or fails it, where it is not installed."""
        return driver_module(self.module_name)

    @abstractmethod
    def connect(self, place: Place, **options: Any) -> Any: ...

    @abstractmethod
    def cursor(self, connection: Any, *, streaming: bool = False, mapping: bool = False) -> Any:
        """A cursor that reads rows as they are fetched, or whose rows are dictionaries."""

    def session(self, place: Place, **options: Any) -> AbstractContextManager[Any]:
        """A new connection that is closed at the end of the block."""
        return closing(self.connect(place, **options))

    def set_autocommit(self, connection: Any, on: bool) -> None:
        connection.autocommit(on)

    def connection_id(self, connection: Any) -> int:
        return int(connection.thread_id())

    def ping(self, connection: Any) -> None:
        connection.ping()

    def refusal(self, error: Any) -> tuple[Any, ...]:
        """Everything an exception of the driver says."""
        return (type(error).__name__, *error.args)

    def ask(self, connection: Any, sql: str, arguments: Sequence[Any] | None = None) -> Any:
        """All rows of one statement; how many rows it changed if it has none."""
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql, arguments)
            return list(cursor.fetchall()) if cursor.description else cursor.rowcount

    def run(self, connection: Any, *statements: str) -> None:
        for sql in statements:
            self.ask(connection, sql)

    def refused(self, what: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the driver says when this call fails; "no error" if it does not."""
        try:
            what(*arguments, **options)
        except self.errors as error:
            return self.refusal(error)
        return "no error"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        return (self.module.Error,)


class PyMySQL(Driver):
    name = "pymysql"
    module_name = "pymysql"

    def connect(
        self, place: Place, *, found_rows: bool = False, client_flag: int = 0, **options: Any
    ) -> Any:
        ours: dict[str, Any] = {
            "host": place.host,
            "port": place.port,
            "user": place.user,
            "password": place.password,
            "database": place.database,
            "read_timeout": SECONDS,
            "client_flag": client_flag | MULTI_STATEMENTS | (FOUND_ROWS if found_rows else 0),
        }
        if place.ca:
            ours |= {"ssl_ca": str(place.ca), "ssl_verify_identity": True}
        else:
            ours["ssl_disabled"] = True
        return self.module.connect(**(ours | options))

    def cursor(self, connection: Any, *, streaming: bool = False, mapping: bool = False) -> Any:
        cursors = self.module.cursors
        kinds = [cursors.Cursor, cursors.DictCursor, cursors.SSCursor, cursors.SSDictCursor]
        return connection.cursor(kinds[2 * streaming + mapping])

    def ping(self, connection: Any) -> None:
        connection.ping(reconnect=False)


class MySQLClient(Driver):
    name = "mysqlclient"
    module_name = "MySQLdb"

    def connect(
        self, place: Place, *, found_rows: bool = False, client_flag: int = 0, **options: Any
    ) -> Any:
        ours: dict[str, Any] = {
            "host": place.host,
            "port": place.port,
            "user": place.user,
            "password": place.password,
            "database": place.database,
            "read_timeout": SECONDS,
            "charset": "utf8mb4",
            "local_infile": False,
            "client_flag": client_flag | (FOUND_ROWS if found_rows else 0),
        }
        if place.ca:
            ours |= {"ssl": {"ca": str(place.ca)}, "ssl_mode": "VERIFY_IDENTITY"}
        return self.module.connect(**(ours | options))

    def cursor(self, connection: Any, *, streaming: bool = False, mapping: bool = False) -> Any:
        from MySQLdb import cursors

        kinds = [cursors.Cursor, cursors.DictCursor, cursors.SSCursor, cursors.SSDictCursor]
        return connection.cursor(kinds[2 * streaming + mapping])


class Connector(Driver):
    """mysql-connector-python without its C extension."""

    name = "connector"
    module_name = "mysql.connector"
    use_pure: ClassVar[bool] = True

    def connect(
        self,
        place: Place,
        *,
        local_infile: bool = False,
        found_rows: bool = False,
        client_flag: int = 0,
        **options: Any,
    ) -> Any:
        ours: dict[str, Any] = {
            "host": place.host,
            "port": place.port,
            "user": place.user,
            "password": place.password,
            "database": place.database,
            "use_pure": self.use_pure,
            "read_timeout": SECONDS,
            "allow_local_infile": local_infile,
            "client_flags": [FOUND_ROWS if found_rows else -FOUND_ROWS],
        }
        if place.ca:
            ours |= {"ssl_ca": str(place.ca), "ssl_verify_cert": True, "ssl_verify_identity": True}
        else:
            ours["ssl_disabled"] = True
        if place.is_mariadb and options.get("charset", "utf8mb4") == "utf8mb4":
            ours["collation"] = "utf8mb4_general_ci"  # it asks for one of MySQL's unless told
        return self.module.connect(**(ours | options))

    def cursor(self, connection: Any, *, streaming: bool = False, mapping: bool = False) -> Any:
        return connection.cursor(buffered=not streaming, dictionary=mapping)

    def set_autocommit(self, connection: Any, on: bool) -> None:
        connection.autocommit = on

    def connection_id(self, connection: Any) -> int:
        return int(connection.connection_id)

    def ping(self, connection: Any) -> None:
        connection.ping(reconnect=False)

    def refusal(self, error: Any) -> tuple[Any, ...]:
        return (type(error).__name__, error.errno, error.sqlstate, error.msg)


class ConnectorC(Connector):
    """mysql-connector-python on its C extension, which has libmysqlclient in it."""

    name = "connector-c"
    module_name = "_mysql_connector"
    use_pure = False

    @property
    def module(self) -> Any:
        driver_module(self.module_name)
        return driver_module("mysql.connector")

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """``nextset`` lets the extension's own exception through."""
        return (self.module.Error, driver_module(self.module_name).MySQLInterfaceError)


DRIVERS: dict[str, Driver] = {
    driver.name: driver for driver in (PyMySQL(), MySQLClient(), Connector(), ConnectorC())
}
