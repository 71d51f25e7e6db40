"""The quickstart's own logic, and its behaviour when something goes wrong."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from quickstart import following, load, machine, picture, report, room, stages, tables
from quickstart.__main__ import DEFAULT_MULTIPLIER, measure
from quickstart.load import Load
from quickstart.pipeline import Round, median_round, table_bytes
from quickstart.progress import QuickstartError
from quickstart.stages import Stage
from quickstart.store import MIB, Store, shared_memory, size_for, usual_size

ROOT = Path(__file__).resolve().parents[3]
GIB = 1 << 30


def a_stage(name: str, execution: float, reading: float = 0.0, writing: float = 0.0) -> Stage:
    return Stage(name, execution + 1, execution, reading, writing, 0.0, 0.0, 1_000_000, 1_000, 366_000_000)


def a_round(read: float, error: str = "1.5", importing: float = 0.0, page_kind: str = "") -> Round:
    done = (a_stage("preprocess", 3, 1, 1), a_stage("train", 2, read), a_stage("test", 1, read))
    return Round(tuple(dataclasses.replace(stage, importing=importing) for stage in done), error, page_kind=page_kind)


QUIET, BUSY = Load(0.4, 2, 0.01, 0.0), Load(3.1, 2, 0.44, 0.07)


def a_comparison(**changes: object) -> report.Comparison:
    comparison = report.Comparison(
        multiplier=100, table_bytes=table_bytes(100), rounds=1, preparation=a_stage("prepare-data", 2, 0, 1),
        pickles=a_round(0.5), released=a_round(0.05, importing=0.5),
        vineyard=a_round(0.01, importing=0.2, page_kind="4 KiB pages"),
        facts={"Cores": "<2>", "Store": "vineyardctl 9.8.7"}, store_bytes=GIB, load=QUIET, fitting=400,
    )  # fmt: skip
    return dataclasses.replace(comparison, **changes)


def run_quickstart(tmp_path: Path, store: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "scripts" / "lib"), "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"
    }  # fmt: skip
    command = [
        sys.executable, "-m", "quickstart", "--data-multiplier=1", "--rounds=1", f"--output={tmp_path}",
        f"--stages={ROOT / 'examples' / 'kubeflow' / 'steps'}", f"--store-command={store}",
        f"--own-python={sys.executable}", *arguments,
    ]  # fmt: skip
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


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


def test_given_three_rounds_then_the_tables_have_a_column_for_each_way_and_two_changes() -> None:
    text = tables.render(table_bytes(4000), a_round(0.5), a_round(0.05), a_round(0.01, importing=0.25))
    headings = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "data scale" in line]
    assert headings == [["data scale", "pickles on disk", "released client", "change", "our client", "change"]] * 6
    [reading] = [each for each in text.split("\n\n") if each.startswith("Reading time")]
    assert [cell.strip() for cell in reading.splitlines()[-1].split("|")[1:-1]] == [
        "14038 Mi", "1.00", "0.10", "−90.0 %", "0.020", "−98.0 %",
    ]  # fmt: skip


def test_the_summary_tells_the_hand_over_and_the_whole() -> None:
    text = tables.summary(a_round(0.5), a_round(0.01))
    assert text == (
        "handing over 0.37 GB: 2.00 s with pickles, 1.02 s through Vineyard (−49.0 %); "
        "the whole pipeline: 9.00 s and 9.00 s (+0.0 %)"
    )


def test_given_vineyard_is_slower_then_the_summary_tells_why() -> None:
    vineyard = a_round(0.01, importing=0.25)
    longer = tuple(dataclasses.replace(stage, duration=stage.duration + 0.2) for stage in vineyard.stages)
    vineyard = dataclasses.replace(vineyard, stages=longer)
    assert tables.summary(a_round(0.05), vineyard).endswith(
        "9.00 s and 9.60 s (+6.7 %): slower with Vineyard, because importing its client takes 0.75 s, "
        "whatever the size of the data, and handing over gains 0.080 s; larger data gain more"
    )
    small = tables.summary(a_round(0.01), vineyard)
    assert ": slower with Vineyard, for data this small; importing its client takes 0.75 s" in small
    others = tables.summary(a_round(0.05), dataclasses.replace(vineyard, stages=a_slower(longer)))
    assert "because the steps' own work took longer this time" in others


def a_slower(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(dataclasses.replace(stage, duration=stage.duration + 1) for stage in stages)


def test_the_import_of_the_client_is_a_row_of_its_own_and_no_part_of_others() -> None:
    one = a_round(0.01, importing=0.25)
    assert one.importing == 0.75 and one.stages[0].starting == 0.75 and one.execution == a_round(0.01).execution
    table = tables.render(GIB, a_round(0.5), a_round(0.5), one).split("\n\n")[-2]
    assert table.startswith("Import time of the client") and "– |" in table and "0.75" in table
    assert "<td>Import time of the client</td>" in report.page(a_comparison())


def test_the_start_of_the_store_is_a_row_of_its_own_and_no_part_of_others() -> None:
    one = dataclasses.replace(a_round(0.01), store_start=0.5, store_warm=2.5)
    assert one.execution == a_round(0.01).execution and one.duration == a_round(0.01).duration
    table = tables.render(GIB, a_round(0.5), a_round(0.5), one).split("\n\n")[-1]
    assert table.startswith("Start of the store") and "– |" in table and "2.50" in table


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


def test_the_store_is_as_large_as_clusters_have_it_but_never_too_small_for_the_data() -> None:
    data = table_bytes(300)
    assert 4 * data - (1 << 20) < usual_size(data, 64 * GIB) <= 4 * data
    assert usual_size(data, 6 * GIB) == 3 * GIB
    assert usual_size(data, 0) == size_for(data)


GROWING_STORE = """
import mmap, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[sys.argv.index("--socket") + 1])
listener.listen()
memory = mmap.mmap(-1, 64 << 20)
for start in range(0, 64 << 20, 8 << 20):
    memory[start:start + (8 << 20)] = bytes(8 << 20)
    time.sleep(0.05)
