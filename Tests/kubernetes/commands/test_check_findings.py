"""Each thing that `check` can find."""

import http.server
import threading

import pytest

from command_line import CommandLine
from deployments import CLASSES, CLUSTER, NAMESPACE, make
from findings import findings, hint
from original import Original

NODES = "/api/v1/nodes"


def check(vineyardctl, *arguments, status=0):
    return vineyardctl("check", "--pre", "-o", "json", *arguments, status=status)


def test_permissions_are_asked_for_each_kind_and_verb(cluster, vineyardctl):
    cluster.deny(verb="patch", resource="deployments", group="apps")
    cluster.deny(verb="delete", resource="deployments", group="apps")
    cluster.deny(verb="create", resource="vineyardds", group="k8s.v6d.io")

    run = check(vineyardctl, status=1)

    assert findings(run, "Permissions") == [
        ("✗", "no permission to patch, delete deployments.apps"),
        ("✗", "no permission to create vineyardds.k8s.v6d.io"),
    ]
    assert hint(run, "no permission to patch, delete deployments.apps") == (
        "ask for a role that allows it, such as cluster-admin"
    )


def test_what_is_only_looked_at_is_a_warning(cluster, vineyardctl):
    cluster.deny(verb="list", resource="events")

    run = check(vineyardctl)

    assert findings(run, "Permissions") == [("⚠", "no permission to list events")]


def test_what_may_not_be_seen_cannot_be_checked(cluster, vineyardctl):
    cluster.deny(verb="list", resource="nodes")
    cluster.deny(verb="list", resource="storageclasses", group="storage.k8s.io")

    run = check(vineyardctl)

    for group in ("Nodes", "Storage"):
        ((sign, text),) = findings(run, group)
        assert sign == "⚠" and text.startswith("cannot be checked: cannot list ")


def test_a_store_that_fits_on_some_nodes_is_a_warning_and_on_none_a_failure(cluster, vineyardctl):
    cluster.node("node-1", "memory", memory="2Gi")

    run = check(vineyardctl, "--size", "8Gi")
    assert ("⚠", "a store of 8 GiB fits on 2 of 3 nodes (at most 16 GiB on node-2)") in findings(run, "Nodes")

    run = check(vineyardctl, "--size", "20Gi", status=1)
    text = "a store of 20 GiB fits on 0 of 3 nodes (at most 16 GiB on node-2)"
    assert ("✗", text) in findings(run, "Nodes")
    assert hint(run, text) == "choose a smaller --size or fewer replicas"


def test_memory_that_pods_have_asked_for_is_not_free(cluster, vineyardctl):
    for index in (1, 2, 3):
        make(
            cluster.client,
            "/api/v1/namespaces/default/pods",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"big-{index}"},
                "spec": {
                    "nodeName": f"node-{index}",
                    "containers": [{"name": "a", "image": "a", "resources": {"requests": {"memory": "10Gi"}}}],
                },
            },
        )

    run = check(vineyardctl, "--size", "8Gi", status=1)

    assert ("✗", "a store of 8 GiB fits on 0 of 3 nodes (at most 6 GiB on node-1)") in findings(run, "Nodes")


def test_nodes_that_take_no_pods(cluster, vineyardctl):
    cluster.node("node-1", "cordon")
    assert ("✔", "2 of 3 nodes can take a pod") in findings(check(vineyardctl), "Nodes")

    cluster.node("node-2", "taint", key="dedicated", value="gpu")
    cluster.node("node-3", "ready", ready=False)
    ((sign, text),) = findings(check(vineyardctl, status=1), "Nodes")

    assert sign == "✗"
    assert "(node-1: cordoned, node-2: tainted dedicated, node-3: not ready)" in text


def with_images(cluster, count, *names):
    for index in range(1, count + 1):
        images = [{"names": list(names), "sizeBytes": 1}]
        reply = cluster.client.patch(f"{NODES}/node-{index}/status", {"status": {"images": images}})
        assert reply.status == 200, reply.text


def test_an_image_that_every_node_has(cluster, vineyardctl):
    with_images(cluster, 3, "localhost/vineyardctl:7")

    run = check(vineyardctl, "--image", "localhost/vineyardctl:7")

    assert ("✔", "every node has the image localhost/vineyardctl:7") in findings(run, "Nodes")


def test_an_image_that_no_registry_has_must_be_brought(cluster, vineyardctl):
    with_images(cluster, 2, "localhost/vineyardctl:7")

    run = check(vineyardctl, "--image", "localhost/vineyardctl:7")

    text = "2 of 3 nodes are known to have the image localhost/vineyardctl:7, which no registry has"
    assert ("⚠", text) in findings(run, "Nodes")
    assert "'docker save localhost/vineyardctl:7 | ctr --namespace k8s.io images import -'" in hint(run, text)


def test_an_image_that_no_registry_and_no_node_has_is_a_failure(cluster, vineyardctl):
    run = check(vineyardctl, "--image", "localhost/vineyardctl:7", status=1)

    text = "0 of 3 nodes are known to have the image localhost/vineyardctl:7, which no registry has"
    assert ("✗", text) in findings(run, "Nodes")
    assert "--image" in hint(run, text)


