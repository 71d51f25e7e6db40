"""TLS and names: the image speaks to an API server."""

import shutil
import socket
import subprocess

import pytest

from waiting import eventually


def test_deployer_reaches_a_cluster_by_the_kubeconfig_in_its_home(run, settings):
    done = run("status", mounts=settings())
    assert done.status == 4, done.story
    assert "nothing is deployed" in done.story


def test_deployment_from_the_image(run, settings, double):
    done = run("deploy", "operator", "--create-namespace", "--timeout=60s", mounts=settings())
    assert done.status == 0, done.story
    listed = double.client.send("GET", "/apis/apps/v1/namespaces/vineyard-system/deployments").json
    assert [item["metadata"]["name"] for item in listed["items"]] == ["vineyard-controller-manager"]


def test_unknown_authority_is_refused(run, settings):
    """Without an authority in the kubeconfig the certificates of the image count."""
    done = run("status", mounts=settings(**{"certificate-authority-data": None}))
    assert done.status == 1
    assert "certificate" in done.story and "ca-certificates.crt" not in done.story


def test_bundle_can_be_replaced_by_one_of_a_company(run, settings, double):
    mounts = settings(**{"certificate-authority-data": None})
    bundle = double.directory / "ca.crt"
    bundle.chmod(0o644)
    done = run("status", mounts={**mounts, "/etc/ssl/certs/ca-certificates.crt": (bundle, True)})
    assert done.status == 4, done.story


def test_pod_finds_the_cluster_it_is_in(run, in_cluster, image):
    environment, account = in_cluster(group=65532)
    done = run(
        "status",
        environment={**image.process().environment, **environment},
        mounts={"/var/run/secrets/kubernetes.io/serviceaccount": (account, True)},
    )
    assert done.status == 4, done.story


def test_names_come_from_the_hosts_file(run, settings, double, tmp_path):
    (tmp_path / "hosts").write_text("127.0.0.1 kubernetes\n")
    mounts = settings(server=f"https://kubernetes:{port(double)}")
    done = run("status", mounts={**mounts, "/etc/hosts": (tmp_path / "hosts", True)})
    assert done.status == 4, done.story


def test_names_come_from_the_name_server(run, settings, double, tmp_path, name_server):
    name_server("kubernetes.default.svc.cluster.local", "127.0.0.1")
    # The search list completes it, as in a pod.
    (tmp_path / "resolv.conf").write_text(
        "nameserver 127.0.0.1\nsearch svc.cluster.local cluster.local\noptions ndots:5\n"
    )
    mounts = settings(server=f"https://kubernetes.default.svc:{port(double)}")
    done = run("status", mounts={**mounts, "/etc/resolv.conf": (tmp_path / "resolv.conf", True)})
    assert done.status == 4, done.story


def port(double):
    return double.server.rsplit(":", 1)[1]


@pytest.fixture
def name_server():
    """Starts a name server that knows one name."""
    running = []

    def start(name, address):
        command = [
            shutil.which("dnsmasq") or "/usr/sbin/dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-hosts",
            "--no-resolv",
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--user=root",
            "--pid-file=",
            "--local=/cluster.local/",
            f"--address=/{name}/{address}",
        ]
        running.append(subprocess.Popen(command))
        eventually(answers, "the name server listens")

    def answers():
        assert running[-1].poll() is None
        try:
            socket.create_connection(("127.0.0.1", 53), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    yield start
    for process in running:
        process.terminate()
        process.wait(30)
