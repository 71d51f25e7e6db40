"""Command line of scripts/results, which prepares the environment and calls it."""

import argparse
import shlex
import sys
from pathlib import Path

from quickstart import load, machine, room
from quickstart.pipeline import Pipeline, Round, check_model_errors, median_round, table_bytes
from quickstart.progress import QuickstartError, say
from quickstart.report import write_atomically
from quickstart.session import exit_status, work_directory
from quickstart.store import usual_size

from .page import page
from .variants import VARIANTS

DEFAULT_MULTIPLIERS, DEFAULT_ROUNDS = "400,1000,2000", 3


def measure(pipeline: Pipeline, rounds: int) -> dict[str, Round]:
    """Return the median round of each variant; they take turns, after one round that does not count."""
    say("►", "warming up: one round that does not count")
    pipeline.with_vineyard()
    done: dict[str, list[Round]] = {variant.name: [] for variant in VARIANTS}
    for number in range(1, rounds + 1):
        for variant in VARIANTS:
            say("►", f"{variant.name}, round {number} of {rounds}")
            done[variant.name].append(variant.run(pipeline))
    check_model_errors([one for each in done.values() for one in each])
    return {name: median_round(each) for name, each in done.items()}


def run(args: argparse.Namespace) -> None:
    """Measure every size and write the page."""
    results: dict[int, dict[str, Round]] = {}
    with work_directory() as directory:
        memory, disk = machine.available_memory(), machine.free_disk(directory)
        facts = machine.facts(directory, shlex.split(args.store_command))
        facts["Files on"] = facts.pop("Pickles on")
        largest = room.largest(memory, disk)
        meter = load.LoadMeter()
        for multiplier in map(int, args.data_multipliers.split(",")):
            table = table_bytes(multiplier)
            if multiplier > largest:
                say(
                    "⚠",
                    f"{table / 1e9:.1f} GB left out: memory or disk suffices for {table_bytes(largest) / 1e9:.1f} GB",
                )
                continue
            size = usual_size(table, memory)
            pipeline = Pipeline(args.stages, directory, multiplier, args.store_command, size)
            say("►", f"preparing {table / 1e9:.1f} GB of house prices")
            pipeline.prepare()
            results[table] = measure(pipeline, args.rounds)
            (pipeline.data_directory / f"df_{multiplier}.pkl").unlink()
        if not results:
            raise QuickstartError("no size fits into memory and disk", f"--data-multipliers {largest} fits")
        write_atomically(args.output, page(results, args.rounds, facts, meter.read()))
    say("✔", f"results: {args.output}")


def main() -> int:
    """Return the exit status: 0 done, 1 failed, 128 + n ended by signal n."""
    parser = argparse.ArgumentParser(prog="scripts/results")
    parser.add_argument("--data-multipliers", default=DEFAULT_MULTIPLIERS)
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--stages", type=Path, required=True)
    parser.add_argument("--store-command", required=True)
    args = parser.parse_args()
    return exit_status(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
