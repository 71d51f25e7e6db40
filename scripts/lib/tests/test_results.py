"""The page of results: its tables, its command line, and that a run leaves nothing behind."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quickstart.load import Load
from quickstart.pipeline import Round
from quickstart.stages import Stage
from results.page import page
from results.variants import MEMORY_DIRECTORY, VARIANTS

ROOT = Path(__file__).resolve().parents[3]


QUIET, BUSY = Load(0.4, 2, 0.01, 0.0), Load(3.1, 2, 0.44, 0.07)


def a_round(seconds: float) -> Round:
    preprocess = Stage("preprocess", seconds * 4, seconds * 3, seconds, seconds, 0.0, 0.0, 1, 1, 1)
    train = dataclasses.replace(preprocess, name="train", reading=seconds / 10, writing=0.0)
    return Round((preprocess, train), "1.5")


def a_page(load: Load = QUIET) -> str:
    rounds = {variant.name: a_round(2.0 + index) for index, variant in enumerate(VARIANTS)}
    return page({1_472_000_000: rounds, 7_360_000_000: rounds}, 3, {"Cores": "2"}, load)


def test_given_rounds_then_each_table_has_a_row_per_size_and_the_change_from_the_first_variant() -> None:
    text = a_page()
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Writing", "Reading", "Execution", "Duration", "The"]
    rows = [line for line in text.splitlines() if line.startswith("| 1.5 GB (1404 MiB) |")]
    assert len(rows) == 4
    assert rows[0].startswith("| 1.5 GB (1404 MiB) | 2.00 | 3.00 (+50.0 %) |")
    assert rows[1].startswith("| 1.5 GB (1404 MiB) | 0.20 | 0.30 (+50.0 %) |")
    assert "not to be trusted" not in text


def test_given_a_busy_machine_then_the_page_says_so() -> None:
    assert "**The machine was busy: these figures are not to be trusted.**" in a_page(BUSY)


@pytest.mark.parametrize(
    "arguments", [["--rounds", "0"], ["--rounds"], ["--data-multipliers=1,,2"], ["--output=/nowhere/r.md"], ["--fast"]]
)
def test_given_a_wrong_argument_then_it_is_named_before_anything_is_built(arguments: list[str]) -> None:
    done = subprocess.run([ROOT / "scripts" / "results", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("✗ ") and len(done.stderr.splitlines()) == 1


def test_given_a_store_that_does_not_start_then_nothing_is_left_behind(short_directory: Path) -> None:
    before = set(MEMORY_DIRECTORY.iterdir())
    done = subprocess.run(
        [
            sys.executable, "-m", "results", "--data-multipliers=1", "--rounds=1", f"--output={short_directory / 'results.md'}",
            f"--stages={ROOT / 'examples' / 'kubeflow' / 'steps'}", "--store-command=sh -c false",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts" / "lib"), "TMPDIR": str(short_directory), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the store did not start" in done.stderr and "Traceback" not in done.stderr
    assert list(short_directory.iterdir()) == []
    assert {path for path in MEMORY_DIRECTORY.iterdir() if path.name.startswith("vineyard-results-")} <= before
