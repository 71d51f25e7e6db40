"""The tutorial's four tables, and two for the price of the client and of the store, as text."""

from collections.abc import Sequence

from .pipeline import Round

# Title -> attribute of a round.
MEASURES: dict[str, str] = {
    "Pipeline duration": "duration",
    "Execution time": "execution",
    "Writing time": "writing",
    "Reading time": "reading",
    "Import time of the client": "importing",
    "Start of the store, before the pipeline": "store_warm",
}
# Headings of what is compared: by the tutorial, and by the quickstart, which has a column for each client.
TWO_WAYS = ("without vineyard", "with vineyard")
THREE_WAYS = ("pickles on disk", "released client", "our client")


def scale(table_bytes: int) -> str:
    """Return the data scale as the tutorial labels it, in MiB."""
    return f"{max(1, round(table_bytes / (1 << 20)))} Mi"


def seconds(value: float) -> str:
    """Return seconds with two digits that mean something; a dash for what did not happen."""
    if value == 0:
        return "–"
    digits = 1 if value >= 100 else 2 if value >= 0.1 else 3 if value >= 0.01 else 4
    return f"{value:.{digits}f}"


def change(without: float, with_vineyard: float) -> str:
    """Return how much longer or shorter, in percent, with its sign."""
    if without <= 0:
        return "–"
    return f"{(with_vineyard - without) / without * 100:+.1f} %".replace("-", "−")


def headings(first: str, ways: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table: the first one, what all is compared with, and each other way with its change."""
    return (first, ways[0], *(heading for way in ways[1:] for heading in (way, "change")))


def cells(values: Sequence[float]) -> tuple[str, ...]:
    """Return a row's seconds, each but the first followed by its change from the first."""
    baseline, *others = values
    return (seconds(baseline), *(text for value in others for text in (seconds(value), change(baseline, value))))


def table(title: str, rows: list[tuple[str, Sequence[float]]], columns: tuple[str, ...]) -> str:
    """Return a table of seconds: a label and values in each row; lower is better."""
    lines = [columns, *((label, *cells(values)) for label, values in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    header, *body = [_line(line, widths) for line in lines]
    return "\n".join([f"{title} (seconds, lower is better)", header, rule, *body])


def render(table_bytes: int, pickles: Round, released: Round, vineyard: Round) -> str:
    """Return the tables of one data scale."""
    columns = headings("data scale", THREE_WAYS)
    return "\n\n".join(
        table(
            title, [(scale(table_bytes), [getattr(one, attribute) for one in (pickles, released, vineyard)])], columns
        )
        for title, attribute in MEASURES.items()
    )


def node_costs(one: Round, several: Round) -> list[tuple[str, tuple[float, float]]]:
    """Return what changes when each step has a store of its own: measure, seconds on one node and on several."""
    measures = ("duration", "execution", "writing", "reading")
    return [
        (title, (getattr(one, name), getattr(several, name))) for title, name in MEASURES.items() if name in measures
    ]


def nodes(table_bytes: int, one: Round, several: Round, count: int) -> str:
    """Return a table of what it costs that each step has a store of its own, and the bytes come over TCP."""
    columns = headings("", ("one node", f"{count} nodes"))
    return table(f"What {count} nodes cost, {scale(table_bytes)}B", node_costs(one, several), columns)


def summary(pickles: Round, vineyard: Round) -> str:
    """Return the outcome in one sentence."""
    handing_over = (pickles.handing_over, vineyard.handing_over)
    whole = (pickles.duration, vineyard.duration)
    return (
        f"handing over {vineyard.handed_over / 1e9:.2f} GB: {seconds(handing_over[0])} s with pickles, "
        f"{seconds(handing_over[1])} s through Vineyard ({change(*handing_over)}); "
        f"the whole pipeline: {seconds(whole[0])} s and {seconds(whole[1])} s ({change(*whole)})"
        f"{_why_slower(pickles, vineyard)}"
    )


def _why_slower(pickles: Round, vineyard: Round) -> str:
    """Return why the whole pipeline takes longer with Vineyard; nothing when it does not."""
    if vineyard.duration <= pickles.duration:
        return ""
    importing = f"importing its client takes {seconds(vineyard.importing)} s"
    if vineyard.handing_over >= pickles.handing_over:
        return f": slower with Vineyard, for data this small; {importing}, whatever the size of the data"
    saved = f"handing over gains {seconds(pickles.handing_over - vineyard.handing_over)} s"
    if vineyard.duration - vineyard.importing > pickles.duration:
        return f": slower with Vineyard, because the steps' own work took longer this time; {saved}, and {importing}"
    return f": slower with Vineyard, because {importing}, whatever the size of the data, and {saved}; larger data gain more"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "| " + " | ".join(cell.rjust(width) for cell, width in zip(cells, widths)) + " |"