time.sleep(100)
"""


def test_given_a_store_that_gets_its_memory_step_by_step_then_the_round_begins_when_it_has_all(
    short_directory: Path,
) -> None:
    program = short_directory / "store.py"
    program.write_text(GROWING_STORE)
    before = shared_memory()
    with Store(f"{sys.executable} {program}", short_directory / "volume", GIB) as store:
        assert shared_memory() >= before + 48 * MIB  # others may have given some back
        assert store.start_seconds < store.warm_seconds


def test_the_report_shows_each_way_in_every_chart_table_and_stage() -> None:
    page = report.page(a_comparison())
    assert page.count('class="released"') == 7 and page.count(">Released client<") == 2
    assert "released client 0.10 s, our client 0.020 s" in page
    assert ">−90.0 %<" in page and ">−98.0 %<" in page


def test_given_a_comparison_then_the_report_is_well_formed_and_loads_nothing() -> None:
    class Checker(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open_tags: list[str] = []

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


def test_the_report_shows_our_version_the_pages_in_use_and_what_to_do_next() -> None:
    page = report.page(a_comparison())
    assert "vineyardctl 9.8.7" in page and "<dt>Pages of the store</dt><dd>4 KiB pages</dd>" in page
    assert page.index("What to do next") > page.index("How it was measured")
    for _, how in following.steps(100, 400):
        assert how in page
    assert "--data-multiplier 400" in page
    assert "release/vineyardctl" in page and "release/vineyardctl" not in report.page(a_comparison(is_built=False))


def test_given_several_nodes_then_report_and_tables_say_what_they_cost_and_otherwise_nothing() -> None:
    comparison = a_comparison(nodes=3, several=a_round(0.02))
    page = report.page(comparison)
    assert "<h2>On 3 nodes</h2>" in page and "+100.0 %" in page
    assert "On 3 nodes" not in report.page(a_comparison())
    text = tables.nodes(table_bytes(100), comparison.vineyard, a_round(0.02), 3)
    assert "| one node | 3 nodes |" in text and "| +100.0 % |" in text


def test_given_several_nodes_then_they_need_more_memory() -> None:
    fits = room.largest(8 * GIB, 1000 * GIB)
    with pytest.raises(QuickstartError, match="memory"):
        room.check(fits, 8 * GIB, 1000 * GIB, nodes=3)
    room.check(room.largest(8 * GIB, 1000 * GIB, nodes=3), 8 * GIB, 1000 * GIB, nodes=3)


def test_given_a_busy_machine_then_the_report_and_the_picture_say_so_at_once() -> None:
    assert "not to be trusted" not in report.page(a_comparison())
    page = report.page(a_comparison(load=BUSY))
    assert page.index("The machine was busy") < page.index("Pipeline duration")
    assert "load average 3.1 on 2 cores; other programs took 44% of the processor time, the host 7%" in page
    assert "busy machine" in picture.svg(a_comparison(load=BUSY)) and "busy" not in picture.svg(a_comparison())


def test_given_a_narrow_page_then_each_figure_of_a_table_has_its_column_beside_it() -> None:
    page = report.page(a_comparison())
    rows = [row.partition("</tr>")[0] for row in page.split("<tr>") if row.startswith("<td>")]
    assert len(rows) == 6 + 10
    for row in rows:
        assert row.count("<td data-column=") == row.count("<td") - 1
    narrow = page[page.index("@media (max-width: 560px)") :]
    assert "td[data-column]::before { content: attr(data-column)" in narrow


def test_the_picture_is_well_formed_names_the_figures_and_has_colours_for_dark_pages() -> None:
    root = ElementTree.fromstring(picture.svg(a_comparison(facts={"Store": '<odd> & "quoted"'})))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1.00 s", "0.020 s", "−98.0 %"} <= set(texts)
    assert "prefers-color-scheme: dark" in picture.svg(a_comparison())


def test_given_others_at_work_then_their_share_is_told_and_our_own_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([(100.0, 50.0, 1.0, 10.0), (200.0, 110.0, 6.0, 30.0)])
    monkeypatch.setattr(load, "_times", lambda: next(readings))
    told = load.LoadMeter().read()
    assert (told.others, told.stolen, told.is_heavy) == (pytest.approx(0.4), pytest.approx(0.05), True)


def test_given_one_process_that_computes_then_it_counts_as_other_work_until_it_is_ours() -> None:
    meter = load.LoadMeter()
    subprocess.run([sys.executable, "-S", "-c", "for _ in range(3_000_000): pass"], check=True)
    assert meter.read().others < 1
    total, busy, _, own = load._times()
    assert 0 < own < busy <= total


@pytest.mark.parametrize(("others", "stolen", "heavy"), [(0.05, 0.0, False), (0.2, 0.0, True), (0.0, 0.05, True)])
def test_given_shares_then_the_load_is_heavy_or_not(others: float, stolen: float, heavy: bool) -> None:
    assert Load(9, 2, others, stolen).is_heavy is heavy


def test_given_a_store_of_ours_then_its_own_version_comes_first(short_directory: Path) -> None:
    script = short_directory / "store.sh"
    script.write_text("echo vineyardd version 0.24.2; echo vineyardctl 1.2.3\n")
    assert machine.store_version(["sh", str(script)]) == "vineyardctl 1.2.3, compatible with vineyardd version 0.24.2"


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ("I1130 shared memory: 2048 MiB in 2 MiB pages of a private tmpfs\nready", "2 MiB pages of a private tmpfs"),
        ("shared memory: 2048 MiB in 4 KiB pages, not transparent 2 MiB pages: no", "4 KiB pages"),
        ("another daemon", ""),
    ],
)
def test_given_a_log_of_the_store_then_the_pages_in_use_are_found(tmp_path: Path, log: str, kind: str) -> None:
    store = Store("vineyardd", tmp_path / "volume", GIB)
    store.log.write_text(log)
    assert store.page_kind() == kind


def test_given_little_memory_then_the_default_is_what_fits() -> None:
    assert room.default_multiplier(DEFAULT_MULTIPLIER, 64 * GIB, 1000 * GIB) == DEFAULT_MULTIPLIER
    less = room.default_multiplier(DEFAULT_MULTIPLIER, 2 * GIB, 1000 * GIB)
    assert 1 < less < DEFAULT_MULTIPLIER
    room.check(less, 2 * GIB, 1000 * GIB)
    assert room.default_multiplier(DEFAULT_MULTIPLIER, 0, 0) == 1


class Rounds:
    """Rounds that take no time but say what time it is."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.seconds = 0.0, seconds
        monkeypatch.setattr("quickstart.__main__.time.monotonic", lambda: self.now)

    def with_pickles(self) -> Round:
        self.now += self.seconds
        return a_round(0.5)

    with_vineyard = with_released_client = with_pickles


@pytest.mark.parametrize(("seconds", "wanted", "count"), [(5, None, 3), (14, None, 2), (80, None, 1), (80, 3, 3)])
def test_given_no_number_of_rounds_then_there_are_as_many_as_time_allows(
    seconds: float, wanted: int | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = measure(Rounds(seconds, monkeypatch), wanted)
    assert len(done.pickles) == len(done.released) == len(done.vineyard) == count and done.several == []


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


def wait_until_gone(process: int) -> None:
    """Wait for the end of a process, which the kernel tells to end when its parent has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {process} is still there")


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
    wait_until_gone(int(note.read_text()))
    assert sorted(path.name for path in short_directory.iterdir()) == ["pid", "store.sh"]
