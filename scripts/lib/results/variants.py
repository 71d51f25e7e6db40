"""The ways of handing data over that are compared, each a round of the pipeline."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from quickstart.pipeline import Pipeline, Round

MEMORY_DIRECTORY = Path("/dev/shm")


@dataclass(frozen=True)
class Variant:
    """One way of handing data over: its column and how a round is run."""

    name: str
    run: Callable[[Pipeline], Round]


def on_tmpfs(pipeline: Pipeline) -> Round:
    """Run one round whose parts are pickles in memory. The table is read from the disk, as with Vineyard."""
    with _memory_directory() as directory:
        data = directory / "data"
        data.mkdir()
        table = pipeline.data_directory / f"df_{pipeline.multiplier}.pkl"
        (data / table.name).symlink_to(table)
        return replace(pipeline, work_directory=directory).with_files("pickle", cold=True)


# The first one is what the others are compared with: the tutorial's way.
VARIANTS = (
    Variant("pickle, disk, cold", lambda pipeline: pipeline.with_files("pickle", cold=True)),
    Variant("pickle, disk, warm", lambda pipeline: pipeline.with_files("pickle", cold=False)),
    Variant("parquet, disk, cold", lambda pipeline: pipeline.with_files("parquet", cold=True)),
    Variant("feather, disk, cold", lambda pipeline: pipeline.with_files("feather", cold=True)),
    Variant("pickle, tmpfs", on_tmpfs),
    Variant("Vineyard, released client", Pipeline.with_released_client),
    Variant("Vineyard, our client", Pipeline.with_vineyard),
)


@contextmanager
def _memory_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="vineyard-results-", dir=MEMORY_DIRECTORY))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
