"""Figures, budgets, and the lines of the table they become."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.daemon import MeasurementError

# A daemon under development dies or answers oddly; that costs a figure, not the run.
EXPECTED = (MeasurementError, OSError, LookupError, ValueError)


@dataclass
class Sample:
    """The values of one figure over the repeats."""

    values: list[float]

    @property
    def median(self) -> float:
        """Middle value."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half of (largest − smallest), as a part of the median."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        return (max(self.values) - min(self.values)) / 2 / abs(self.median)


@dataclass(frozen=True)
class Budget:
    """A limit for ours, or for ours ÷ reference when `of_ratio`.

    `tolerance` widens a limit that says "no worse than the reference", so that
    two equal daemons meet it on a noisy machine; it is printed with the limit.
    """

    limit: float
    at_least: bool
    of_ratio: bool = False
    tolerance: float = 0.0

    @property
    def text(self) -> str:
        """As printed in the table."""
        sign = "≥" if self.at_least else "≤"
        unit = "×" if self.of_ratio else ""
        slack = f" ±{self.tolerance:.0%}" if self.tolerance else ""
        return f"{sign} {self.limit:g}{unit}{slack}"

    def is_met(self, ours: float, ratio: float | None, noise: float = 0.0) -> bool | None:
        """None when there is nothing to compare; `noise` widens the limit."""
        value = ratio if self.of_ratio else ours
        if value is None:
            return None
        if self.at_least:
            return value >= self.limit * (1 - self.tolerance - noise)
        return value <= self.limit * (1 + self.tolerance + noise)


@dataclass
class Line:
    """One printed line."""

    group: str
    what: str
    unit: str
    ours: Sample | None = None
    reference: Sample | None = None
    budget: Budget | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """ours ÷ reference."""
        if self.ours is None or self.reference is None or not self.reference.median:
            return None
        return self.ours.median / self.reference.median

    @property
    def met(self) -> bool | None:
        """None without a budget or without a figure."""
        if self.budget is None or self.ours is None:
            return None
        return self.budget.is_met(self.ours.median, self.ratio)

    @property
    def within_noise(self) -> bool:
        """Whether a budget is missed by less than the spread of the figures behind it."""
        if self.met is not False or self.budget is None or self.ours is None:
            return False
        noise = self.ours.spread
        if self.budget.of_ratio and self.reference is not None:
            noise += self.reference.spread
        return self.budget.is_met(self.ours.median, self.ratio, noise) is True


@dataclass
class Results:
    """Collects the values of one group, keyed by figure and by side."""

    group: str
    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, figure: str, side: str, value: float | None) -> None:
        """Append a value; None (not available) is left out."""
        if value is not None:
            self.values[figure, side].append(value)

    @contextmanager
    def guard(self, side: str) -> Iterator[None]:
        """Turn a failed measurement of a side into a note, so that the run goes on."""
        try:
            yield
        except EXPECTED as error:
            self.failures[side] = str(error) or type(error).__name__

    def sample(self, figure: str, side: str) -> Sample | None:
        """The values so far, or None."""
        values = self.values.get((figure, side))
        return Sample(values) if values else None

    def line(
        self,
        figure: str,
        what: str,
        unit: str,
        budget: Budget | None = None,
        ours: str = "ours",
        reference: str = "reference",
        note: str = "",
    ) -> Line:
        """The line of a figure, with the reason when a side has no value."""
        left, right = self.sample(figure, ours), self.sample(figure, reference)
        missing = [
            f"{side}: {self.failures[side]}"
            for side, sample in ((ours, left), (reference, right))
            if sample is None and side in self.failures
        ]
        return Line(self.group, what, unit, left, right, budget, "; ".join(missing) or note)
