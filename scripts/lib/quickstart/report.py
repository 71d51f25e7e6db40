"""The report of the quickstart, and that of logs: one HTML file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from . import charts, following
from .load import Load
from .pipeline import ROWS_PER_STEP, Round
from .stages import Stage
from .tables import MEASURES, THREE_WAYS, TWO_WAYS, cells, change, headings, node_costs, scale, seconds

STAGE_COLUMNS = ("process", "client import", "reading", "computing", "writing", "peak memory", "page faults")
WHAT: dict[str, str] = {
    "duration": "three processes, from start to exit",
    "execution": "what the stages time themselves, summed",
    "writing": "handing over the training and test data",
    "reading": "getting them back in train and test",
}


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The same work done without and with Vineyard. Sizes in bytes."""

    table_bytes: int
    pickles: Round
    vineyard: Round  # with our client, where there is a round with the released one
    released: Round | None = None

    @property
    def titled(self) -> list[tuple[str, str, Round]]:
        """All of them, the baseline first: class in the style sheet, title, round."""
        if self.released is None:
            return list(zip(("pickles", "vineyard"), TWO_WAYS, (self.pickles, self.vineyard)))
        kinds = ("pickles", "released", "vineyard")
        return list(zip(kinds, THREE_WAYS, (self.pickles, self.released, self.vineyard)))

    def bars(self, attribute: str) -> list[charts.Bar]:
        """An attribute of all rounds, as bars."""
        return [charts.Bar(kind, title, getattr(one, attribute)) for kind, title, one in self.titled]


@dataclass(frozen=True, kw_only=True)
class Comparison(Ways):
    """Everything the report of the quickstart says. Sizes in bytes."""

    multiplier: int
    rounds: int
    preparation: Stage
    facts: dict[str, str]
    store_bytes: int
    load: Load  # while the rounds ran
    fitting: int  # the largest multiplier that this machine has room for
    nodes: int = 1
    several: Round | None = None  # each step on the store of another node
    is_built: bool = True  # whether the store is the program that the quickstart has built


def write_atomically(path: Path, text: str) -> None:
    """Write a file in one step, so that a reader never sees half of it."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def page(comparison: Comparison) -> str:
    """Return the whole document of a quickstart."""
    size = f"{scale(comparison.table_bytes)}B"
    body = f"""<h1>One pipeline, several ways to hand data over</h1>
{_warning(comparison)}<p class="lead">{comparison.multiplier * ROWS_PER_STEP:,} house prices, {size}, go from preprocess to train to test:
as pickles on disk, and through Vineyard with the released client and with ours. All end at the same model error,
{float(comparison.vineyard.model_error):,.0f}.</p>
{figures(comparison, WHAT)}
{_timeline(comparison)}
{_throughput(comparison)}
<h2>Tables</h2>
{measures([("", comparison)], MEASURES)}
{_nodes(comparison)}<h2>Stage by stage</h2>
{_stages(comparison, comparison.preparation)}
<h2>Where this ran</h2>
{_facts(comparison)}
<h2>How it was measured</h2>
{_method(comparison)}
<h2>What to do next</h2>
{_next(comparison)}"""
    maker = f"scripts/quickstart --data-multiplier {comparison.multiplier} --rounds {comparison.rounds}"
    return document(f"Vineyard quickstart: {size}", body, maker)


def page_of_logs(scales: list[tuple[str, Ways]], titles: dict[str, str], facts: dict[str, str], maker: str) -> str:
    """Return the whole document of runs that were read from logs, of one or more data scales with their labels.

    Only what logs tell is in it: `titles` are the measures, title -> attribute. Charts are of the last one.
    """
    label, largest = scales[-1]
    shown = {attribute: WHAT[attribute] for attribute in titles.values() if attribute in WHAT}
    facts_list = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    body = f"""<h1>One pipeline, two ways to hand data over</h1>
