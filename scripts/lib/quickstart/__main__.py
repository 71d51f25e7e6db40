"""Command line of the quickstart; scripts/quickstart prepares the environment and calls it."""

import argparse
import shlex
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import following, load, machine, picture, room, tables
from .pipeline import Pipeline, Round, check_model_errors, median_round, table_bytes
from .progress import say
from .report import Comparison, page, write_atomically
from .session import exit_status, work_directory
from .store import usual_size

# Enough for figures to show what the product is for, and the whole within two minutes on two cores.
DEFAULT_MULTIPLIER, DEFAULT_ROUNDS, ROUNDS_SECONDS = 300, 3, 100


@dataclass(frozen=True)
class Rounds:
    """The measured rounds of each variant."""

    pickles: list[Round] = field(default_factory=list)
    released: list[Round] = field(default_factory=list)  # the released client
    vineyard: list[Round] = field(default_factory=list)  # our client
    several: list[Round] = field(default_factory=list)  # our client, each step on the store of another node

    @property
    def all(self) -> list[Round]:
        """Every one of them."""
        return self.pickles + self.released + self.vineyard + self.several


def measure(pipeline: Pipeline, wanted: int | None, nodes: int = 1) -> Rounds:
    """Run a round that only warms up, then `wanted` rounds of each variant in turn.

    Without a wish there are DEFAULT_ROUNDS, or as many as fit into ROUNDS_SECONDS, at least one.
    """
    rounds = wanted or DEFAULT_ROUNDS
    start = time.monotonic()
    say("►", "warming up: one round that does not count")
    pipeline.with_pickles()
    done = Rounds()
    for number in range(1, rounds + 1):
        begin = time.monotonic()
        suffix = f", round {number} of {rounds}" if rounds > 1 else ""
        say("►", f"without vineyard: pickles on disk{suffix}")
        done.pickles.append(pipeline.with_pickles())
        say("►", f"with vineyard: shared memory, the released client{suffix}")
        done.released.append(pipeline.with_released_client())
        say("►", f"with vineyard: shared memory, our client{suffix}")
        done.vineyard.append(pipeline.with_vineyard())
        if nodes > 1:
            say("►", f"with vineyard: each step on the store of another of {nodes} nodes{suffix}")
            done.several.append(pipeline.with_vineyard(nodes))
        now = time.monotonic()
        if wanted is None and number < rounds and now - start + (now - begin) > ROUNDS_SECONDS:
            say("◎", f"another round would take too long: {number} of {rounds} count (--rounds {rounds} for all)")
            break
    return done


def run(args: argparse.Namespace) -> None:
    """Run everything; the tables go to stdout."""
    with work_directory() as directory:
        memory, disk = machine.available_memory(), machine.free_disk(directory)
        multiplier = args.data_multiplier or room.default_multiplier(DEFAULT_MULTIPLIER, memory, disk, args.nodes)
        table = table_bytes(multiplier)
        if not args.data_multiplier and multiplier < DEFAULT_MULTIPLIER:
            say("⚠", f"memory or disk suffices for {tables.scale(table)}B only; with less data there is less to gain")
        room.check(multiplier, memory, disk, args.nodes)
        before = load.sample()
        if before.is_heavy:
            say("⚠", f"this machine is busy, the figures will be off: {before}")
        pipeline = Pipeline(
            args.stages, directory, multiplier, args.store_command, usual_size(table, memory // args.nodes),
            args.own_python,
        )  # fmt: skip
        pipeline.try_stores(args.nodes)
        facts = machine.facts(directory, shlex.split(args.store_command), args.own_python)
        if facts["Pickles on"] in ("tmpfs", "ramfs"):
            say("⚠", f"{directory.parent} is in memory: the pickles will look faster than on a disk (set TMPDIR)")
        say("►", f"preparing {tables.scale(table)}B of house prices")
        preparation = pipeline.prepare()
        meter = load.LoadMeter()
        rounds = measure(pipeline, args.rounds, args.nodes)
        during = meter.read()
        error = check_model_errors(rounds.all)
        say("✔", f"model error equal in all: {error}")
        comparison = Comparison(
            multiplier=multiplier, table_bytes=table, rounds=len(rounds.vineyard), preparation=preparation,
            pickles=median_round(rounds.pickles), released=median_round(rounds.released),
            vineyard=median_round(rounds.vineyard), facts=facts, store_bytes=pipeline.store_size,
            load=during, fitting=room.largest(memory, disk, args.nodes), nodes=args.nodes,
            several=median_round(rounds.several) if rounds.several else None, is_built=args.built,
        )  # fmt: skip
        print(tables.render(table, comparison.pickles, median_round(rounds.released), comparison.vineyard), flush=True)
        if comparison.several:
            print("\n" + tables.nodes(table, comparison.vineyard, comparison.several, args.nodes), flush=True)
        report = args.output / "report.html"
        write_atomically(report, page(comparison))
        say("✔", tables.summary(comparison.pickles, comparison.vineyard))
        say("✔", f"store: {facts['Store']}, {comparison.vineyard.page_kind or 'kind of pages unknown'}")
        if during.is_heavy:
            say("⚠", f"the machine was busy, the figures are not to be trusted: {during}")
        if args.picture:
            write_atomically(args.picture, picture.svg(comparison))
            say("✔", f"picture: {args.picture}")
        say("✔", f"report: {report}")
        for purpose, how in following.steps(multiplier, comparison.fitting, args.built):
            say("►", f"next, {purpose}: {how}")


def main() -> int:
    """Return the exit status: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n."""
    parser = argparse.ArgumentParser(prog="scripts/quickstart")
    parser.add_argument("--data-multiplier", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--stages", type=Path, required=True)
    parser.add_argument("--store-command", required=True)
    parser.add_argument("--own-python", required=True)
    args = parser.parse_args()
    return exit_status(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
