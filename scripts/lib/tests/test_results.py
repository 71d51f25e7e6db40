"""The page of results: its tables, its command line, and that a run leaves nothing behind."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quickstart.load import Load
from quickstart.pipeline import Round
from quickstart.stages import Stage
from results import __main__ as results
from results.kept import Kept, Measured, fingerprint, total_load
from results.page import Size, page
from results.variants import MEMORY_DIRECTORY, VARIANTS, Variant

ROOT = Path(__file__).resolve().parents[3]


QUIET, BUSY = Load(0.4, 2, 0.01, 0.0), Load(3.1, 2, 0.44, 0.07)


def a_client(directory: Path) -> Path:
    """Write a stand-in for the interpreter with our client."""
    program = directory / "python"
    program.write_text("#!/bin/sh\necho 9.9\n")
    program.chmod(0o755)
    return program


def a_round(seconds: float) -> Round:
    preprocess = Stage("preprocess", seconds * 4, seconds * 3, seconds, seconds, 0.0, 0.0, 1, 1, 1)
    train = dataclasses.replace(preprocess, name="train", reading=seconds / 10, writing=0.0)
    return Round((preprocess, train), "1.5")


def a_page(load: Load = QUIET, counts: tuple[int, int] = (3, 3)) -> str:
    rounds = {variant.name: a_round(2.0 + index) for index, variant in enumerate(VARIANTS)}
    sizes = [Size(size, count, rounds) for size, count in zip((1_472_000_000, 7_360_000_000), counts)]
    return page(sizes, {"Cores": "2"}, load)


def test_given_rounds_then_each_table_has_a_row_per_size_and_the_change_from_the_first_variant() -> None:
    text = a_page()
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Writing", "Reading", "Execution", "Duration", "The"]
    rows = [line for line in text.splitlines() if line.startswith("| 1.5 GB (1404 MiB) |")]
    assert len(rows) == 4
    assert rows[0].startswith("| 1.5 GB (1404 MiB) | 2.00 | 3.00 (+50.0 %) |")
    assert rows[1].startswith("| 1.5 GB (1404 MiB) | 0.20 | 0.30 (+50.0 %) |")
    assert "not to be trusted" not in text


def test_given_sizes_with_other_numbers_of_rounds_then_the_page_says_how_many_each_had() -> None:
    assert "the median of 3 rounds;" in a_page()
    assert "the median of 3 and 1 rounds, in the order of sizes;" in a_page(counts=(3, 1))


def test_given_rounds_that_were_kept_then_another_run_finds_them_unless_programs_changed(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "400.json"
    kept = Kept(path, "mark")
    assert (kept.count("tmpfs"), kept.is_outdated) == (0, False)
    for seconds in (3.0, 1.0, 2.0):
        kept.add("tmpfs", Measured(a_round(seconds), QUIET))
    again = Kept(path, "mark")
    assert (again.count("tmpfs"), again.count("other"), again.all) == (3, 0, kept.all)
    assert again.median("tmpfs") == a_round(2.0)
    assert Kept(path, "other").is_outdated and Kept(path, "other").all == []
    for damaged in ("", "[]", json.dumps({"fingerprint": "mark", "rounds": {"tmpfs": [{}]}})):
        path.write_text(damaged)
        assert Kept(path, "mark").is_outdated


def test_given_rounds_then_the_load_is_that_of_all_by_their_time() -> None:
    assert total_load([Measured(a_round(1.0), QUIET), Measured(a_round(1.0), BUSY)]).others == pytest.approx(0.225)
    assert total_load([Measured(a_round(9.0), QUIET), Measured(a_round(1.0), BUSY)]).is_heavy is False
    assert total_load([]).cores == 1


def test_given_programs_then_a_change_of_any_changes_the_fingerprint(tmp_path: Path) -> None:
    program, stages = tmp_path / "store", tmp_path / "steps"
    stages.mkdir()
    program.write_text("1")
    (stages / "train.py").write_text("1")
    first = fingerprint([program, stages, tmp_path / "nowhere"])
    assert first == fingerprint([program, stages])
    (stages / "train.py").write_text("2")
    assert fingerprint([program, stages]) != first


def test_given_an_interrupted_run_then_the_next_one_measures_what_is_missing(tmp_path: Path) -> None:
    class Stub:
        """Rounds that take no time, of which the one after `left` others is interrupted."""

        multiplier, table_bytes, data_directory = 1, 1, tmp_path

        def __init__(self, left: int) -> None:
            self.left = left

        def prepare(self) -> None:
            (tmp_path / "df_1.pkl").touch()

        def with_vineyard(self) -> Round:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            return a_round(1.0)

    variants = [Variant(name, lambda stub: stub.with_vineyard()) for name in "abc"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "VARIANTS", variants)
        with pytest.raises(KeyboardInterrupt):
            results.measure(Stub(left=5), 2, Kept(tmp_path / "1.json", "mark"), warm_up=True)
        first = Kept(tmp_path / "1.json", "mark")
        assert [first.count(name) for name in "abc"] == [2, 1, 1]
        assert results.measure(Stub(left=2), 2, first, warm_up=False)
        assert not results.measure(Stub(left=0), 2, first, warm_up=True)
    assert [Kept(tmp_path / "1.json", "mark").count(name) for name in "abc"] == [2, 2, 2]


def test_given_a_busy_machine_then_the_page_says_so() -> None:
    assert "**The machine was busy: these figures are not to be trusted.**" in a_page(BUSY)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--rounds"],
        ["--data-multipliers=1,,2"],
        ["--rounds=1,"],
        ["--again=1"],
        ["--output=/nowhere/r.md"],
        ["--fast"],
    ],
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
            f"--keep={short_directory / 'kept'}", f"--own-python={a_client(short_directory)}",
            f"--stages={ROOT / 'examples' / 'kubeflow' / 'steps'}", "--store-command=sh -c false",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts" / "lib"), "TMPDIR": str(short_directory), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the store did not start" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in short_directory.iterdir()] == ["python"]
    assert {path for path in MEMORY_DIRECTORY.iterdir() if path.name.startswith("vineyard-results-")} <= before