<p class="lead">House prices went from preprocess to train to test: once as pickles on a volume, once through Vineyard.
The charts show {escape(label)}.</p>
{figures(largest, shown)}
{_timeline(largest)}
{_throughput(largest)}
<h2>Tables</h2>
{measures(scales, titles)}
<h2>Stage by stage</h2>
{_stages(largest)}
<h2>Where this is from</h2>
<dl>{facts_list}</dl>"""
    return document("Vineyard comparison", body, maker)


def document(title: str, body: str, maker: str) -> str:
    """Return a document with the house's style; the footer says which command made it, and when."""
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
<footer>Made by {escape(maker)}, {now}</footer>
</main>
</body>
</html>
"""


def _legend(entries: dict[str, str]) -> str:
    items = "".join(f'<li><i class="{kind}"></i>{escape(words)}</li>' for kind, words in entries.items())
    return f'<ul class="legend">{items}</ul>'


def _warning(comparison: Comparison) -> str:
    """Return a box that says that the machine was busy, if it was."""
    if not comparison.load.is_heavy:
        return ""
    return (
        f'<p class="warning"><strong>The machine was busy, so these figures are not to be trusted</strong>: '
        f"{escape(str(comparison.load))}. Run it again when nothing else works.</p>\n"
    )


def _nodes(comparison: Comparison) -> str:
    """Return a table of what several nodes cost, where there were some."""
    if not comparison.several:
        return ""
    columns = headings("seconds, lower is better", ("one node", f"{comparison.nodes} nodes"))
    rows = [_row(title, columns, values) for title, values in node_costs(comparison.vineyard, comparison.several)]
    return (
        f"<h2>On {comparison.nodes} nodes</h2>\n<p>Each step has a store of its own, as on another node; what it reads "
        "comes over TCP, once. This machine's loopback takes the place of a network.</p>\n"
        f"{_table(columns, rows)}\n"
    )


def figures(ways: Ways, what: dict[str, str]) -> str:
    """Return a card for each attribute of `what`, which has the words for it."""
    cards = []
    for title, attribute in MEASURES.items():
        if attribute not in what:
            continue
        without, with_vineyard = getattr(ways.pickles, attribute), getattr(ways.vineyard, attribute)
        cards.append(
            f'<div class="card"><h3>{title}</h3><div class="note">{what[attribute]}</div>'
            f'<div class="change {_verdict(without, with_vineyard)}">{change(without, with_vineyard)}</div>'
            f"{charts.bars(ways.bars(attribute), 's')}</div>"
        )
    legend = _legend({kind: title for kind, title, _ in ways.titled})
    return legend + '\n<div class="cards">\n' + "\n".join(cards) + "\n</div>"


def _verdict(without: float, with_vineyard: float) -> str:
    """Return the class of a change; figures that differ by less than a hundredth are alike."""
    if abs(with_vineyard - without) < 0.01 * without:
        return "alike"
    return "better" if with_vineyard < without else "worse"


def _timeline(ways: Ways) -> str:
    clients = " and ".join(seconds(one.importing) for _, _, one in ways.titled[1:])
    return f"""<h2>Where the time goes</h2>
<figure><div class="card">{_legend(charts.ACTIVITIES)}
<div class="scroll">{charts.timeline([(title, one) for _, title, one in ways.titled])}</div></div>
<figcaption>One box per activity, left to right as time passes. Reading in preprocess is the load of
the table from disk, which all variants do. Importing the Vineyard client takes {clients} s of the three
starts, whatever the size of the data.</figcaption></figure>"""


def _throughput(ways: Ways) -> str:
    cards = []
    for title, attribute in (("Writing", "writing"), ("Reading", "reading")):
        rates = [
            charts.Bar(bar.kind, bar.title, _rate(ways.vineyard.handed_over, bar.value)) for bar in ways.bars(attribute)
        ]
        cards.append(
            f'<div class="card"><h3>{title}</h3><div class="note">{rates[-1].value / rates[0].value:.1f} × the pickles</div>'
            f"{charts.bars(rates, 'GB/s')}</div>"
        )
    return f"""<section><h2>Throughput</h2>
