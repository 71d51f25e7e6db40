"""A client whose requests take long: others are answered in between, and nothing costs more than it says or stores.

Work is what the store counts itself, in units of about a nanosecond: the same requests count the same on any machine.
"""

import json
import re
import struct
import urllib.request

import pytest

from daemon import free_port
from volumes import Volume
from waiting import PATIENCE, eventually
from wire import metadata

pytestmark = pytest.mark.beyond_original

MIB = 1 << 20
MOST_WORK_OF_A_TURN = 50_000_000
BATCH = 500


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def store_options(metrics_port):
    return {"size": "64M", "rpc": False, "flags": ["--metrics_port", str(metrics_port)]}


@pytest.fixture
def measured(metrics_port, store):
    """A number that the store shows."""

    def read(name):
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=PATIENCE) as answer:
            return int(re.search(rf"^{name} (\d+)$", answer.read().decode(), re.MULTILINE)[1])

    return read


@pytest.fixture
def volume(store):
    """A volume with little room."""
    volume = Volume(store, "tenant", quota=MIB)
    yield volume
    assert volume.delete()


@pytest.fixture
def tenant(volume):
    with volume.wire() as client:
        yield client


def pipeline(wire, requests):
    """Sends requests, some before the replies of those before are read, and returns all replies."""
    replies = []
    for start in range(0, len(requests), BATCH):
        bodies = [json.dumps(request).encode() for request in requests[start : start + BATCH]]
        wire.send_bytes(b"".join(struct.pack("<Q", len(body)) + body for body in bodies))
        replies += [wire.receive() for _ in bodies]
    return replies


def many_labels(tenant):
    keys = [f"k{number}" for number in range(60_000)]
    return {
        "type": "label_request",
        "id": tenant.new_object(),
        "keys": keys,
        "values": [""] * len(keys),
    }


def many_extra_fields(tenant):
    extra = {f"k{number:06d}": 1 for number in range(60_000)}
    return {"type": "shallow_copy_request", "id": tenant.new_object(), "extra": extra}


def deep_tree(tenant):
    tree = metadata("t", id="o99", a="x" * (5 * MIB))
    for level in range(190):
        tree = metadata("t", id=f"o{256 + level:x}", m=tree)
    return {"type": "create_data_request", "content": tree}


def long_wildcard(tenant):
    tenant.new_object("a" * (1 << 18))
    return {
        "type": "list_data_request",
        "pattern": "*" + "a" * 4000 + "b",
        "regex": False,
        "limit": 5,
    }


def long_expression(tenant):
    tenant.new_object("a" * (1 << 18))
    return {
        "type": "list_data_request",
        "pattern": "(" + "|".join("a" * 1600) + ")*b",
        "regex": True,
        "limit": 5,
    }


@pytest.mark.parametrize(
    "attack",
    [many_labels, many_extra_fields, deep_tree, long_wildcard, long_expression],
)
def test_given_a_request_that_takes_long_when_others_ask_then_they_are_answered_first(store, tenant, measured, attack):
    request = attack(tenant)
    with store.wire() as other:
        tenant.send_frame(json.dumps(request).encode())
        answered = 0
        while tenant.is_quiet():
            other.ask("instance_status_request")
            answered += 1
        assert answered > 2
    reply = tenant.receive()
    assert "code" not in reply or request["type"] == "list_data_request", reply
    assert measured("vineyard_loop_turn_most_work") < MOST_WORK_OF_A_TURN


def test_given_ten_times_as_many_names_when_a_few_are_listed_after_another_was_given_then_it_costs_the_same(
    wire, measured
):
    ident = wire.new_object()
    wire.ask("persist_request", id=ident)

    def cost(names):
        pipeline(
            wire,
            [
                {
                    "type": "put_name_request",
                    "object_id": ident,
                    "name": f"/vineyard/data/run-{number}/x_train.pkl",
                }
                for number in range(names)
            ],
        )
        wire.ask("put_name_request", object_id=ident, name="one more")
        before = measured("vineyard_work_total")
        listed = wire.ask("list_name_request", pattern="*", regex=False, limit=5)
        assert len(listed["names"]) == 5
        return measured("vineyard_work_total") - before

    few = cost(1000)
    assert cost(10_000) < 2 * few


def test_given_a_client_that_waits_for_many_objects_when_others_write_then_they_pay_nothing_for_it(
    volume, tenant, measured
):
    ids = ",".join(["4660"] * 500_000)
    with volume.wire() as other:

        def cost():
            before = measured("vineyard_work_total")
            for _ in range(20):
                other.new_object()
            return measured("vineyard_work_total") - before

        alone = cost()
        tenant.send_frame(f'{{"type":"get_data_request","wait":true,"id":[{ids},4661]}}'.encode())
        eventually(
            lambda: other.ask("instance_status_request")["meta"]["deferred_requests"] == 1,
            "the long request waits",
        )
        assert cost() < 2 * alone
    assert measured("vineyard_loop_turn_most_work") < MOST_WORK_OF_A_TURN


def nested(depth):
    value = [depth]
    for _ in range(depth - 1):
        value = [value, "beside"]
    return value


def as_tuples(value):
    """What the released client makes of lists."""
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def test_given_lists_nested_400_deep_when_put_and_got_then_they_are_equal(client, measured):
    assert client.get(client.put(nested(400))) == as_tuples(nested(400))
    assert measured("vineyard_loop_turn_most_work") < MOST_WORK_OF_A_TURN


def test_given_metadata_nested_400_deep_around_a_long_text_when_created_then_it_is_not_read_for_each_level(
    wire, measured
):
    def cost(depth, first):
        tree = metadata("t", id=f"o{first:x}", a="x" * MIB)
        for level in range(1, depth):
            tree = metadata("t", id=f"o{first + level:x}", m=tree)
        before = measured("vineyard_work_total")
        wire.ask("create_data_request", content=tree)
        return measured("vineyard_work_total") - before

    shallow = cost(100, 0x1000)
    assert cost(400, 0x2000) < 2 * shallow
