"""Reading what sysbench says."""

from __future__ import annotations

import pytest
from bench_lib.address import Address
from bench_lib.sysbench import Report, parse

OUTPUT = """\
sysbench 1.0.20 (using system LuaJIT 2.1.0-beta3)

Running the test with following options:
Number of threads: 8
Initializing random number generator from current time

Threads started!

SQL statistics:
    queries performed:
        read:                            6709
        write:                           0
        other:                           0
        total:                           6709
    transactions:                        6708   (6699.43 per sec.)
    queries:                             6709   (6699.43 per sec.)
    ignored errors:                      2      (2.00 per sec.)
    reconnects:                          1      (1.00 per sec.)

General statistics:
    total time:                          1.0010s
    total number of events:              6708

Latency (ms):
         min:                                    0.29
         avg:                                    1.19
         max:                                   17.42
         95th percentile:                        2.97
         sum:                                 7984.77
"""


def test_the_figures_of_a_report_are_found() -> None:
    assert parse(OUTPUT) == Report(
        events=6708, queries=6709, seconds=1.001, p95_ms=2.97, ignored_errors=2, reconnects=1
    )


@pytest.mark.parametrize("missing", ["queries:  ", "95th percentile", "ignored errors"])
def test_a_report_without_a_figure_is_refused(missing: str) -> None:
    with pytest.raises(ValueError, match="no '"):
        parse(OUTPUT.replace(missing, "something else"))


def test_an_address_is_read_from_a_url() -> None:
    address = Address.parse("mysql://root:p%40ss%2F@db.example:3310/shop")
    assert address == Address("db.example", 3310, "root", "p@ss/", "shop")
    assert "p@ss" not in repr(address)


def test_localhost_is_not_the_name_of_a_socket_file() -> None:
    assert Address.parse("mysql://root@localhost/shop") == Address(
        "127.0.0.1", 3306, "root", "", "shop"
    )


@pytest.mark.parametrize("url", ["shop", "http://a:b@c/d", "mysql://host/shop", "mysql://a@b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="write mysql://"):
        Address.parse(url)
