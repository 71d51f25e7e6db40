"""What a message costs the daemon in system calls and allocations: counts, which hold on a busy machine, too."""

import os
import re
import shutil
from pathlib import Path

import pytest

from counting import Allocations, system_calls
from daemon import Daemon
from wire import metadata

pytestmark = [
    pytest.mark.beyond_original,
    pytest.mark.skipif(not shutil.which("strace") or not shutil.which("cc"), reason="no strace or no C compiler here"),
]
TIMES = 1000
WARM_UP = 200
# What is sent each time: its messages, and the allocations of all of them together. docs/architecture.md has them, too.
COSTS = {"exists": (1, 0), "get_data": (1, 3), "get_buffers": (1, 3), "blob_cycle": (3, 2), "object_cycle": (5, 36)}


class Talk:
    """The messages that are counted, over one connection."""

    def __init__(self, wire):
        self.wire = wire
        payload, descriptor = wire.create_blob(1 << 10)
        os.close(descriptor)
        self.blob = payload["object_id"]
        wire.ask("seal_request", object_id=self.blob)
        self.target = wire.new_object()
        wire.ask("get_buffers_request", ids=[self.blob], num=1, unsafe=False)

    def exists(self):
        self.wire.exists(self.target)

    def get_data(self):
        self.wire.content(self.target)

    def get_buffers(self):
        self.wire.ask("get_buffers_request", ids=[self.blob], num=1, unsafe=False)

    def blob_cycle(self):
        """A put and its deletion: three messages."""
        created = self.wire.ask("create_buffer_request", size=1 << 10)["created"]["object_id"]
        self.wire.ask("seal_request", object_id=created)
        self.wire.ask("drop_buffer_request", id=created)

    def object_cycle(self):
        """An object with a name, found by it and deleted: five messages."""
        ident = self.wire.ask("create_data_request", content=metadata())["id"]
        self.wire.ask("persist_request", id=ident)
        self.wire.ask("put_name_request", object_id=ident, name="counted")
        self.wire.ask("get_name_request", name="counted", wait=False)
        self.wire.ask("del_data_request", id=[ident], force=False, deep=True, fastpath=False)


def repeat(send, times):
    for _ in range(times):
        send()


@pytest.fixture(scope="module")
def allocations(tmp_path_factory):
    return Allocations(tmp_path_factory.mktemp("malloc"))


@pytest.fixture
def daemon(allocations):
    counted = Daemon()
    counted.environment |= allocations.environment
    try:
        yield counted.start()
        counted.stop()
    finally:
        counted.discard()


@pytest.fixture
def send(daemon, request):
    """Sends what is counted once, after a while in which the daemon has got used to it."""
    with daemon.wire() as wire:
        send = getattr(Talk(wire), request.param)
        repeat(send, WARM_UP)
        yield send


@pytest.mark.parametrize("send, messages", [(name, COSTS[name][0]) for name in COSTS], indirect=["send"], ids=COSTS)
def test_given_messages_then_each_costs_three_system_calls(daemon, send, messages, tmp_path):
    with system_calls(daemon.pid, tmp_path) as counts:
        repeat(send, TIMES)
    # Housekeeping looks at its sockets and at the memory of the process now and then.
    assert sum(counts.values()) <= 3 * messages * TIMES + TIMES / 20, counts


@pytest.mark.skipif("VINEYARDCTL_TEST_RELEASE" not in os.environ, reason="allocations are those of the release build")
@pytest.mark.parametrize("send, limit", [(name, COSTS[name][1]) for name in COSTS], indirect=["send"], ids=COSTS)
def test_given_messages_then_allocations_stay_what_they_are(send, allocations, limit):
    before = allocations.count
    repeat(send, TIMES)
    assert allocations.count - before <= limit * TIMES + TIMES / 20, (allocations.count - before) / TIMES


def test_given_the_documentation_then_its_costs_are_those_that_are_tested():
    page = (Path(__file__).resolve().parents[2] / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)`.* \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert {name: (int(messages), int(limit)) for name, messages, calls, limit in rows} == COSTS
    assert all(int(calls) == 3 * int(messages) for _, messages, calls, _ in rows)
