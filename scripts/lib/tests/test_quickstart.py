"""The quickstart's own logic, and its behaviour when something goes wrong."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from quickstart import report, room, stages, tables
from quickstart.pipeline import Round, median_round, table_bytes
from quickstart.progress import QuickstartError
from quickstart.stages import Stage
from quickstart.store import Store, size_for

ROOT = Path(__file__).resolve().parents[3]
GIB = 1 << 30


def a_stage(name: str, execution: float, reading: float = 0.0, writing: float = 0.0) -> Stage:
    return Stage(name, execution + 1, execution, reading, writing, 0.0, 0.0, 1_000_000, 1_000, 366_000_000)


def a_round(read: float, error: str = "1.5") -> Round:
    return Round((a_stage("preprocess", 3, 1, 1), a_stage("train", 2, read), a_stage("test", 1, read)), error)


def a_comparison() -> report.Comparison:
    return report.Comparison(
        100, table_bytes(100), 1, a_stage("prepare_data", 2, 0, 1), a_round(0.5), a_round(0.01), {"Cores": "<2>"}, GIB
    )


def run_quickstart(tmp_path: Path, store: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "scripts" / "lib"), "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"
    }  # fmt: skip
    command = [
        sys.executable, "-m", "quickstart", "--data-multiplier=1", "--rounds=1", f"--output={tmp_path}",
        f"--stages={ROOT / 'examples' / 'house-price-pipeline'}", f"--store-command={store}", *arguments,
    ]  # fmt: skip
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a socket name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)


def a_store(directory: Path, behaviour: str) -> str:
    """Write a stand-in for the daemon that knows --version and then does one thing."""
    script = directory / "store.sh"
    script.write_text(f'[ "$1" = --version ] && echo stand-in && exit 0\n{behaviour}\n')
    return f"sh {script}"


def test_given_a_log_then_numbers_are_found_by_phrase() -> None:
    assert stages.parse_log(["####", "a b time: 1.5", "no number: x", "Training model..."]) == {"a b time": 1.5}


def test_given_a_log_without_a_phrase_then_the_error_names_it() -> None:
    with pytest.raises(QuickstartError, match="Training model data time"):
        stages.stage_from_log("train", {}, 1.0, 0, 0)


def test_given_a_cache_drop_then_it_is_no_part_of_the_duration() -> None:
    values = {"Testing model data time": 2.0, "read x_test and y_test execution time": 0.5, "drop page cache time": 4.0}
    stage = stages.stage_from_log("test", values, 7.0, 0, 0)
    assert (stage.duration, stage.starting, stage.computing) == (3.0, 1.0, 1.5)


def test_given_three_rounds_then_the_one_with_the_median_execution_counts() -> None:
    rounds = [Round((a_stage("preprocess", seconds),), "1") for seconds in (9, 1, 5)]
    assert median_round(rounds).execution == 5
    assert median_round(rounds[:2]).execution == 1


def test_given_two_rounds_then_the_tables_have_the_tutorials_columns() -> None:
    text = tables.render(table_bytes(4000), a_round(0.5), a_round(0.01))
    assert text.count("without vineyard | with vineyard") == 4
    assert "14038 Mi" in text and "−98.0 %" in text and "+0.0 %" in text


def test_given_too_little_memory_then_the_error_says_what_fits() -> None:
    with pytest.raises(QuickstartError) as caught:
        room.check(6000, 8 * GIB, 1000 * GIB)
    fits = int(str(caught.value).split("--data-multiplier ")[-1].split()[0])
    room.check(fits, 8 * GIB, 1000 * GIB)
    with pytest.raises(QuickstartError, match="memory"):
        room.check(fits + 1, 8 * GIB, 1000 * GIB)
    with pytest.raises(QuickstartError, match="disk space"):
        room.check(100, 8 * GIB, 0)


def test_the_store_is_larger_than_the_data_and_whole_mebibytes() -> None:
    for data in (1, table_bytes(100), table_bytes(6000)):
        assert size_for(data) > data and size_for(data) % (1 << 20) == 0


def test_given_a_comparison_then_the_report_is_well_formed_and_loads_nothing() -> None:
    class Checker(HTMLParser):
        open_tags: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not {"src", "href"} & {name for name, _ in attrs}
            if tag not in ("meta", "rect"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag != "rect":
                assert self.open_tags.pop() == tag

    page = report.page(a_comparison())
    checker = Checker()
    checker.feed(page)
    assert checker.open_tags == []
    assert "http" not in page and "&lt;2&gt;" in page


def test_given_a_store_that_is_slower_then_the_report_does_not_hide_it() -> None:
    comparison = a_comparison()
    swapped = dataclasses.replace(comparison, pickles=comparison.vineyard, vineyard=comparison.pickles)
    assert 'class="change worse">+4900.0 %' in report.page(swapped)


def test_given_a_store_that_exits_then_one_line_and_its_last_words(short_directory: Path) -> None:
    process = run_quickstart(short_directory, a_store(short_directory, "echo out of luck >&2; exit 7"))
    output, progress = process.communicate(timeout=30)
    assert process.returncode == 1 and output == ""
    assert "✗ the store did not start, exit status 7 (" in progress and "out of luck" in progress
    assert [path.name for path in short_directory.iterdir()] == ["store.sh"]


def test_given_no_such_store_then_the_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(QuickstartError, match="/no/such"):
        Store("/no/such --flag", tmp_path / "volume", GIB).__enter__()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_given_a_signal_while_the_store_starts_then_nothing_is_left(
    short_directory: Path, number: signal.Signals
) -> None:
    note = short_directory / "pid"
    process = run_quickstart(short_directory, a_store(short_directory, f"echo $$ > {note}; exec sleep 100"))
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, progress = process.communicate(timeout=30)
    assert process.returncode == 128 + number, progress
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
    assert sorted(path.name for path in short_directory.iterdir()) == ["pid", "store.sh"]
