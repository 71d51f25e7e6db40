"""The page of results, as Markdown."""

import datetime

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


def page(results: dict[int, dict[str, Round]], rounds: int, facts: dict[str, str], load: Load) -> str:
    """Return the page. `results` has a round of each variant by the bytes of the table; the first is the baseline."""
    any_size = next(iter(results.values()))
    lines = [
        "# Results",
        "",
        f"Written by `scripts/results` on {datetime.date.today():%d %B %Y}. The pipeline of",
        "[examples/kubeflow](../examples/kubeflow/README.md) hands its training and test data, as large as the table",
        f"itself, from step to step in several ways. Seconds, the median of {_rounds(rounds)}; in brackets the change from",
        f"*{next(iter(any_size))}*.",
        "",
        "* **cold**: writing ends when the disk has the data, as on a network volume at every close, and every read comes from",
        "  the disk. **warm**: the page cache takes and gives what it can. The first load of the table is cold in all but warm.",
        "* **tmpfs**: the parts are files in memory, the table is on the disk.",
        "* **Vineyard**: our store with the released Python client 0.24.2. Reading maps memory: its time does not grow with",
        "  the data. The columns are first read when they are computed with.",
    ]
    for title, (attribute, meaning) in MEASURES.items():
        lines += ["", f"## {title}", "", meaning, ""]
        lines += _table(results, attribute)
    lines += ["", "## The machine", ""]
    lines += [f"* {name}: {value}" for name, value in facts.items()]
    lines.append(f"* Load while measuring: {load}")
    if load.is_heavy:
        lines += ["", "**The machine was busy: these figures are not to be trusted.**"]
    return "\n".join(lines) + "\n"


def _table(results: dict[int, dict[str, Round]], attribute: str) -> list[str]:
    names = list(next(iter(results.values())))
    lines = [f"| data | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for size, rounds in results.items():
        baseline = getattr(rounds[names[0]], attribute)
        cells = [seconds(baseline)]
        for name in names[1:]:
            value = getattr(rounds[name], attribute)
            cells.append(f"{seconds(value)} ({change(baseline, value)})")
        lines.append(f"| {size / 1e9:.1f} GB ({scale(size)}B) | {' | '.join(cells)} |")
    return lines


def _rounds(rounds: int) -> str:
    return "one round" if rounds == 1 else f"{rounds} rounds"
