"""How busy the machine was with other work while something was measured."""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

# Share of all processor time beyond which figures are not to be trusted.
OTHERS_LIMIT, STOLEN_LIMIT = 0.10, 0.03


@dataclass(frozen=True)
class Load:
    """What the processors did over a while. Shares are of all processors' time, from 0 to 1."""

    average: float  # runnable tasks over the last minute
    cores: int
    others: float  # taken by other programs
    stolen: float  # taken by other virtual machines on the same host

    @property
    def is_heavy(self) -> bool:
        """Whether it disturbs what is measured at the same time."""
        return self.others > OTHERS_LIMIT or self.stolen > STOLEN_LIMIT

    def __str__(self) -> str:
        return (
            f"load average {self.average:.1f} on {self.cores} cores; other programs took {self.others:.0%} "
            f"of the processor time, the host {self.stolen:.0%}"
        )


class LoadMeter:
    """Measures from its creation on."""

    def __init__(self) -> None:
        self._average = os.getloadavg()[0]
        self._start = _times()

    def read(self) -> Load:
        """Return the load since the creation. Children that still run count as other programs."""
        total, busy, stolen, own = (now - then for now, then in zip(_times(), self._start))
        total = max(total, 1e-9)
        return Load(self._average, os.cpu_count() or 1, max(0.0, min(1.0, (busy - own) / total)), stolen / total)


def sample(seconds: float = 0.5) -> Load:
    """Return the load over a moment in which this program does nothing."""
    meter = LoadMeter()
    time.sleep(seconds)
    return meter.read()


def _times() -> tuple[float, float, float, float]:
    """Return seconds since the start of the machine, all processors together: total, busy, stolen, our own (proc_stat(5))."""
    tick = os.sysconf("SC_CLK_TCK")
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        user, nice, system, idle, waiting, interrupt, soft_interrupt, steal = (int(each) / tick for each in fields)
    except (OSError, ValueError, IndexError):
        return 0.0, 0.0, 0.0, 0.0
    busy = user + nice + system + interrupt + soft_interrupt
    own = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        own += usage.ru_utime + usage.ru_stime
    return busy + idle + waiting + steal, busy, steal, own
