"""The report of the quickstart, and that of logs: one HTML file that needs nothing else."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from . import charts, following
from .load import Load
from .pipeline import ROWS_PER_STEP, Round
from .stages import Stage
from .tables import MEASURES, change, node_costs, scale, seconds

STAGE_COLUMNS = ("process", "client import", "reading", "computing", "writing", "peak memory", "page faults")
WHAT: dict[str, str] = {
    "duration": "three processes, from start to exit",
    "execution": "what the stages time themselves, summed",
    "writing": "handing over the training and test data",
    "reading": "getting them back in train and test",
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The same work done both ways. Sizes in bytes."""

    table_bytes: int
    pickles: Round
    vineyard: Round


@dataclass(frozen=True, kw_only=True)
class Comparison(Pair):
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
    body = f"""<h1>One pipeline, two ways to hand data over</h1>
{_warning(comparison)}<p class="lead">{comparison.multiplier * ROWS_PER_STEP:,} house prices, {size}, go from preprocess to train to test:
once as pickles on disk, once through Vineyard. Both end at the same model error,
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


def page_of_logs(pairs: list[tuple[str, Pair]], titles: dict[str, str], facts: dict[str, str], maker: str) -> str:
    """Return the whole document of runs that were read from logs, of one or more data scales with their labels.

    Only what logs tell is in it: `titles` are the measures, title -> attribute. Charts are of the last pair.
    """
    label, largest = pairs[-1]
    shown = {attribute: WHAT[attribute] for attribute in titles.values() if attribute in WHAT}
    facts_list = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    body = f"""<h1>One pipeline, two ways to hand data over</h1>
<p class="lead">House prices went from preprocess to train to test: once as pickles on a volume, once through Vineyard.
The charts show {escape(label)}.</p>
{figures(largest, shown)}
{_timeline(largest)}
{_throughput(largest)}
<h2>Tables</h2>
{measures(pairs, titles)}
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
    rows = "".join(
        f"<tr><th>{title}</th><td>{seconds(one)} s</td><td>{seconds(other)} s</td><td>{change(one, other)}</td></tr>"
        for title, one, other in node_costs(comparison.vineyard, comparison.several)
    )
    return (
        f"<h2>On {comparison.nodes} nodes</h2>\n<p>Each step has a store of its own, as on another node; what it reads "
        "comes over TCP, once. This machine's loopback takes the place of a network.</p>\n"
        f"<table><tr><th></th><th>one node</th><th>{comparison.nodes} nodes</th><th>change</th></tr>{rows}</table>\n"
    )


def figures(pair: Pair, what: dict[str, str]) -> str:
    """Return a card for each attribute of `what`, which has the words for it."""
    cards = []
    for title, attribute in MEASURES.items():
        if attribute not in what:
            continue
        without, with_vineyard = getattr(pair.pickles, attribute), getattr(pair.vineyard, attribute)
        cards.append(
            f'<div class="card"><h3>{title}</h3><div class="note">{what[attribute]}</div>'
            f'<div class="change {_verdict(without, with_vineyard)}">{change(without, with_vineyard)}</div>'
            f"{charts.pair(without, with_vineyard, 's')}</div>"
        )
    legend = _legend({"pickles": "without vineyard", "vineyard": "with vineyard"})
    return legend + '\n<div class="cards">\n' + "\n".join(cards) + "\n</div>"


def _verdict(without: float, with_vineyard: float) -> str:
    """Return the class of a change; figures that differ by less than a hundredth are alike."""
    if abs(with_vineyard - without) < 0.01 * without:
        return "alike"
    return "better" if with_vineyard < without else "worse"


def _timeline(comparison: Pair) -> str:
    return f"""<h2>Where the time goes</h2>
<figure><div class="card">{_legend(charts.ACTIVITIES)}
<div class="scroll">{charts.timeline(comparison.pickles, comparison.vineyard)}</div></div>
<figcaption>One box per activity, left to right as time passes. Reading in preprocess is the load of
the table from disk, which both variants do. Importing the Vineyard client takes {seconds(comparison.vineyard.importing)} s of the three
starts, whatever the size of the data.</figcaption></figure>"""


