"""The page of results, as Markdown."""

import datetime
from dataclasses import dataclass

from quickstart.load import Load
from quickstart.pipeline import Round
from quickstart.tables import change, scale, seconds

# Title -> attribute of a round, and a sentence that says what it is.
MEASURES = {
    "Writing": ("writing", "`preprocess` hands over training and test data."),
    "Reading": ("reading", "`train` and `test` get them."),
    "Execution": (
        "execution",
        "What the three steps log: the first load of the table, computing, writing and reading.",
    ),
    "Duration": ("duration", "The three processes from start to exit, imports included."),
}


@dataclass(frozen=True)
class Size:
    """One size: the table in bytes, how many rounds of each variant there were, and the median one by its name."""

    table_bytes: int
    count: int
    rounds: dict[str, Round]


def page(sizes: list[Size], facts: dict[str, str], load: Load) -> str:
    """Return the page; the first variant is the baseline."""
    baseline = next(iter(sizes[0].rounds))
    lines = [
        "# Results",
        "",
        f"Written by `scripts/results` on {datetime.date.today():%d %B %Y}. The pipeline of",
        "[examples/kubeflow](../examples/kubeflow/README.md) hands its training and test data, as large as the table",
        f"itself, from step to step in several ways. Seconds, {_rounds(sizes)}; in brackets the change from",
        f"*{baseline}*.",
        "",
        "* **cold**: writing ends when the disk has the data, as on a network volume at every close, and every read comes from",
        "  the disk. **warm**: the page cache takes and gives what it can. The first load of the table is cold in all but warm.",
        "* **tmpfs**: the parts are files in memory, the table is on the disk.",
        "* **Vineyard**: our store, with the released Python client 0.24.2 and with [ours](python.md). Reading maps memory: its",
        "  time does not grow with the data. The columns are first read when they are computed with.",
        "* The steps are the same programs in all columns. What they compute with is made in one pass over the columns,",
        "  wherever these are.",
        "* A step that has read a file and let it go works on in that memory. One that maps its input takes new memory for the",
        "  same work, which counts in its execution: where a virtual machine gets it from its host first (*New memory* below),",
        "  at that speed.",
    ]
    for title, (attribute, meaning) in MEASURES.items():
        lines += ["", f"## {title}", "", meaning, "", *_table(sizes, attribute)]
    lines += ["", "## The machine", ""]
    lines += [f"* {name}: {value}" for name, value in facts.items()]
    lines.append(f"* Load while measuring: {load}")
    if load.is_heavy:
        lines += ["", "**The machine was busy: these figures are not to be trusted.**"]
    return "\n".join(lines) + "\n"


def _table(sizes: list[Size], attribute: str) -> list[str]:
    names = list(sizes[0].rounds)
    lines = [f"| data | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for size in sizes:
        baseline = getattr(size.rounds[names[0]], attribute)
        cells = [seconds(baseline)]
        for name in names[1:]:
            value = getattr(size.rounds[name], attribute)
            cells.append(f"{seconds(value)} ({change(baseline, value)})")
        lines.append(f"| {size.table_bytes / 1e9:.1f} GB ({scale(size.table_bytes)}B) | {' | '.join(cells)} |")
    return lines


def _rounds(sizes: list[Size]) -> str:
    """Return how many rounds there were, of each size where they differ."""
    counts = [size.count for size in sizes]
    if len(set(counts)) == 1:
        return "one round" if counts[0] == 1 else f"the median of {counts[0]} rounds"
    return f"the median of {', '.join(map(str, counts[:-1]))} and {counts[-1]} rounds, in the order of sizes"
