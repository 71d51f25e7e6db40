"""What is deployed as etcd and stores, run for real: rendered commands, arguments and certificates, genuine etcd."""

import json
import os
import socket
import ssl
import subprocess

import numpy as np
import pytest
import vineyard

from command_line import program
from rendered_pods import Etcd, Machine, Store
from waiting import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a hosts file of one's own needs root")
HOST = "vineyardd-sample-etcd-0.vineyardd-sample-etcd.vineyard-system.svc"


def rendered(**spec):
    """The objects of a cluster, with certificates."""
    resource = {
        "apiVersion": "k8s.v6d.io/v1alpha1",
        "kind": "Vineyardd",
        "metadata": {"name": "vineyardd-sample", "namespace": "vineyard-system"},
        "spec": {"vineyard": {"size": "64Mi"}, **spec},
    }
    done = subprocess.run(
        [program(), "render", "-f", "-", "-o", "json"], input=json.dumps(resource), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["items"]


@pytest.fixture
def machine_of(tmp_path):
    machines = []

    def make(objects):
        machines.append(Machine(tmp_path, objects))
        return machines[-1]

    yield make
    for machine in machines:
        machine.end()


def handshake(address, port, authority, certificate=None):
    """Whether a TLS server at the address goes on talking after it has seen the client's certificate."""
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
    try:
        plain = socket.create_connection((address, port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname=HOST) as connection:
            connection.settimeout(10)
            connection.send(b"GET /version HTTP/1.0\r\n\r\n")
            return len(connection.recv(1)) == 1
    except (ssl.SSLError, ConnectionError):
        return False


def test_given_one_member_then_stores_share_through_it_and_strangers_stay_out(machine_of):
    machine = machine_of(rendered())
    etcd = Etcd(machine, 1)
    etcd.start()
    stores = [Store(machine, number) for number in range(2)]
    for store in stores:
        store.start()
    for store in stores:
        store.wait()

    writer, reader = (vineyard.connect(str(store.socket)) for store in stores)
    identity = writer.put((1, "two", 3.0), persist=True, name="shared")
    eventually(lambda: reader.get_name("shared") == identity, "the name is known to the other store")
    assert reader.get(reader.get_name("shared")) == (1, "two", 3.0)
    # Over TLS, without which nobody is taken for a store.
    large = np.arange(1 << 20)
    identity = writer.put(large, persist=True, name="large")
    np.testing.assert_array_equal(reader.get(identity), large)
    refusal = stores[0].register(remote_ranges=True)
    assert refusal["code"] == 34 and "over TLS only" in refusal["message"]
    assert "shared" in etcd.ctl("get", "--prefix", "--keys-only", "/vineyard/").stdout

    assert etcd.ctl("get", "x", certificate=None).returncode != 0
    server, client = (machine.secret(f"-etcd-{role}") for role in ("server", "client"))
    address = etcd.members[0].address
    assert handshake(address, 2379, server / "ca.crt", client / "tls")
    assert not handshake(address, 2379, server / "ca.crt")
    # A store is no member, and members are not clients.
    assert handshake(address, 2380, server / "peer-ca.crt", server / "peer")
    assert not handshake(address, 2380, server / "peer-ca.crt", client / "tls")
    assert not handshake(address, 2379, server / "ca.crt", server / "peer")


def test_given_local_metadata_when_stores_go_to_etcd_one_by_one_then_each_loses_its_own_contents_only(machine_of):
    """Volumes stay where they are, and claims find them there."""
    machine = machine_of(rendered(vineyard={"size": "64Mi", "meta": "local"}))
    stores = [Store(machine, number) for number in range(2)]
    volumes = []
    for store in stores:
        store.start()
        store.wait()
        assert store.ask("open_volume_request", id="v")["type"] == "open_volume_reply"
        volumes.append(store.directory / "volumes" / "v" / "vineyard.sock")
    for volume in volumes:
        vineyard.connect(str(volume)).put(np.arange(1000), persist=True, name="numbers")

    machine.objects = rendered()
    etcd = Etcd(machine, 1)
    etcd.start()
    for number, store in enumerate(stores):
        store.stop()
        others = volumes[number + 1 :]
        assert [vineyard.connect(str(other)).get(name="numbers").sum() for other in others] == [499500] * len(others)
        store.start()
        store.wait()
        record = store.ask("inspect_volume_request", id="v")["volume"]
        assert (record["objects"], record["locality"]) == (0, "node") and record["lost_contents_at"]
        vineyard.connect(str(volumes[number])).put(np.arange(10), persist=True, name="again")

    assert all(vineyard.connect(str(volume)).get(name="again").sum() == 45 for volume in volumes)
    writer, reader = (vineyard.connect(str(store.socket)) for store in stores)
    identity = writer.put(np.arange(1000), persist=True, name="shared")
    eventually(lambda: reader.get_name("shared") == identity, "they share what is in no volume")
    assert reader.get(identity).sum() == 499500


def test_given_three_members_when_one_dies_with_its_data_then_its_next_pod_takes_its_place(machine_of):
    machine = machine_of(rendered(etcdReplicas=3))
    etcd = Etcd(machine, 3)
    etcd.start()
    before = etcd.listed()
    assert len(before) == 3
    etcd.put("a", "1")

    lost = etcd.members[1]
    lost.kill(loses_data=True)
    etcd.put("b", "2")
    lost.start()
    etcd.wait()

    after = etcd.listed(member=1)
    assert set(after) == set(before)
    assert {name for name in before if before[name] != after[name]} == {lost.name}, "under another number"
    assert (etcd.get("a", member=1), etcd.get("b", member=1)) == ("1", "2")
    assert "had this place and is removed" in lost.log.read_text()
    # The new one counts: with another one down there is still a majority.
    etcd.members[0].kill()
    etcd.put("c", "3", member=1)
    etcd.members[0].start()
    etcd.wait()
    assert etcd.get("c") == "3"
    assert "goes on with it" in etcd.members[0].log.read_text()


def test_given_one_member_when_there_are_to_be_three_then_the_others_join_and_nothing_is_lost(machine_of):
    three = rendered(etcdReplicas=3)
    machine = machine_of(three)
    etcd = Etcd(machine, 3)
    etcd.members[0].start(rendered(etcdReplicas=1))
    eventually(lambda: etcd.members[0].is_healthy, "the only member is ready", 60)
    etcd.put("a", "1")

    for member in etcd.members[1:]:
        member.start()
    eventually(lambda: all(member.is_healthy for member in etcd.members[1:]), "they have joined", 60)
    # The rollout reaches the first member last, and its data is in its pod.
    etcd.members[0].kill(loses_data=True)
    etcd.members[0].start(three)
    etcd.wait()

    assert len(etcd.listed()) == 3
    assert etcd.get("a") == "1"