<p class="note">{ways.vineyard.handed_over / 1e6:,.0f} MB of training and test data, divided by the time.
Reading from Vineyard maps the memory instead of copying it, so its figure grows with the data.</p>
<div class="cards">{"".join(cards)}</div></section>"""


def _rate(size: int, duration: float) -> float:
    """Return GB/s (powers of ten)."""
    return size / max(duration, 1e-9) / 1e9


def measures(scales: list[tuple[str, Ways]], titles: dict[str, str]) -> str:
    """Return one table of measures, a row for each data scale; a label is for those that do not say theirs."""
    columns = ("seconds, lower is better", *headings("data scale", [title for _, title, _ in scales[0][1].titled]))
    rows = []
    for title, attribute in titles.items():
        for label, ways in scales:
            values = [bar.value for bar in ways.bars(attribute)]
            rows.append(_row(title, columns, values, escape(label) or scale(ways.table_bytes)))
    return _table(columns, rows)


def _stages(ways: Ways, preparation: Stage | None = None) -> str:
    rows = [_group("All variants"), _stage_row(preparation)] if preparation else []
    for _, title, one in ways.titled:
        rows += [_group(title.capitalize()), *map(_stage_row, one.stages)]
    return _table(("seconds", *STAGE_COLUMNS), rows)


def _table(columns: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"


def _row(title: str, columns: tuple[str, ...], values: Sequence[float], *labels: str) -> str:
    """Return a row of a measure: labels, then seconds and changes, which have a colour."""
    baseline, *others = values
    verdicts = [word for other in others for word in ("", _verdict(baseline, other))]
    classes = [*("" for _ in labels), "", *verdicts]
    return _cells(title, columns, [*labels, *cells(values)], classes)


def _cells(title: str, columns: tuple[str, ...], texts: Sequence[str], classes: Sequence[str]) -> str:
    """Return one row. Each cell knows its column, so that a narrow page can show it beside the figure."""
    found = []
    for column, text, kind in zip(columns[1:], texts, classes, strict=True):
        colour = f' class="{kind}"' if kind else ""
        found.append(f'<td data-column="{column}"{colour}>{text}</td>')
    return f"<tr><td>{escape(title)}</td>{''.join(found)}</tr>"


def _group(title: str) -> str:
    return f'<tr class="group"><td colspan="{len(STAGE_COLUMNS) + 1}">{title}</td></tr>'


def _stage_row(stage: Stage) -> str:
    times = (stage.duration, stage.importing, stage.reading, stage.computing, stage.writing)
    memory = f"{stage.peak_memory / 1e6:,.0f} MB" if stage.peak_memory else "–"
    texts = [*map(seconds, times), memory, f"{stage.page_faults:,}" if stage.page_faults else "–"]
    return _cells(stage.name, ("", *STAGE_COLUMNS), texts, [""] * len(texts))


def _next(comparison: Comparison) -> str:
    items = "".join(
        f"<dt>{escape(what)}</dt><dd><code>{escape(how)}</code></dd>"
        for what, how in following.steps(comparison.multiplier, comparison.fitting, comparison.is_built)
    )
    return f"<dl>{items}</dl>"


def _facts(comparison: Comparison) -> str:
    facts = {
        **comparison.facts,
        "Pages of the store": comparison.vineyard.page_kind or "the store does not say",
        "Store size": f"{comparison.store_bytes / (1 << 20):,.0f} MiB",
        "Load during the run": str(comparison.load),
        "Store ready after": f"{comparison.vineyard.store_start * 1000:.0f} ms, "
        f"its warm reserve after {seconds(comparison.vineyard.store_warm)} s",
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
        "Every stage is a process of its own, as it is in a pod. All variants run the same four programs, "
        "the same seed and the same split, in environments that differ in the Vineyard client only.",
        f"Writing pickles ends when they have left the page cache ({seconds(flushing)} s of it), as it does on the "
        f"network volume of a cluster, where closing a file waits for the server. Without that, writing them "
        f"took {seconds(unflushed)} s.",
        "Reading pickles starts cold: their pages are dropped from the page cache first, and the time that "
        "takes is part of no figure.",
        "Through Vineyard, values go with vineyard.csi.write and vineyard.csi.read, once of the released client, "
        "unmodified, once of ours, into a store of the size that clusters give it. As there, it runs before the pipeline does: the time "
        "it takes to start and to get the pages of its warm reserve (a quarter of its size, at most 1 GiB) is a table of "
        "its own and part of no other figure.",
        "Importing the Vineyard client is part of the pipeline's duration, and of no other figure. The released one "
        "comes with a vineyardctl of its own that it starts at every import; no step needs that, so it is left out "
        "here, as in the example's image.",
    )
    return '<ul class="method">' + "".join(f"<li>{escape(point)}</li>" for point in points) + "</ul>"
