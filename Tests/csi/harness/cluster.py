"""A Kubernetes cluster: the double of the API server, and nodes whose stores are reached at their pods' addresses."""

import base64

from apiserver.double import Double
from harness.node import CLUSTER, NAMESPACE, Node

TOKEN = "token-of-the-cluster"
LABELS = {"app.vineyard.io/name": CLUSTER, "app.vineyard.io/role": "vineyardd"}


class Cluster:
    """Pods are objects in the API server; what they stand for are daemons of this machine."""

    def __init__(self, directory, names=("node-1", "node-2", "node-3"), store_flags=()):
        self.double = Double(directory / "api", "--no-controllers", "--pod-delay", "0")
        self.api = self.double.client
        self.token_file = directory / "token"
        self.store_flags = store_flags
        self._make("namespaces", {"kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.set_token(TOKEN)
        self.nodes = {}
        for name in names:
            self.add_node(name)
        self.controller_node = Node("node-0")
        self.controller = self.controller_node.start_driver(
            "controller", flags=[f"--kubeconfig={self.double.kubeconfig}"])  # fmt: skip

    def _send(self, method, path, body=None, **more):
        reply = self.api.send(method, f"/api/v1/{path}", body, **more)
        assert reply.status < 300, reply.text
        return reply.json

    def _make(self, path, body):
        return self._send("POST", path, {"apiVersion": "v1", **body})

    def set_token(self, token, in_secret=True, in_file=True):
        """Changes what the stores want to see, what the controller reads, or both."""
        if in_file:
            self.token_file.write_text(token + "\n")
        if in_secret:
            path, name = f"namespaces/{NAMESPACE}/secrets", f"{CLUSTER}-admin-token"
            self.api.send("DELETE", f"/api/v1/{path}/{name}")
            data = {"token": base64.b64encode(token.encode()).decode()}
            self._make(path, {"kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "data": data})

    def label_node(self, name, value="true"):
        """What the operator does where a store is ready; None removes the label."""
        labels = {f"csi.vineyard.v6d.io/store-{NAMESPACE}.{CLUSTER}": value}
        reply = self.api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": labels}})
        assert reply.status == 200, reply.text

    def add_node(self, name, size="256M", flags=None):
        """A node with a store, its ready pod, and a driver for the node."""
        more = self.store_flags if flags is None else flags
        node = self.nodes[name] = Node(name)
        # Each node has an address of its own.
        flags = ["--rpc_host", "0.0.0.0", "--admin_token_file", str(self.token_file), *more]
        store = node.start_store(size=size, rpc=True, flags=flags)
        node.start_driver("node")
        pod = {"kind": "Pod", "metadata": {"name": f"{CLUSTER}-{name}", "namespace": NAMESPACE, "labels": LABELS},
               "spec": {"nodeName": name, "containers": [
                   {"name": "vineyardd", "image": "vineyardctl",
                    "ports": [{"name": "rpc", "containerPort": store.rpc_port}]}]}}  # fmt: skip
        self._make(f"namespaces/{NAMESPACE}/pods", pod)
        # Any address of the loopback network is this machine.
        self.set_pod(name, address=f"127.0.0.{len(self.nodes) + 1}")

    def set_pod(self, name, is_ready=True, address=None):
        path = f"namespaces/{NAMESPACE}/pods/{CLUSTER}-{name}"
        pod = self._send("GET", path)
        status = pod.setdefault("status", {})
        status |= {"phase": "Running",
                   "conditions": [{"type": "Ready", "status": str(is_ready), "lastTransitionTime": None}]}  # fmt: skip
        if address:
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
        self._send("PUT", f"{path}/status", pod)

    def remove_pod(self, name):
        self._send("DELETE", f"namespaces/{NAMESPACE}/pods/{CLUSTER}-{name}", gracePeriodSeconds=0)

    def homes(self, ident):
        """The nodes whose stores have a volume."""
        return [name for name, node in self.nodes.items()
                if node.store.process.poll() is None and ident in node.records()]  # fmt: skip

    def end(self):
        try:
            self.controller_node.end()
            for node in self.nodes.values():
                node.end()
            self.double.check_injections()
        finally:
            self.discard()

    def discard(self):
        for node in (self.controller_node, *self.nodes.values()):
            node.discard()
        if self.double.process.poll() is None:
            self.double.stop()
