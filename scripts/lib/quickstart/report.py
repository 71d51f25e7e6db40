"""The report: one HTML file that needs nothing else."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from . import charts
from .pipeline import ROWS_PER_STEP, Round
from .stages import Stage
from .tables import MEASURES, change, scale, seconds

WHAT: dict[str, str] = {
    "duration": "three processes, from start to exit",
    "execution": "what the stages time themselves, summed",
    "writing": "handing over the training and test data",
    "reading": "getting them back in train and test",
}


@dataclass(frozen=True)
class Comparison:
    """Everything the report says. Sizes in bytes."""

    multiplier: int
    table_bytes: int
    rounds: int
    preparation: Stage
    pickles: Round
    vineyard: Round
    facts: dict[str, str]
    store_bytes: int


def write_report(path: Path, comparison: Comparison) -> None:
    """Write the report in one step, so that a reader never sees half of it."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(page(comparison), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def page(comparison: Comparison) -> str:
    """Return the whole document."""
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    size = f"{scale(comparison.table_bytes)}B"
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vineyard quickstart: {size}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>One pipeline, two ways to hand data over</h1>
<p class="lead">{comparison.multiplier * ROWS_PER_STEP:,} house prices, {size}, go from preprocess to train to test:
once as pickles on disk, once through Vineyard. Both end at the same model error,
{float(comparison.vineyard.model_error):,.0f}.</p>
{_legend({"pickles": "without vineyard", "vineyard": "with vineyard"})}
<div class="cards">
{_cards(comparison)}
</div>
{_timeline(comparison)}
{_throughput(comparison)}
<h2>Tables</h2>
{_measures(comparison)}
<h2>Stage by stage</h2>
{_stages(comparison)}
<h2>Where this ran</h2>
{_facts(comparison)}
<h2>How it was measured</h2>
{_method(comparison)}
<footer>Made by scripts/quickstart --data-multiplier {comparison.multiplier} --rounds {comparison.rounds}, {now}</footer>
</main>
</body>
</html>
"""


def _legend(entries: dict[str, str]) -> str:
    items = "".join(f'<li><i class="{kind}"></i>{escape(words)}</li>' for kind, words in entries.items())
    return f'<ul class="legend">{items}</ul>'


def _cards(comparison: Comparison) -> str:
    cards = []
    for title, attribute in MEASURES.items():
        without, with_vineyard = getattr(comparison.pickles, attribute), getattr(comparison.vineyard, attribute)
        cards.append(
            f'<div class="card"><h3>{title}</h3><div class="note">{WHAT[attribute]}</div>'
            f'<div class="change {_verdict(without, with_vineyard)}">{change(without, with_vineyard)}</div>'
            f"{charts.pair(without, with_vineyard, 's')}</div>"
        )
    return "\n".join(cards)


def _verdict(without: float, with_vineyard: float) -> str:
    return "better" if with_vineyard < without else "worse"


def _timeline(comparison: Comparison) -> str:
    importing = sum(stage.importing for stage in comparison.vineyard.stages)
    return f"""<h2>Where the time goes</h2>
<figure><div class="card">{_legend(charts.ACTIVITIES)}
{charts.timeline(comparison.pickles, comparison.vineyard)}</div>
<figcaption>One box per activity, left to right as time passes. Reading in preprocess is the load of
the table from disk, which both variants do. Importing the Vineyard client takes {seconds(importing)} s of the three starts,
whatever the size of the data.</figcaption></figure>"""


def _throughput(comparison: Comparison) -> str:
    cards = []
    for title, attribute in (("Writing", "writing"), ("Reading", "reading")):
        rates = [_rate(one.handed_over, getattr(one, attribute)) for one in (comparison.pickles, comparison.vineyard)]
        cards.append(
            f'<div class="card"><h3>{title}</h3><div class="note">{rates[1] / rates[0]:.1f} × the pickles</div>'
            f"{charts.pair(*rates, 'GB/s')}</div>"
        )
    return f"""<section><h2>Throughput</h2>
<p class="note">{comparison.vineyard.handed_over / 1e6:,.0f} MB of training and test data, divided by the time.
Reading from Vineyard maps the memory instead of copying it, so its figure grows with the data.</p>
<div class="cards">{"".join(cards)}</div></section>"""


def _rate(size: int, duration: float) -> float:
    """Return GB/s (powers of ten)."""
    return size / max(duration, 1e-9) / 1e9


def _measures(comparison: Comparison) -> str:
    rows = []
    for title, attribute in MEASURES.items():
        without, with_vineyard = getattr(comparison.pickles, attribute), getattr(comparison.vineyard, attribute)
        rows.append(
            f"<tr><td>{title}</td><td>{scale(comparison.table_bytes)}</td><td>{seconds(without)}</td>"
            f"<td>{seconds(with_vineyard)}</td>"
            f'<td class="{_verdict(without, with_vineyard)}">{change(without, with_vineyard)}</td></tr>'
        )
    return f"""<div class="scroll"><table>
<thead><tr><th>seconds, lower is better</th><th>data scale</th><th>without vineyard</th><th>with vineyard</th><th>change</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>"""


def _stages(comparison: Comparison) -> str:
    rows = [_group("Both variants"), _stage_row(comparison.preparation)]
    for title, one in (("Without vineyard", comparison.pickles), ("With vineyard", comparison.vineyard)):
        rows += [_group(title), *map(_stage_row, one.stages)]
    return f"""<div class="scroll"><table>
<thead><tr><th>seconds</th><th>process</th><th>reading</th><th>computing</th><th>writing</th>
<th>peak memory</th><th>page faults</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>"""


def _group(title: str) -> str:
    return f'<tr class="group"><td colspan="7">{title}</td></tr>'


def _stage_row(stage: Stage) -> str:
    times = (stage.duration, stage.reading, stage.computing, stage.writing)
    cells = "".join(f"<td>{seconds(value) if value else '–'}</td>" for value in times)
    memory = f"<td>{stage.peak_memory / 1e6:,.0f} MB</td><td>{stage.page_faults:,}</td>"
    return f"<tr><td>{escape(stage.name)}</td>{cells}{memory}</tr>"


def _facts(comparison: Comparison) -> str:
    facts = {
        **comparison.facts,
        "Store size": f"{comparison.store_bytes / (1 << 20):,.0f} MiB",
        "Store ready after": f"{comparison.vineyard.store_start * 1000:.0f} ms",
    }
    return "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items()) + "</dl>"


def _method(comparison: Comparison) -> str:
    flushing = comparison.pickles.stages[0].flushing
    unflushed = comparison.pickles.writing - flushing
    rounds = "One measured round of each variant" if comparison.rounds == 1 else (
        f"{comparison.rounds} measured rounds of each variant in turn; shown is the one with the median execution time"
    )  # fmt: skip
    points = (
        f"{rounds}, after a full round with pickles that does not count. The table is prepared once, before.",
        "Every stage is a process of its own, as it is in a pod. Both variants run the same four programs, "
        "the same seed and the same split.",
        f"Writing pickles ends when they have left the page cache ({seconds(flushing)} s of it), as it does on the "
        f"network volume of a cluster, where closing a file waits for the server. Without that, writing them "
        f"took {seconds(unflushed)} s.",
        "Reading pickles starts cold: their pages are dropped from the page cache first, and the time that "
        "takes is part of no figure.",
        "Through Vineyard, values go with vineyard.csi.write and vineyard.csi.read of the released client, "
        "unmodified, into a store that was just started.",
    )
    return '<ul class="method">' + "".join(f"<li>{escape(point)}</li>" for point in points) + "</ul>"
