"""The variants of the pipeline, and what a round of each came to."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import cluster, stages
from .progress import QuickstartError, say
from .stages import Stage
from .store import Store

STEPS = ("preprocess", "train", "test")
COLUMNS, BYTES_PER_VALUE, ROWS_PER_STEP = 46, 8, 10_000


@dataclass(frozen=True)
class Round:
    """One pass through preprocess, train and test. Times in seconds."""

    stages: tuple[Stage, ...]
    model_error: str
    store_start: float = 0.0  # before the first stage, part of no other figure
    store_warm: float = 0.0  # until its warm reserve had its pages, from the start
    page_kind: str = ""  # of the store's memory, in its own words

    @property
    def duration(self) -> float:
        """The three processes from start to exit."""
        return sum(stage.duration for stage in self.stages)

    @property
    def execution(self) -> float:
        """The times the stages log themselves, summed."""
        return sum(stage.execution for stage in self.stages)

    @property
    def writing(self) -> float:
        """Handing over the training and test data."""
        return self.stages[0].writing

    @property
    def reading(self) -> float:
        """Getting them in train and test; the initial load of the table is not part of it."""
        return sum(stage.reading for stage in self.stages[1:])

    @property
    def handing_over(self) -> float:
        """Writing and reading."""
        return self.writing + self.reading

    @property
    def importing(self) -> float:
        """Importing the Vineyard client, a part of the duration that does not grow with the data."""
        return sum(stage.importing for stage in self.stages)

    @property
    def handed_over(self) -> int:
        """Bytes of training and test data."""
        return self.stages[0].handed_over


def median_round(rounds: list[Round]) -> Round:
    """Return the round whose execution time is the (lower) median."""
    return sorted(rounds, key=lambda one: one.execution)[(len(rounds) - 1) // 2]


def check_model_errors(rounds: list[Round]) -> str:
    """Return the one model error all rounds came to, or raise."""
    errors = sorted({one.model_error for one in rounds})
    if len(errors) != 1:
        raise QuickstartError(f"the model errors differ: {', '.join(errors)}", "the data was not handed over intact")
    return errors[0]


@dataclass(frozen=True)
class Pipeline:
    """Where the stages are, where they work, and on how much."""

    stages_directory: Path
    work_directory: Path
    multiplier: int
    store_command: str
    store_size: int
    own_python: str  # an interpreter with our client; that of this program has the released one

    @property
    def data_directory(self) -> Path:
        """The stand-in for the data volume."""
        return self.work_directory / "data"

    @property
    def table_bytes(self) -> int:
        """The size of the table in memory."""
        return table_bytes(self.multiplier)

    def prepare(self) -> Stage:
        """Make the table that all variants read."""
        return self._stage("prepare-data", [f"--data_multiplier={self.multiplier}"])

    def with_pickles(self) -> Round:
        """Run one round that hands data over as pickles, each read cold and written to the disk."""
        return self.with_files("pickle", cold=True)

    def with_files(self, kind: str, *, cold: bool) -> Round:
        """Run one round that hands data over as files of a kind: pickle, parquet or feather.

        Cold: every read comes from the disk and writing ends when the disk has it; else the page cache has what fits.
        """
        common = ["--with_vineyard=False", f"--format={kind}", f"--drop_caches={'auto' if cold else 'off'}"]
        return self._round(common, [f"--flush={cold}"])

    def with_released_client(self) -> Round:
        """Run one round that hands data over through a store of its own, with the released client."""
        return self._with_store(sys.executable, 1)

    def with_vineyard(self, nodes: int = 1) -> Round:
        """Run one round with our client and a store of its own, or with several stores that take turns as the steps do."""
        return self._with_store(self.own_python, nodes)

    def _with_store(self, python: str, nodes: int) -> Round:
        with self._stores(nodes) as stores:
            try:
                done = self._round(["--with_vineyard=True"], [], stores, python)
            except QuickstartError as error:
                for number, store in enumerate(stores, 1):
                    gone = store.exit_status()
                    state = "still running" if gone is None else f"gone with exit status {gone}"
                    name = "the store" if nodes == 1 else f"store {number}"
                    error.log += [f"{name} is {state}; its last lines:", *store.last_log_lines()]
                raise
            page_kind = stores[0].page_kind()
        start, warm = (max(getattr(store, name) for store in stores) for name in ("start_seconds", "warm_seconds"))
        return Round(done.stages, done.model_error, start, warm, page_kind)

    def try_stores(self, nodes: int) -> None:
        """Start and stop the stores once, to fail before anything long if they cannot start."""
        with self._stores(nodes):
            pass

    @contextmanager
    def _stores(self, nodes: int) -> Iterator[list[Store]]:
        """Run stores of its own, in a directory that is removed with them."""
        directory = self.work_directory / "volumes"
        directory.mkdir()
        try:
            if nodes == 1:
                with Store(self.store_command, directory / "node-1", self.store_size) as store:
                    yield [store]
            else:
                with cluster.stores(self.store_command, directory, self.store_size, nodes) as several:
                    yield several
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _round(
        self,
        common: list[str],
        preprocess_only: list[str],
        stores: Sequence[Store] = (),
        python: str = sys.executable,
    ) -> Round:
        output = self.data_directory / "output.txt"
        output.unlink(missing_ok=True)
        finished = []
        for number, name in enumerate(STEPS):
            arguments = [f"--data_multiplier={self.multiplier}", *preprocess_only] if name == "preprocess" else []
            if stores:
                arguments.append(f"--vineyard_dir={self._mount(stores[number % len(stores)])}")
            finished.append(self._stage(name, [*common, *arguments], python))
        errors = output.read_text().split()
        if len(errors) != 1:
            raise QuickstartError(f"expected one model error in output.txt, found {len(errors)}")
        return Round(tuple(finished), errors[0])

    def _mount(self, store: Store) -> Path:
        """Make a store appear where all steps have their volume: objects are named by that path, on each node the same."""
        mount = store.directory.parent / "mount"
        mount.unlink(missing_ok=True)
        mount.symlink_to(store.directory)
        return mount

    def _stage(self, name: str, arguments: list[str], python: str = sys.executable) -> Stage:
        timeout = 600 + 3 * self.multiplier
        arguments = [*arguments, f"--data_dir={self.data_directory}"]
        stage = stages.run(python, name, self.stages_directory, arguments, timeout)
        say("✔", f"  {name:<12} {stage.duration:7.2f} s")
        return stage


def table_bytes(multiplier: int) -> int:
    """Return the size of the table of one multiplier in memory."""
    return ROWS_PER_STEP * multiplier * COLUMNS * BYTES_PER_VALUE
