"""Inline SVG charts. Colours come from the page's style sheet, by class."""

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


def pair(without: float, with_vineyard: float, unit: str) -> str:
    """Return two bars, one above the other, on a scale of their own."""
    largest = max(without, with_vineyard, 1e-9)
    rows = []
    for y, kind, value in ((0, "pickles", without), (26, "vineyard", with_vineyard)):
        length = max(2.0, 270 * value / largest)
        rows.append(
            f'<rect class="track" x="0" y="{y}" width="270" height="20" rx="4"/>'
            f'<rect class="{kind}" x="0" y="{y}" width="{length:.1f}" height="20" rx="4"/>'
            f'<text x="366" y="{y + 15}" text-anchor="end">{number(value)} {unit}</text>'
        )
    label = f"without vineyard {number(without)} {unit}, with vineyard {number(with_vineyard)} {unit}"
    return f'<svg viewBox="0 0 366 46" role="img" aria-label="{label}">{"".join(rows)}</svg>'


def timeline(pickles: Round, vineyard: Round) -> str:
    """Return both variants as bars of time: one box per activity, one group per stage."""
    longest = max(pickles.duration, vineyard.duration)
    gap = 3.0
    per_second = (WIDTH - 2 * gap) / longest
    parts = []
    for top, title, one in ((0, "Without vineyard", pickles), (96, "With vineyard", vineyard)):
        parts.append(f'<text class="strong" x="0" y="{top + 14}">{title}</text>')
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
    label = f"without vineyard {seconds(pickles.duration)} s, with vineyard {seconds(vineyard.duration)} s"
    return f'<svg viewBox="0 0 {WIDTH} 178" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def number(value: float) -> str:
    """Return a number with about three digits."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"
