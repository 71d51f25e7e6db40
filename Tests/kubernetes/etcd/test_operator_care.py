"""The operator looks after a genuine etcd that runs with the certificates it has issued."""

import base64
import json
import os
import ssl
import subprocess

import numpy as np
import pytest
import vineyard

from deployments import APPS, SYSTEM, VINEYARDDS
from managers import Manager
from operated import NAME, cluster, condition, ready, status
from rendered_pods import Etcd, Machine, Store, loopback
from waiting import eventually

pytestmark = [
    pytest.mark.double_only(reason="its nodes run the pods, which here are processes of the test"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a hosts file of one's own needs root"),
]
RESOURCE = f"{VINEYARDDS}/{NAME}"
SECRET = f"{SYSTEM}/secrets/{NAME}-etcd-authority"


@pytest.fixture
def world(managers, tmp_path, monkeypatch):
    """Starts an operator beside an etcd with so many members; it resolves their names as they do."""
    machines = []

    def make(count, *flags, **spec):
        api = managers.api
        machine = Machine(tmp_path, [])
        machines.append(machine)
        etcd_names = [f"{NAME}-etcd-{number}.{NAME}-etcd.vineyard-system.svc" for number in range(count)]
        for number, name in enumerate(etcd_names):
            machine.name(name, loopback(0, number))
        start = subprocess.Popen

        def inside(command, **options):
            return start(machine.inside(*command) if "manager" in command else command, **options)

        monkeypatch.setattr("managers.subprocess.Popen", inside)
        manager = managers.start("manager-1", "--etcd-interval=300ms", *flags)
        monkeypatch.undo()
        assert isinstance(manager, Manager)
        assert api.post(VINEYARDDS, cluster(etcdReplicas=count, **spec)).status == 201
        ready(api)
        machine.objects = described(api)
        return Etcd(machine, count), manager

    yield make
    for machine in machines:
        machine.end()


def described(api):
    """The workloads of the cluster and their Secrets, as kubelets see them now."""
    secrets = [f"{NAME}-{part}" for part in ("etcd-server", "etcd-client", "peer-tls", "admin-token")]
    return [
        api.get(f"{APPS}/statefulsets/{NAME}-etcd").json | {"kind": "StatefulSet"},
        api.get(f"{APPS}/deployments/{NAME}").json | {"kind": "Deployment"},
        *(api.get(f"{SYSTEM}/secrets/{name}").json | {"kind": "Secret"} for name in secrets),
    ]


def files(api, secret):
    return {key: base64.b64decode(value).decode() for key, value in api.get(secret).json["data"].items()}


def test_given_members_that_run_then_the_status_tells_of_them_and_of_one_that_is_missing(managers, world):
    etcd, _ = world(3)
    etcd.start()
    healthy = eventually(
        lambda: (found := condition(managers.api, RESOURCE, "EtcdHealthy")).get("status") == "True" and found, "healthy"
    )
    assert healthy["message"] == "3/3 members answer"
    etcd.put("/vineyard/cluster/members/i0", "{}")
    etcd.put("/vineyard/cluster/members/i1", "{}")
    etcd.put("/vineyard/cluster/alive/i1", "")
    found = eventually(
        lambda: (shown := status(managers.api, RESOURCE)["etcd"]).get("aliveInstances") == 1 and shown, "instances"
    )
    assert (found["members"], found["reachable"], found["instances"]) == (3, 3, 2)
    assert found["certificatesExpire"] > "2026"
    assert condition(managers.api, RESOURCE, "MetadataEmbedded")["status"] == "False"

    etcd.members[2].kill()
    eventually(
        lambda: condition(managers.api, RESOURCE, "EtcdHealthy").get("reason") == "MembersMissing", "one is missing"
    )


def test_given_a_full_database_then_the_operator_makes_room_and_writes_go_on(managers, world):
    etcd, manager = world(1)
    member = etcd.members[0]
    # A small one, that is soon full.
    arguments = etcd._machine.objects[0]["spec"]["template"]["spec"]["initContainers"][0]["args"]
    index = next(i for i, word in enumerate(arguments) if word.startswith("--quota-backend-bytes="))
    arguments[index] = f"--quota-backend-bytes={16 << 20}"
    member.start(etcd._machine.objects)
    etcd.wait()
    value = "x" * (1 << 20)
    for _ in range(64):
        if etcd.ctl("put", "big", stdin=value).returncode != 0:
            break
    else:
        pytest.fail("it never was full")
    manager.says("the database was full, and has room again")

    eventually(lambda: etcd.ctl("put", "a", "1").returncode == 0, "writes go on")
    assert etcd.get("big") == value
    assert json.loads(etcd.ctl("alarm", "list", "-w", "json").stdout).get("alarms") in (None, [])


def test_given_certificates_that_grow_old_then_new_ones_come_into_use_without_a_restart(managers, world):
    etcd, manager = world(1, "--etcd-cert-lifetime=12s", vineyard={"size": "64Mi"})
    etcd.start()
    before = files(managers.api, SECRET)
    stores = [Store(etcd._machine, number) for number in range(2)]
    for store in stores:
        store.start()
    for store in stores:
        store.wait()
    # The Secrets follow one after the other.
    for part, name in (("etcd-server", "server.crt"), ("peer-tls", "store-peer.crt")):
        secret = f"{SYSTEM}/secrets/{NAME}-{part}"
        eventually(
            lambda secret=secret, name=name: files(managers.api, secret)["tls.crt"] != before[name],
            f"{name} is renewed",
            60,
        )

    # What a kubelet does with Secrets that have changed.
    etcd._machine.objects = described(managers.api)
    for secret in ("-etcd-server", "-etcd-client", "-peer-tls"):
        etcd._machine.secret(secret)
    etcd.put("a", "1")
    assert etcd.get("a") == "1"
    after = files(managers.api, SECRET)
    assert after["trust"] == before["trust"] == "1"
    # Stores show the new one without being started again, and read from each other with it.
    mounted = etcd._machine.secret("-peer-tls")
    shown = ssl.DER_cert_to_PEM_cert(stores[0].certificate(mounted))
    assert shown.strip() == (mounted / "tls.crt").read_text().strip() != before["store-peer.crt"].strip()
    writer, reader = (vineyard.connect(str(store.socket)) for store in stores)
    value = np.arange(1 << 20)
    np.testing.assert_array_equal(reader.get(writer.put(value, persist=True)), value)
    assert manager.process.poll() is None


def test_given_a_cluster_of_an_earlier_release_then_local_metadata_stays_until_it_is_asked_for(managers):
    api = managers.api
    manager = managers.start("manager-1")
    api.post(VINEYARDDS, cluster(vineyard={"meta": "local"}))
    ready(api)
    stores = f"{APPS}/deployments/{NAME}"
    assert api.get(f"{APPS}/statefulsets/{NAME}-etcd").status == 404
    generation = api.get(stores).json["metadata"]["generation"]

    # As resources of earlier releases are, which did not say it.
    assert api.patch(RESOURCE, {"spec": {"vineyard": {"meta": None}, "service": {"port": 9700}}}).status == 200
    rpc = f"{SYSTEM}/services/{NAME}-rpc"
    eventually(lambda: api.get(rpc).json["spec"]["ports"][0]["port"] == 9700, "the change is made")
    assert api.get(stores).json["metadata"]["generation"] == generation

    assert api.patch(RESOURCE, {"spec": {"vineyard": {"meta": "etcd"}}}).status == 200
    eventually(lambda: api.get(f"{APPS}/statefulsets/{NAME}-etcd").status == 200, "there is an etcd")
    eventually(
        lambda: "--meta=etcd" in api.get(stores).json["spec"]["template"]["spec"]["containers"][0]["args"],
        "the stores use it",
    )
    assert manager.process.poll() is None
