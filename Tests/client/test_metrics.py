"""`--metrics_port`: Prometheus text over HTTP, in step with what the store does."""

import re
import urllib.error
import urllib.request

import numpy as np
import pytest

from daemon import Daemon, free_port
from waiting import PATIENCE, eventually

pytestmark = pytest.mark.beyond_original

MIB = 1 << 20
SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.eE+-]+|[+-]Inf|NaN)$")


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def store_options(metrics_port):
    return {"size": "64M", "flags": ["--metrics_port", str(metrics_port)]}


@pytest.fixture
def scrape(client, metrics_port):
    """Reads all samples: {name: {labels as text: value}}."""

    def read():
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=PATIENCE) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/plain")
            text = answer.read().decode()
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = SAMPLE.match(line)
                assert match, f"not a sample: {line!r}"
                name, labels, value = match.groups()
                assert labels not in samples.setdefault(name, {}), f"told twice: {line!r}"
                samples[name][labels] = float(value)
        return samples

    return read


def value(samples, name, *labels):
    """The one sample of this name whose labels contain all of `labels`."""
    [found] = [number for text, number in samples[name].items() if all(label in (text or "") for label in labels)]
    return found


def test_given_a_running_store_when_scraped_then_every_promised_series_is_there(client, scrape):
    client.get(client.put(np.arange(10)))
    samples = scrape()
    for name in (
        "vineyard_memory_used_bytes",
        "vineyard_memory_limit_bytes",
        "vineyard_memory_largest_free_bytes",
        "vineyard_objects",
        "vineyard_blobs",
        "vineyard_connections",
        "vineyard_requests_total",
        "vineyard_request_duration_seconds_bucket",
        "vineyard_request_duration_seconds_sum",
        "vineyard_request_duration_seconds_count",
        "vineyard_page_kind",
        "vineyard_populated_bytes",
    ):
        assert samples.get(name), name


def test_given_blobs_when_scraped_then_used_limit_and_free_add_up(client, scrape):
    blob = client.create_blob(10 * MIB)
    samples = scrape()
    assert value(samples, "vineyard_memory_used_bytes") == 10 * MIB
    assert value(samples, "vineyard_memory_limit_bytes") == 64 * MIB
    assert 0 < value(samples, "vineyard_memory_largest_free_bytes") <= 54 * MIB
    client.delete(blob.id)
    assert value(scrape(), "vineyard_memory_used_bytes") == 0


def test_given_the_largest_free_range_when_asked_for_then_it_can_be_had(client, scrape):
    client.create_blob(10 * MIB)
    largest = int(value(scrape(), "vineyard_memory_largest_free_bytes"))
    assert client.create_blob(largest).size == largest


def test_given_objects_and_blobs_when_scraped_then_they_are_counted(client, scrape):
    before = scrape()
    client.put(np.arange(10))
    client.put("text")
    after = scrape()
    assert value(after, "vineyard_objects") - value(before, "vineyard_objects") == 2
    assert value(after, "vineyard_blobs") - value(before, "vineyard_blobs") == 1


def test_given_connections_of_both_kinds_when_scraped_then_each_kind_is_counted(store, client, scrape):
    ipc = value(scrape(), "vineyard_connections", 'kind="ipc"')
    rpc = value(scrape(), "vineyard_connections", 'kind="rpc"')
    with store.wire(), store.wire(), store.wire_rpc():
        samples = scrape()
        assert value(samples, "vineyard_connections", 'kind="ipc"') == ipc + 2
        assert value(samples, "vineyard_connections", 'kind="rpc"') == rpc + 1
    eventually(
        lambda: value(scrape(), "vineyard_connections", 'kind="ipc"') == ipc, "closed connections are not counted"
    )


def test_given_requests_when_scraped_then_counter_and_histogram_count_them_by_type(wire, scrape):
    wire.exists(1)
    before = scrape()
    for _ in range(7):
        wire.exists(1)
    after = scrape()
    for name in ("vineyard_requests_total", "vineyard_request_duration_seconds_count"):
        assert value(after, name, "exists") - value(before, name, "exists") == 7


def test_given_a_histogram_when_scraped_then_its_buckets_are_cumulative_and_end_at_infinity(wire, scrape):
    for _ in range(20):
        wire.exists(1)
    samples = scrape()
    buckets = {}
    for labels, count in samples["vineyard_request_duration_seconds_bucket"].items():
        if "exists" in labels:
            bound = re.search(r'le="([^"]+)"', labels).group(1)
            buckets[float(bound.replace("+Inf", "inf"))] = count
    counts = [buckets[bound] for bound in sorted(buckets)]
    assert counts == sorted(counts)
    assert float("inf") in buckets
    assert counts[-1] == value(samples, "vineyard_request_duration_seconds_count", "exists") >= 20
    assert value(samples, "vineyard_request_duration_seconds_sum", "exists") > 0


def test_given_a_store_when_scraped_then_exactly_one_kind_of_page_is_in_use(scrape):
    kinds = scrape()["vineyard_page_kind"]
    assert all('kind="' in labels for labels in kinds)
    assert sorted(kinds.values())[-1] == 1
    assert sum(kinds.values()) == 1


def test_given_another_path_when_asked_for_then_404(metrics_port, client):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/nothing", timeout=PATIENCE)
    assert refused.value.code == 404


def test_given_a_busy_metrics_port_when_started_then_it_exits_with_one_line(store, client, metrics_port):
    daemon = Daemon(flags=["--metrics_port", str(metrics_port)], rpc=False)
    try:
        daemon.spawn()
        assert daemon.process.wait(timeout=PATIENCE) == 1
        assert str(metrics_port) in daemon.stderr
        daemon.assert_no_crash()
    finally:
        daemon.discard()
