"""Prints the figures: a table for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.options import Options
from bench.results import Line, Sample

HEADER = ("", "unit", "ours", "±", "reference", "±", "ratio", "budget", "")
LEFT_ALIGNED = (0, 1, 8)


def text(lines: Sequence[Line], machine: dict[str, str], options: Options) -> str:
    """Aligned table, grouped."""
    cells = [_cells(line) for line in lines]
    widths = [max(len(row[column]) for row in [HEADER, *cells]) for column in range(len(HEADER))]
    widths[-1] = 0
    out = [
        " · ".join(f"{key} {value}" for key, value in machine.items()),
        f"ours       {' '.join(options.ours)}",
        f"reference  {' '.join(options.reference)}",
        f"Medians of {options.repeats}; ± is half of (largest − smallest), of the median; ratio is ours ÷ reference.",
        "As much memory was touched just before each first put."
        if options.warm_host
        else "Memory of a first put is as the host gives it (--cold).",
        "",
        _row(HEADER, widths),
    ]
    group = ""
    for line, row in zip(lines, cells):
        if line.group != group:
            group = line.group
            out += ["", group]
        out.append(_row(row, widths))
    met, judged = count(lines)
    out += ["", f"{met} of {judged} budgets met"]
    return "\n".join(out)


def as_json(lines: Sequence[Line], machine: dict[str, str], options: Options) -> str:
    """The same with every value."""
    met, judged = count(lines)
    return json.dumps(
        {
            "machine": machine,
            "ours": options.ours,
            "reference": options.reference,
            "repeats": options.repeats,
            "quick": options.quick,
            "warm_host": options.warm_host,
            "met": met,
            "budgets": judged,
            "rows": [
                {
                    "group": line.group,
                    "what": line.what,
                    "unit": line.unit,
                    "ours": _values(line.ours),
                    "reference": _values(line.reference),
                    "ratio": line.ratio,
                    "budget": line.budget.text if line.budget else None,
                    "met": line.met,
                    "within_noise": line.within_noise,
                    "note": line.note,
                }
                for line in lines
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def count(lines: Sequence[Line]) -> tuple[int, int]:
    """Budgets met, and budgets there are (one without a figure is not met)."""
    judged = [line for line in lines if line.budget is not None]
    return sum(line.met is True for line in judged), len(judged)


def _cells(line: Line) -> tuple[str, ...]:
    verdict = "" if line.budget is None else {True: "met", False: "NOT MET", None: "NO FIGURE"}[line.met]
    if line.within_noise:
        verdict += " (by less than the noise)"
    ratio = "" if line.ratio is None else f"{number(line.ratio)}×"
    return (
        "  " + line.what,
        line.unit,
        *_figure(line.ours),
        *_figure(line.reference),
        ratio,
        line.budget.text if line.budget else "",
        "  ".join(filter(None, (verdict, line.note))),
    )


def _figure(sample: Sample | None) -> tuple[str, str]:
    if sample is None:
        return "–", ""
    spread = f"{sample.spread:.0%}" if len(sample.values) > 1 else ""
    return number(sample.median), spread


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.ljust(width) if column in LEFT_ALIGNED else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths))
    ).rstrip()


def _values(sample: Sample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    return {"median": sample.median, "spread": sample.spread, "values": sample.values}


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"
