"""Rounds that were measured already: each is written down when it is done, so that an interrupted run goes on."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quickstart.load import Load
from quickstart.pipeline import Round, median_round
from quickstart.report import write_atomically
from quickstart.stages import Stage


@dataclass(frozen=True)
class Measured:
    """A round, and how busy the machine was meanwhile."""

    round: Round
    load: Load


class Kept:
    """The rounds of one size by the name of their variant, in a file that is written anew after each.

    Rounds of other programs (another `fingerprint`) are not taken.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self.is_outdated = False
        self._rounds: dict[str, list[Measured]] = {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["fingerprint"] == fingerprint:
                self._rounds = {name: [_measured(one) for one in each] for name, each in content["rounds"].items()}
            else:
                self.is_outdated = True
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.is_outdated = True

    def count(self, name: str) -> int:
        """How many rounds of a variant there are."""
        return len(self._rounds.get(name, []))

    def add(self, name: str, one: Measured) -> None:
        """Write a round down."""
        self._rounds.setdefault(name, []).append(one)
        rounds = {name: [dataclasses.asdict(one) for one in each] for name, each in self._rounds.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, json.dumps({"fingerprint": self._fingerprint, "rounds": rounds}))

    @property
    def all(self) -> list[Measured]:
        """Every round."""
        return [one for each in self._rounds.values() for one in each]

    def median(self, name: str) -> Round:
        """The median round of a variant that has one."""
        return median_round([one.round for one in self._rounds[name]])


def _measured(content: dict[str, dict]) -> Measured:
    stages = tuple(Stage(**stage) for stage in content["round"].pop("stages"))
    return Measured(Round(stages, **content["round"]), Load(**content["load"]))


def fingerprint(paths: Iterable[Path]) -> str:
    """Return a digest of files, and of all Python files below directories."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def total_load(measured: list[Measured]) -> Load:
    """Return the load over all rounds, each for as long as it took."""
    whole = sum(one.round.duration for one in measured) or 1.0

    def mean(attribute: str) -> float:
        return sum(getattr(one.load, attribute) * one.round.duration for one in measured) / whole

    return Load(mean("average"), measured[0].load.cores if measured else 1, mean("others"), mean("stolen"))
