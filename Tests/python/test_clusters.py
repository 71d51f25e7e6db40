"""Objects of other stores of a cluster."""

from pathlib import Path

import numpy as np
import pytest
import vineyard

from conftest import RELEASED_PYTHON
from daemon import Daemon

RELEASED = [str(next(Path(RELEASED_PYTHON).parents[1].glob("lib/python3*/site-packages/vineyard/bdist/vineyardd")))]


@pytest.fixture(scope="module")
def etcd():
    """An etcd for the module's daemons."""
    pytest.importorskip("cryptography", reason="the harness makes certificates for etcd")
    from etcd import Etcd

    server = Etcd()
    try:
        yield server.start()
    finally:
        server.discard()


@pytest.fixture(params=[None, RELEASED], ids=["ours", "released"])
def stores(etcd, request):
    """Two stores of one kind that share an etcd."""
    flags = etcd.flags(f"python{id(request)}")
    daemons = []
    try:
        for _ in range(2):
            daemons.append(Daemon(size="64M", flags=flags, command=request.param).start())
        yield daemons
    finally:
        for daemon in daemons:
            daemon.discard()


def test_given_an_object_of_another_store_when_read_locally_and_over_tcp_then_it_is_the_same(stores):
    value = {"weights": np.arange(50_000.0), "n": 1}
    with vineyard.connect(stores[0].socket) as owner:
        target = owner.put((value, np.arange(5)), persist=True, name="elsewhere")
        with vineyard.connect(stores[1].socket) as reader:
            assert sorted(reader.meta) == [0, 1] and owner.instance_id != reader.instance_id
            got = reader.get(name="elsewhere")
            assert (got[0]["weights"] == value["weights"]).all() and got[1].sum() == 10
            moved = reader.migrate(target)
            assert reader.get_meta(moved).instance_id == reader.instance_id
            assert reader.get(moved)[1].sum() == 10
        with vineyard.connect("127.0.0.1", stores[1].rpc_port) as remote:
            assert remote.get(target)[1].sum() == 10
