"""`examples/kubeflow/compare` on logs as argo, kubectl and a terminal give them, with figures of the tutorial's scale."""

import subprocess
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from runs.images import EXAMPLE

MARK = "#" * 34
MIB = 1 << 20
# Data scale in MiB -> without and with Vineyard: writing, reading (twice), computing of each step.
FIGURES = {1404: ((3.3, 2.8, 20.0), (0.5, 0.0104, 20.0)), 351: ((1.0, 0.7, 5.0), (0.2, 0.01, 5.0))}
START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def steps(mebibytes, writing, reading, computing, importing=0.0, error="2.5", tell_scale=True):
    """What the three steps print, each in lines under separators."""
    imported = [f"import vineyard time: {importing}"] if importing else []
    size = [f"dataframe size: {mebibytes * MIB}"] if tell_scale else []
    yield [*imported, "drop page cache time: 0.25", "Preprocessing data...", "read dataframe pickle time: 4.0",
           f"write training and testing data time: {writing}", f"Preprocessing data time: {4.0 + computing + writing}",
           *size, f"training and testing data size: {mebibytes * MIB * 0.955:.0f}"]  # fmt: skip
    yield [*imported, "Training model...", f"read x_train and y_train data time: {reading}",
           f"Training model data time: {computing + reading}"]  # fmt: skip
    yield [*imported, "Testing model...", f"read x_test and y_test execution time: {reading}",
           f"Testing model data time: {computing + reading}", f"model error: {error}"]  # fmt: skip


def plain(told, _pods):
    return "".join(f"{MARK}\n{line}\n" for step in told for line in step)


def argo(told, pods):
    """As `argo logs --timestamps` colours it; each line a second after the other."""
    lines, moment = [], START
    for pod, step in zip(pods, told):
        for line in step:
            stamp = moment.isoformat().replace("+00:00", ".500000000Z")
            lines += [f"\x1b[32m{pod}\x1b[0m: {stamp} {text}" for text in (MARK, line)]
            moment += timedelta(seconds=1)
    return "\n".join(lines) + "\n"


def kubectl(told, pods):
    """As `kubectl logs --prefix --timestamps` prints it, in an order of its own, with a pod of Kubeflow's driver."""
    stamp = START.isoformat().replace("+00:00", "Z")
    lines, moment = {"run-x7k2p-driver": [f"[pod/run-x7k2p-driver/main] {stamp} input cached: 1"]}, START
    for pod, step in zip(pods, told):
        for line in step:
            stamp = moment.isoformat().replace("+00:00", "Z")
            lines.setdefault(pod, []).extend(f"[pod/{pod}/main] {stamp} {text}" for text in (MARK, line))
            moment += timedelta(seconds=1)
    return "\n".join(line for pod in reversed(lines) for line in lines[pod]) + "\n"


PODS = ("run-x7k2p-preprocess-data-1", "run-x7k2p-train-data-2", "run-x7k2p-test-data-3")


def write(directory, name, form, *figures, **more):
    path = directory / name
    path.write_text(form(list(steps(*figures, **more)), PODS))
    return str(path)


