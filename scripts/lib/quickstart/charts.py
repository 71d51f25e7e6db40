"""Inline SVG charts. Colours come from the page's style sheet, by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .pipeline import Round
from .tables import seconds

# Activity of a stage -> what the legend calls it.
ACTIVITIES: dict[str, str] = {
    "starting": "start and other imports",
    "importing": "importing the Vineyard client",
    "reading": "reading",
    "computing": "computing",
    "writing": "writing",
}
WIDTH = 800


@dataclass(frozen=True)
class Bar:
    """One way of handing data over in a chart: its class in the style sheet, its title, and what is shown of it."""

    kind: str
    title: str
    value: float


def bars(shown: Sequence[Bar], unit: str) -> str:
    """Return bars, one below the other, on a scale of their own."""
    largest = max(1e-9, *(bar.value for bar in shown))
    rows = []
    for y, bar in zip(range(0, 26 * len(shown), 26), shown):
        length = max(2.0, 270 * bar.value / largest)
        rows.append(
            f'<rect class="track" x="0" y="{y}" width="270" height="20" rx="4"/>'
            f'<rect class="{bar.kind}" x="0" y="{y}" width="{length:.1f}" height="20" rx="4"/>'
            f'<text x="366" y="{y + 15}" text-anchor="end">{number(bar.value)} {unit}</text>'
        )
    label = ", ".join(f"{bar.title} {number(bar.value)} {unit}" for bar in shown)
    height = 26 * len(shown) - 6
    return f'<svg viewBox="0 0 366 {height}" role="img" aria-label="{escape(label)}">{"".join(rows)}</svg>'


def timeline(rounds: Sequence[tuple[str, Round]]) -> str:
    """Return rounds, each with its title, as bars of time: one box per activity, one group per stage."""
    longest = max(one.duration for _, one in rounds)
    gap = 3.0
    per_second = (WIDTH - 2 * gap) / longest
    parts = []
    for top, (title, one) in zip(range(0, 96 * len(rounds), 96), rounds):
        parts.append(f'<text class="strong" x="0" y="{top + 14}">{escape(title.capitalize())}</text>')
        parts.append(f'<text x="{WIDTH}" y="{top + 14}" text-anchor="end">{seconds(one.duration)} s</text>')
        x = 0.0
        for stage in one.stages:
            begin = x
            for activity, words in ACTIVITIES.items():
                value = getattr(stage, activity)
                width = value * per_second
                parts.append(
                    f'<rect class="{activity}" x="{x:.2f}" y="{top + 24}" width="{width:.2f}" height="34">'
                    f"<title>{escape(stage.name)}, {words}: {seconds(value)} s</title></rect>"
                )
                x += width
            if x - begin > 8 * len(stage.name):
                parts.append(f'<text class="quiet" x="{begin:.1f}" y="{top + 75}">{escape(stage.name)}</text>')
            x += gap
    label = ", ".join(f"{title} {seconds(one.duration)} s" for title, one in rounds)
    height = 96 * len(rounds) - 14
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def number(value: float) -> str:
    """Return a number with about three digits."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"
