"""The result in one picture: an SVG that needs nothing else and is readable on light and dark pages."""

from html import escape

from .charts import Bar, number
from .report import Comparison
from .tables import change, scale

WIDTH, BAR, STEP, GROUP = 760, 18, 23, 106
LEFT, LONGEST = 24, 470
STYLE = """
  .card { fill: #ffffff; stroke: #e4e0da; } .track { fill: #f1eee9; } .pickles { fill: #a8a096; } .released { fill: #b79ee2; } .vineyard { fill: #6f42c1; }
  text { fill: #22201d; font: 15px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
  .title { font-size: 19px; font-weight: 600; } .strong { font-weight: 600; } .quiet { fill: #6d675f; font-size: 13px; }
  .better { fill: #1f7a43; font-size: 22px; font-weight: 600; } .worse { fill: #b3452c; font-size: 22px; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #201f25; stroke: #35333c; } .track { fill: #2a2830; } .pickles { fill: #857e8c; } .released { fill: #6a539c; } .vineyard { fill: #a57ff0; }
    text { fill: #ece9f1; } .quiet { fill: #a39eae; } .better { fill: #67cf92; } .worse { fill: #f0876e; }
  }
"""


def svg(comparison: Comparison) -> str:
    """Return the picture: writing, reading and the whole pipeline, each on a scale of its own, in seconds."""
    handed_over = comparison.vineyard.handed_over / 1e9
    groups = (
        (f"Writing {handed_over:.2f} GB in one step", "writing"),
        ("Reading it in the next ones", "reading"),
        ("The whole pipeline: three processes from start to exit", "duration"),
    )
    parts, label = [], []
    for row, (title, attribute) in enumerate(groups):
        bars = comparison.bars(attribute)
        parts.append(_group(80 + row * GROUP, title, bars))
        label.append(f"{title}: " + ", ".join(f"{number(bar.value)} s with {bar.title}" for bar in bars))
    bottom = 80 + len(groups) * GROUP
    busy = "; on a busy machine" if comparison.load.is_heavy else ""
    rounds = "one round" if comparison.rounds == 1 else f"the median of {comparison.rounds} rounds"
    facts = (
        f"scripts/quickstart: {scale(comparison.table_bytes)}B of house prices, {rounds}{busy}",
        f"{comparison.facts.get('Store', '')}; {comparison.load.cores} cores, {comparison.facts.get('Processor', '')}",
    )
    notes = "".join(
        f'<text class="quiet" x="{LEFT}" y="{bottom + 8 + 20 * line}">{escape(text)}</text>\n'
        for line, text in enumerate(facts)
    )
    height = bottom + 46
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape("; ".join(label))}">
<style>{STYLE}</style>
<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="14"/>
<text class="title" x="{LEFT}" y="38">Handing tables from step to step</text>
{_legend(comparison)}
{"".join(parts)}{notes}</svg>
"""


def _legend(comparison: Comparison) -> str:
    """Return the titles of the bars with their colours, from the left, in a column of equal width each."""
    found = []
    for place, (kind, title, _) in enumerate(comparison.titled):
        x = WIDTH - 366 + 122 * place
        found.append(
            f'<rect class="{kind}" x="{x}" y="27" width="12" height="12" rx="3"/>'
            f'<text class="quiet" x="{x + 18}" y="38">{escape(title)}</text>'
        )
    return "\n".join(found)


def _group(top: int, title: str, bars: list[Bar]) -> str:
    """Return a title, bars with their seconds, and the change from the first to the last."""
    first, last = bars[0].value, bars[-1].value
    largest = max(1e-9, *(bar.value for bar in bars))
    lines = [f'<text class="strong" x="{LEFT}" y="{top}">{escape(title)}</text>']
    for y, bar in zip(range(top + 10, top + 10 + STEP * len(bars), STEP), bars):
        length = max(2.0, LONGEST * bar.value / largest)
        lines.append(f'<rect class="track" x="{LEFT}" y="{y}" width="{LONGEST}" height="{BAR}" rx="4"/>')
        lines.append(f'<rect class="{bar.kind}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="4"/>')
        lines.append(f'<text x="{LEFT + LONGEST + 14}" y="{y + 14}">{number(bar.value)} s</text>')
    verdict = "better" if last < first else "worse"
    lines.append(
        f'<text class="{verdict}" x="{WIDTH - LEFT}" y="{top + 50}" text-anchor="end">{change(first, last)}</text>'
    )
    return "\n".join(lines) + "\n"
