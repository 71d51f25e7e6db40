"""Command line of scripts/results, which prepares the environment and calls it."""

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from quickstart import load, machine, room
from quickstart.pipeline import Pipeline, check_model_errors, table_bytes
from quickstart.progress import QuickstartError, say
from quickstart.report import write_atomically
from quickstart.session import exit_status, work_directory
from quickstart.store import usual_size

from .kept import Kept, Measured, fingerprint, total_load
from .page import Size, page
from .variants import VARIANTS


def measure(pipeline: Pipeline, rounds: int, kept: Kept, warm_up: bool) -> bool:
    """Measure what is missing to so many rounds of each variant; they take turns. Return whether anything was.

    With `warm_up` there is one round before that does not count.
    """
    if all(kept.count(variant.name) >= rounds for variant in VARIANTS):
        return False
    say("►", f"preparing {pipeline.table_bytes / 1e9:.1f} GB of house prices")
    pipeline.prepare()
    if warm_up:
        say("►", "warming up: one round that does not count")
        pipeline.with_vineyard()
    for number in range(1, rounds + 1):
        for variant in VARIANTS:
            if kept.count(variant.name) >= number:
                continue
            say("►", f"{variant.name}, round {number} of {rounds}")
            meter = load.LoadMeter()
            done = variant.run(pipeline)
            kept.add(variant.name, Measured(done, meter.read()))
    (pipeline.data_directory / f"df_{pipeline.multiplier}.pkl").unlink()
    return True


def run(args: argparse.Namespace) -> None:
    """Measure every size, and write the page anew after each."""
    multipliers = [int(word) for word in args.data_multipliers.split(",")]
    counts = [int(word) for word in args.rounds.split(",")]
    if len(counts) not in (1, len(multipliers)):
        raise QuickstartError(
            "--rounds has another number of values than --data-multipliers", "one for all, or one each"
        )
    counts = counts * len(multipliers) if len(counts) == 1 else counts
    store = shlex.split(args.store_command)
    client = Path(args.own_python).parent.parent.glob("lib/python3*/site-packages/vineyard")
    mark = fingerprint([args.stages, Path(shutil.which(store[0]) or store[0]), *client])
    sizes: list[Size] = []
    measured: list[Measured] = []
    is_warm = False
    with work_directory() as directory:
        memory, disk = machine.available_memory(), machine.free_disk(directory)
        facts = machine.facts(directory, store, args.own_python)
        facts["Files on"] = facts.pop("Pickles on")
        largest = room.largest(memory, disk)
        for multiplier, rounds in zip(multipliers, counts):
            table = table_bytes(multiplier)
            if multiplier > largest:
                say(
                    "⚠",
                    f"{table / 1e9:.1f} GB left out: memory or disk suffices for {table_bytes(largest) / 1e9:.1f} GB",
                )
                continue
            kept = Kept(args.keep / f"{multiplier}.json", mark)
            if kept.is_outdated:
                say("◎", f"{table / 1e9:.1f} GB was measured with other programs, and is measured again")
            elif kept.all:
                say("◎", f"{table / 1e9:.1f} GB: {len(kept.all)} rounds are there already")
            pipeline = Pipeline(
                args.stages, directory, multiplier, args.store_command, usual_size(table, memory), args.own_python
            )
            is_warm = measure(pipeline, rounds, kept, warm_up=not is_warm) or is_warm
            check_model_errors([one.round for one in kept.all])
            count = min(kept.count(variant.name) for variant in VARIANTS)
            sizes.append(Size(table, count, {variant.name: kept.median(variant.name) for variant in VARIANTS}))
            measured += kept.all
            write_atomically(args.output, page(sizes, facts, total_load(measured)))
            say("✔", f"results: {args.output}")
    if not sizes:
        raise QuickstartError("no size fits into memory and disk", f"--data-multipliers {largest} fits")


def main() -> int:
    """Return the exit status: 0 done, 1 failed, 128 + n ended by signal n."""
    parser = argparse.ArgumentParser(prog="scripts/results")
    parser.add_argument("--data-multipliers", required=True)
    parser.add_argument("--rounds", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--stages", type=Path, required=True)
    parser.add_argument("--store-command", required=True)
    parser.add_argument("--own-python", required=True)
    args = parser.parse_args()
    return exit_status(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