@pytest.mark.parametrize("image", ["me/vineyardctl", "me/vineyardctl:latest", "docker.io/me/vineyardctl:latest"])
def test_an_image_is_known_by_all_its_names(cluster, vineyardctl, image):
    with_images(cluster, 3, "docker.io/me/vineyardctl:latest")

    assert ("✔", f"every node has the image {image}") in findings(check(vineyardctl, "--image", image), "Nodes")


def test_an_image_that_nodes_must_pull_is_a_warning(cluster, vineyardctl):
    with_images(cluster, 1, "example.com/vineyardctl:2")

    run = check(vineyardctl, "--image", "example.com/vineyardctl:2")

    text = "1 of 3 nodes are known to have the image example.com/vineyardctl:2"
    assert ("⚠", text) in findings(run, "Nodes")
    assert hint(run, text) == "the others pull it; make sure that they can reach its registry"


def test_kubelets_of_k0s_and_microk8s_work_elsewhere(cluster, vineyardctl):
    info = cluster.client.get(f"{NODES}/node-1").json["status"]["nodeInfo"] | {"kubeletVersion": "v1.31.0+k0s"}
    assert cluster.client.patch(f"{NODES}/node-1/status", {"status": {"nodeInfo": info}}).status == 200
    cluster.node("node-2", "label", labels={"microk8s.io/cluster": "true"})

    run = check(vineyardctl, status=1)

    directories = "node-1: /var/lib/k0s/kubelet, node-2: /var/snap/microk8s/common/var/lib/kubelet"
    text = f"kubelets work in different directories: {directories}"
    assert ("✗", text) in findings(run, "Nodes")
    assert "link them to one directory on all nodes" in hint(run, text)


def test_an_operator_in_another_namespace_is_in_the_way(vineyardctl):
    vineyardctl("deploy", "operator", "--create-namespace", "-n", "data")

    run = check(vineyardctl, status=1)

    text = "another operator runs as data/vineyard-controller-manager"
    assert findings(run, "Other installations") == [("✗", text)]
    assert "deploy vineyardd -n vineyard-system" in hint(run, text)


def test_our_own_operator_is_not_in_the_way(vineyardctl):
    vineyardctl(*CLUSTER)

    assert findings(check(vineyardctl), "Other installations") == [("✔", "no other operator is in the way")]


def test_the_original_is_taken_over(cluster, vineyardctl):
    Original(cluster).run("deploy", "operator", "--wait=false")

    run = check(vineyardctl)

    text = f"the original operator runs as {NAMESPACE}/vineyard-controller-manager"
    assert findings(run, "Other installations") == [("⚠", text)]
    assert hint(run, text).startswith("deploying takes its objects over")
    assert findings(run, "Custom resource definitions") == [
        ("⚠", "csidrivers.k8s.v6d.io is the original's"),
        ("⚠", "vineyardds.k8s.v6d.io is the original's"),
    ]


@pytest.fixture
def slow_definitions(cluster):
    """Definitions are not served for as long as the test takes."""
    before = cluster.settings()["crd_delay"]
    cluster.settings(crd_delay=600)
    yield
    cluster.settings(crd_delay=before)


def test_a_definition_that_is_not_served_has_failed(vineyardctl, slow_definitions):
    vineyardctl("deploy", "operator", "--create-namespace", "--timeout", "1s", status=3)

    run = check(vineyardctl, status=1)

    text = "vineyardds.k8s.v6d.io is not established: the initial names have been accepted"
    assert ("✗", text) in findings(run, "Custom resource definitions")
    assert "'kubectl describe crd vineyardds.k8s.v6d.io'" in hint(run, text)


def test_a_class_of_another_driver_with_our_name_is_in_the_way(cluster, vineyardctl):
    make(
        cluster.client,
        CLASSES,
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": f"{NAMESPACE}.vineyardd-sample.csi"},
            "provisioner": "example.com/disk",
        },
    )

    run = check(vineyardctl, status=1)

    text = f"the storage class {NAMESPACE}.vineyardd-sample.csi belongs to example.com/disk"
    assert ("✗", text) in findings(run, "Storage")
    assert hint(run, text) == "delete it, or choose another cluster name"


def test_a_namespace_that_is_going_cannot_be_deployed_to(cluster, vineyardctl):
    path = f"/api/v1/namespaces/{NAMESPACE}"
    make(
        cluster.client, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    )
    make(
        cluster.client,
        f"{path}/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}},
    )
    cluster.client.delete(path)

    run = check(vineyardctl, status=1)

    assert ("✗", f"the namespace {NAMESPACE} is being deleted") in findings(run, "Kubernetes API")


class _OldServer(http.server.BaseHTTPRequestHandler):
    """A server of Kubernetes 1.24 that refuses everything else."""

    def do_GET(self):
        known = self.path == "/version"
        body = b'{"major":"1","minor":"24","gitVersion":"v1.24.17"}' if known else b'{"kind":"Status","code":403}'
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def test_a_server_that_is_too_old_fails(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OldServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        run = CommandLine(None, tmp_path)("check", "--pre", "-o", "json", "--server", url, status=1)
        server.shutdown()

    assert findings(run, "Kubernetes API")[0] == ("✗", f"{url} is Kubernetes v1.24.17")
    assert hint(run, f"{url} is Kubernetes v1.24.17") == "vineyardctl needs 1.25 or newer"
