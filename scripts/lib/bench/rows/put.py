"""Row: first and repeated put, populate speed, page faults."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench.bench import Bench
from bench.daemon import MeasurementError, Side
from bench.results import Budget, Line, Results
from bench.rows import sizes

# As many repeated puts as 256 MiB hold, within these bounds.
REPEATED_PUTS = (5, 100)
# Touched before a daemon starts: about what ours populates.
RESERVE_BYTES = 2 * sizes.GIB


@dataclass(frozen=True)
class Variant:
    """A daemon in one mode of pages; `pages` is None where there is no choice."""

    key: str
    side: Side
    pages: str | None = None

    def flags(self) -> list[str]:
        """Flags that choose the mode."""
        if self.pages is None:
            return []
        if self.side.supports("huge_pages"):
            return ["--huge_pages", self.pages]
        if self.pages == "auto":
            return []
        raise MeasurementError("our daemon has no flag --huge_pages")


def measure(bench: Bench) -> Iterator[Line]:
    """A fresh daemon and a fresh client process for each size, variant and repeat."""
    results = Results("Put")
    huge = Variant("ours", bench.ours, "auto")
    small = Variant("ours-4k", bench.ours, "off")
    reference = Variant("reference", bench.reference)
    for size in sizes.chosen(bench.options.quick):
        variants = (huge, small, reference) if size == sizes.BUDGET_SIZE else (huge, reference)
        for variant in bench.alternate(*variants):
            with results.guard(variant.key):
                _put(bench, variant, size, results)
    yield from _budget_lines(results)
    yield from _size_lines(results, sizes.chosen(bench.options.quick))


def _put(bench: Bench, variant: Variant, size: int, results: Results) -> None:
    warm = bench.options.warm_host
    if warm and size == sizes.BUDGET_SIZE:
        bench.client("touch", size=RESERVE_BYTES)
    with bench.daemon(variant.side, extra=variant.flags()) as daemon:
        report = bench.client("put", socket=str(daemon.socket), size=size, repeats=_repeats(size), warm=warm)
    repeated = statistics.median(report["repeated"])
    for figure, value in {
        "first": size / report["first"] / 1e9,
        "repeated": size / repeated / 1e9,
        "first over repeated": repeated / report["first"],
        "first faults": report["first_faults"] * sizes.GIB / size,
        "repeated faults": statistics.median(report["repeated_faults"]) * sizes.GIB / size,
    }.items():
        results.add(f"{figure} {size}", variant.key, value)
    if daemon.populate is not None and size == sizes.BUDGET_SIZE:
        results.add("reserve", variant.key, daemon.populate.bytes / sizes.MIB)
        speed = daemon.populate.bytes_per_second
        results.add("populate", variant.key, speed / 1e9 if speed else None)


def _repeats(size: int) -> int:
    fewest, most = REPEATED_PUTS
    return max(fewest, min(most, 256 * sizes.MIB // size))


def _budget_lines(results: Results) -> Iterator[Line]:
    size = sizes.BUDGET_SIZE
    what = sizes.text(size)
    yield results.line(
        f"first {size}",
        f"first put {what}, huge pages",
        "GB/s",
        Budget(6, at_least=True, of_ratio=True),
        note=_reserve(results, "ours"),
    )
    yield results.line(
        f"first {size}",
        f"first put {what}, 4 KiB pages",
        "GB/s",
        Budget(1.4, at_least=True, of_ratio=True),
        ours="ours-4k",
        note=_reserve(results, "ours-4k"),
    )
    yield results.line(
        f"first over repeated {size}",
        "first put ÷ own repeated put",
        "",
        Budget(0.6, at_least=True),
        note="limit is for ours alone",
    )
    yield results.line(
        f"repeated {size}",
        f"repeated put {what}, same connection",
        "GB/s",
        Budget(1, at_least=True, of_ratio=True, tolerance=0.05),
    )
    yield results.line(f"repeated {size}", f"repeated put {what}, 4 KiB pages", "GB/s", ours="ours-4k")
    yield results.line(
        f"first faults {size}", "client page faults per GiB, huge pages", "faults", Budget(600, at_least=False)
    )
    yield results.line(f"first faults {size}", "client page faults per GiB, 4 KiB pages", "faults", ours="ours-4k")
    yield results.line(f"repeated faults {size}", "… of a repeated put, huge pages", "faults")
    yield results.line("populate", "populate speed, 4 KiB pages", "GB/s", Budget(1.5, at_least=True), ours="ours-4k")
    yield results.line("populate", "populate speed, huge pages", "GB/s")


def _reserve(results: Results, variant: str) -> str:
    reserve = results.sample("reserve", variant)
    return f"warm reserve {reserve.median:,.0f} MiB" if reserve else "no populate metrics"


def _size_lines(results: Results, chosen: tuple[int, ...]) -> Iterator[Line]:
    for order in ("first", "repeated"):
        for size in chosen:
            line = results.line(f"{order} {size}", f"{order} put {sizes.text(size)}", "MB/s")
            line.group = "Put by size"
            for sample in (line.ours, line.reference):
                if sample is not None:
                    sample.values = [value * 1000 for value in sample.values]
            yield line
