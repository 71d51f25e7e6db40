"""The example stages: switches, data, hand-over through pickles."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import preprocess
import train

STAGES = Path(preprocess.__file__).parent
prepare_data = importlib.import_module("prepare-data")


def run(stage: str, directory: Path, *arguments: str) -> str:
    command = [sys.executable, str(STAGES / f"{stage}.py"), f"--data_dir={directory}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("text", ["True", "true", "ON", "yes", "1"])
def test_given_a_word_for_on_then_the_switch_is_on(text: str) -> None:
    assert preprocess.on_off(text) is True


@pytest.mark.parametrize("text", ["False", "false", "off", "NO", "0"])
def test_given_a_word_for_off_then_the_switch_is_off(text: str) -> None:
    assert preprocess.on_off(text) is False


@pytest.mark.parametrize("text", ["", "maybe", "2"])
def test_given_any_other_word_then_the_switch_refuses(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        preprocess.on_off(text)


def test_given_one_seed_then_the_table_is_the_same_and_within_its_ranges() -> None:
    table = prepare_data.make_table(1, seed=7)
    assert table.shape == (10_000, 46) and (table.dtypes == "int64").all()
    assert table.equals(prepare_data.make_table(1, seed=7))
    assert not table.equals(prepare_data.make_table(1, seed=8))
    for name, (low, high) in prepare_data.COLUMNS.items():
        assert low <= table[name].min() and table[name].max() <= high


def test_given_pickles_when_the_pipeline_ran_twice_then_errors_are_equal_and_inputs_gone(tmp_path: Path) -> None:
    run("prepare-data", tmp_path, "--data_multiplier=1")
    for _ in range(2):
        log = run("preprocess", tmp_path, "--data_multiplier=1", "--flush")
        assert "write training and testing data time: " in log
        assert len(pd.read_pickle(tmp_path / "x_train.pkl")) == pytest.approx(10_000 * 0.8 * 0.955, rel=0.02)
        assert "read x_train and y_train data time: " in run("train", tmp_path, "--with_vineyard=False")
        assert not (tmp_path / "x_train.pkl").exists() and (tmp_path / "x_test.pkl").exists()
        assert "read x_test and y_test execution time: " in run("test", tmp_path, "--drop_caches=off")
    first, second = (tmp_path / "output.txt").read_text().splitlines()
    assert first == second and float(first) > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["df_1.pkl", "model.pkl", "output.txt"]


def test_given_columns_in_one_piece_or_apart_then_the_model_gets_the_same_numbers_of_its_own() -> None:
    together = prepare_data.make_table(1, seed=7)
    apart = pd.DataFrame({name: column.to_numpy().copy() for name, column in together.items()}, copy=False)
    for column in apart:
        apart[column].to_numpy().flags.writeable = False
    one, other = train.numbers(together), train.numbers(apart)
    assert (one == other).all() and one.strides == other.strides and one.dtype == "float64"
    one[:] = 0
    assert together["YrSold"].min() > 0


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_given_another_kind_of_file_then_the_steps_get_what_they_get_from_pickles(tmp_path: Path, kind: str) -> None:
    run("prepare-data", tmp_path, "--data_multiplier=1")
    for each in ("pickle", kind):
        run("preprocess", tmp_path, "--data_multiplier=1", f"--format={each}")
        suffix = "pkl" if each == "pickle" else each
        assert len(list(tmp_path.glob(f"[xy]_*.{suffix}"))) == 4
        run("train", tmp_path, f"--format={each}")
        run("test", tmp_path, f"--format={each}")
    first, second = (tmp_path / "output.txt").read_text().splitlines()
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["df_1.pkl", "model.pkl", "output.txt"]
