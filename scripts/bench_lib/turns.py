"""The contenders take turns, so that what else the machine does hits all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench_lib.client import ServerError
from bench_lib.figures import Sample, Summary, summarise
from bench_lib.process import cpu_time
from bench_lib.proxies import HAPROXY, Contender
from bench_lib.sysbench import SysbenchError
from bench_lib.workloads import Workload

Tell = Callable[[str], None]


def take_turns(
    workload: Workload, contenders: Sequence[Contender], rounds: int, seconds: int, tell: Tell
) -> list[Summary]:
    """Every contender's figures, from ``rounds`` turns each; each round begins with another."""
    samples: dict[str, list[Sample]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            sample = measure(workload, contender, seconds)
            samples[contender.name].append(sample)
            tell(_line(workload, number, contender, sample))
    reference = samples.get(HAPROXY, [])
    return [summarise(name, each, reference) for name, each in samples.items()]


def measure(workload: Workload, contender: Contender, seconds: int) -> Sample:
    """One turn; what goes wrong is in the sample's errors."""
    proxy = contender.proxy
    try:
        before = cpu_time(proxy.pid) if proxy else None
        outcome = workload.run(contender.address, seconds)
        cpu = cpu_time(proxy.pid) - before if proxy and before else None
    except (SysbenchError, ServerError, OSError) as error:
        ending = proxy.ending() if proxy else ""
        return Sample(None, None, (f"{error}{ending}",))
    return Sample(outcome, cpu, outcome.errors)


def _line(workload: Workload, number: int, contender: Contender, sample: Sample) -> str:
    start = f"{workload.kind}, {workload.clients} clients, round {number + 1}, {contender.name}: "
    if sample.errors:
        return start + "; ".join(sample.errors)
    cpu = f", {sample.total * 1e6:.0f} µs CPU each" if sample.total is not None else ""
    return start + f"{sample.rate or 0:.0f}/s{cpu}"