def compare(*arguments, status=0):
    done = subprocess.run([EXAMPLE / "compare", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def both(directory, form, **more):
    """The arguments for the logs of all figures."""
    without = [write(directory, f"without-{scale}", form, scale, *one) for scale, (one, _) in FIGURES.items()]
    with_vineyard = [write(directory, f"with-{scale}", form, scale, *other, importing=0.4, **more)
                     for scale, (_, other) in FIGURES.items()]  # fmt: skip
    return ["--without", *without, "--with", *with_vineyard]


TABLES = """\
Actual execution time (seconds, lower is better)
| data scale | without vineyard | with vineyard |  change |
|------------|------------------|---------------|---------|
|     351 Mi |            21.40 |         19.22 | −10.2 % |
|    1404 Mi |            72.90 |         64.52 | −11.5 % |

Writing time (seconds, lower is better)
| data scale | without vineyard | with vineyard |  change |
|------------|------------------|---------------|---------|
|     351 Mi |             1.00 |          0.20 | −80.0 % |
|    1404 Mi |             3.30 |          0.50 | −84.8 % |

Reading time (seconds, lower is better)
| data scale | without vineyard | with vineyard |  change |
|------------|------------------|---------------|---------|
|     351 Mi |             1.40 |         0.020 | −98.6 % |
|    1404 Mi |             5.60 |         0.021 | −99.6 % |
"""
DURATIONS = """\
Workflow duration (seconds, lower is better)
| data scale | without vineyard | with vineyard |  change |
|------------|------------------|---------------|---------|
|     351 Mi |            13.00 |         16.00 | +23.1 % |
|    1404 Mi |            13.00 |         16.00 | +23.1 % |

"""


def test_given_logs_of_a_terminal_then_the_tables_are_those_of_the_tutorial_with_the_change(tmp_path):
    done = compare(*both(tmp_path, plain))
    assert done.stdout == TABLES
    assert "no table of durations" in done.stderr


@pytest.mark.parametrize("form", [argo, kubectl])
def test_given_logs_with_pods_and_times_then_the_figures_are_the_same_and_durations_are_known(tmp_path, form):
    done = compare(*both(tmp_path, form))
    assert done.stdout == DURATIONS + TABLES
    assert done.stderr == ""


def test_given_a_directory_with_a_log_for_each_step_then_it_is_one_run(tmp_path):
    arguments = []
    for flag, figures in (("--without", FIGURES[351][0]), ("--with", FIGURES[351][1])):
        directory = tmp_path / flag
        directory.mkdir()
        for name, step in zip(("3-preprocess", "1-train", "2-test"), steps(351, *figures)):
            (directory / name).write_text(plain([step], PODS))
        arguments += [flag, str(directory)]
    assert "|     351 Mi |             1.00 |          0.20 | −80.0 % |" in compare(*arguments).stdout


def test_given_several_runs_of_a_scale_then_the_median_one_counts(tmp_path):
    without = [write(tmp_path, f"without-{n}", plain, 351, n, 1.0, 5.0) for n in (9, 2, 4)]
    other = write(tmp_path, "with", plain, 351, 1.0, 0.5, 5.0)
    assert "4.00 |          1.00 | −75.0 %" in compare("--without", *without, "--with", other).stdout


def test_given_logs_of_the_originals_images_then_a_label_says_the_scale(tmp_path):
    logs = [
        write(tmp_path, name, plain, 14038, *FIGURES[351][0], error="", tell_scale=False) for name in ("one", "two")
    ]
    refused = compare("--without", logs[0], "--with", logs[1], status=1)
    assert f"does not tell its data scale (say what to show for it: '14000 Mi={logs[0]}')" in refused.stderr
    done = compare("--without", f"14000 Mi={logs[0]}", "--with", f"14000 Mi={logs[1]}")
    assert "|   14000 Mi |" in done.stdout


def test_given_model_errors_that_differ_then_there_is_no_table(tmp_path):
    refused = compare(*both(tmp_path, plain, error="2.6"), status=1)
    assert "the model errors of 351 Mi differ: 2.5, 2.6" in refused.stderr and refused.stdout == ""


def test_given_a_log_that_ends_early_or_holds_two_runs_then_the_error_says_so(tmp_path):
    good = write(tmp_path, "good", plain, 351, *FIGURES[351][0])
    text = (tmp_path / "good").read_text()
    (tmp_path / "short").write_text(text[: text.index("Testing model data time")])
    (tmp_path / "double").write_text(text * 2)
    for name, reason in (("short", "no line 'Testing model data time'"), ("double", "the step preprocess twice"),
                         ("nowhere", "cannot read")):  # fmt: skip
        refused = compare("--without", good, "--with", str(tmp_path / name), status=1)
        assert reason in refused.stderr and len(refused.stderr.splitlines()) == 1
    refused = compare("--without", good, "--with", good, write(tmp_path, "other", plain, 702, 1, 1, 1), status=1)
    assert "there is no run without vineyard of 702 Mi" in refused.stderr
    assert "--with" in compare("--without", good, status=2).stderr


def test_given_a_file_for_the_report_then_it_holds_the_figures_and_is_whole(tmp_path):
    report = tmp_path / "report.html"
    compare(*both(tmp_path, argo), "--html", str(report))

    text = report.read_text()
    for figure in (
        "−84.8 %",
        "−80.0 %",
        "Workflow duration",
        "+23.1 %",
        "1404 Mi",
        "351 Mi",
        "with-1404",
        "Stage by stage",
    ):
        assert figure in text
    open_tags = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "rect", "br"):
                open_tags.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("meta", "rect", "br"):
                assert open_tags.pop() == tag

    Balance().feed(text)
    assert open_tags == [] and "nan" not in text
