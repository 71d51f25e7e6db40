"""A machine whose clock is wrong, and one whose clock jumps."""

import subprocess
import time
from pathlib import Path

import pytest

from daemon import Daemon
from waiting import eventually

pytestmark = pytest.mark.beyond_original

SOURCE = Path(__file__).with_name("jumping_clock.c")
DAY = 86_400


@pytest.fixture(scope="module")
def jumping_clock(tmp_path_factory):
    library = tmp_path_factory.mktemp("clock") / "jumping_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@pytest.fixture
def daemon_with_clock(jumping_clock, tmp_path):
    """A daemon whose time of day is off by as many seconds as the file says; in the end it must have met that."""
    shift, seen = tmp_path / "shift", tmp_path / "seen"
    asked = []
    shift.write_text("0")
    daemon = Daemon(size="64M")
    daemon.environment.update(LD_PRELOAD=str(jumping_clock), CLOCK_SHIFT_FILE=str(shift), CLOCK_SEEN_FILE=str(seen))

    def set_clock(seconds):
        shift.write_text(str(seconds))
        asked.append(seconds)

    try:
        yield daemon, set_clock
        daemon.stop()
        assert int(seen.read_text()) == next(seconds for seconds in reversed(asked) if seconds)
    finally:
        daemon.discard()


BEFORE_1970 = -int(time.time()) - DAY


@pytest.mark.parametrize("seconds", [BEFORE_1970, -100 * DAY, 10_000 * DAY], ids=["1969", "past", "future"])
def test_given_a_wrong_clock_when_started_then_the_store_works(daemon_with_clock, seconds):
    daemon, set_clock = daemon_with_clock
    set_clock(seconds)
    daemon.start()
    with daemon.wire() as wire:
        first, second = wire.new_object(), wire.new_object()
        assert first != second
        assert wire.exists(first) and wire.exists(second)
        wire.put_blob(b"data")


@pytest.mark.parametrize("seconds", [-DAY, BEFORE_1970, DAY], ids=["a day back", "before 1970", "a day ahead"])
def test_given_a_clock_that_jumps_when_objects_are_made_then_their_ids_differ(daemon_with_clock, seconds):
    daemon, set_clock = daemon_with_clock
    daemon.start()
    with daemon.wire() as wire:
        ids = [wire.new_object() for _ in range(10)]
        blobs = [wire.new_blob(100) for _ in range(10)]
        set_clock(seconds)
        ids += [wire.new_object() for _ in range(10)]
        blobs += [wire.new_blob(100) for _ in range(10)]
        set_clock(0)
        ids += [wire.new_object() for _ in range(10)]
        assert len(set(ids)) == 30 and len(set(blobs)) == 20
        assert all(wire.exists(ident) for ident in ids + blobs)


def test_given_a_clock_that_jumps_back_when_idle_then_the_store_goes_on(daemon_with_clock):
    daemon, set_clock = daemon_with_clock
    daemon.start()
    set_clock(-DAY)
    Path(daemon.socket).unlink()
    eventually(Path(daemon.socket).exists, "the socket is made anew")
    with daemon.wire() as wire:
        wire.new_object()