def _throughput(comparison: Pair) -> str:
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


def measures(pairs: list[tuple[str, Pair]], titles: dict[str, str]) -> str:
    """Return one table of measures, a row for each pair; a label is for pairs that do not say their scale."""
    rows = []
    for title, attribute in titles.items():
        for label, pair in pairs:
            without, with_vineyard = getattr(pair.pickles, attribute), getattr(pair.vineyard, attribute)
            cells = {
                "data scale": escape(label) or scale(pair.table_bytes),
                "without vineyard": seconds(without),
                "with vineyard": seconds(with_vineyard),
                "change": change(without, with_vineyard),
            }
            rows.append(_row(title, cells, verdict=_verdict(without, with_vineyard)))
    headings = ("seconds, lower is better", "data scale", "without vineyard", "with vineyard", "change")
    return _table(headings, rows)


def _stages(pair: Pair, preparation: Stage | None = None) -> str:
    rows = [_group("Both variants"), _stage_row(preparation)] if preparation else []
    for title, one in (("Without vineyard", pair.pickles), ("With vineyard", pair.vineyard)):
        rows += [_group(title), *map(_stage_row, one.stages)]
    return _table(("seconds", *STAGE_COLUMNS), rows)


def _table(headings: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"


def _row(title: str, cells: dict[str, str], verdict: str = "") -> str:
    """Return one row. Each cell knows its column, so that a narrow page can show it beside the figure."""
    texts = []
    for column, text in cells.items():
        colour = f' class="{verdict}"' if column == "change" else ""
        texts.append(f'<td data-column="{column}"{colour}>{text}</td>')
    return f"<tr><td>{escape(title)}</td>{''.join(texts)}</tr>"


def _group(title: str) -> str:
    return f'<tr class="group"><td colspan="{len(STAGE_COLUMNS) + 1}">{title}</td></tr>'


def _stage_row(stage: Stage) -> str:
    times = (stage.duration, stage.importing, stage.reading, stage.computing, stage.writing)
    memory = f"{stage.peak_memory / 1e6:,.0f} MB" if stage.peak_memory else "–"
    cells = [*map(seconds, times), memory, f"{stage.page_faults:,}" if stage.page_faults else "–"]
    return _row(stage.name, dict(zip(STAGE_COLUMNS, cells)))


def _next(comparison: Comparison) -> str:
    items = "".join(
        f"<dt>{escape(what)}</dt><dd><code>{escape(how)}</code></dd>"
        for what, how in following.steps(comparison.multiplier, comparison.fitting)
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
        "Every stage is a process of its own, as it is in a pod. Both variants run the same four programs, "
        "the same seed and the same split.",
        f"Writing pickles ends when they have left the page cache ({seconds(flushing)} s of it), as it does on the "
        f"network volume of a cluster, where closing a file waits for the server. Without that, writing them "
        f"took {seconds(unflushed)} s.",
        "Reading pickles starts cold: their pages are dropped from the page cache first, and the time that "
        "takes is part of no figure.",
        "Through Vineyard, values go with vineyard.csi.write and vineyard.csi.read of the released client, "
        "unmodified, into a store of the size that clusters give it. As there, it runs before the pipeline does: the time "
        "it takes to start and to get the pages of its warm reserve (a quarter of its size, at most 1 GiB) is a table of "
        "its own and part of no other figure.",
        "Importing the Vineyard client is part of the pipeline's duration, and of no other figure. Its package comes "
        "with a vineyardctl of its own that it starts at every import; no step needs that, so it is left out here, as "
        "in the example's image.",
    )
    return '<ul class="method">' + "".join(f"<li>{escape(point)}</li>" for point in points) + "</ul>"
