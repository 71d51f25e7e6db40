"""A node of a cluster: the directory of its sockets, stores, a driver, and kubelet's directory."""

import re
import shutil
import tempfile
from pathlib import Path

from daemon import Daemon
from harness import mounts
from harness.driver import Driver

MIB = 1 << 20
# What the API server takes as the value of a label.
LABEL_VALUE = re.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
NAMESPACE, CLUSTER = "pipelines", "store"
NAMESPACE_KEY, NAME_KEY = "k8s.v6d.io/vineyard/namespace", "k8s.v6d.io/vineyard/name"


def capability(mode="SINGLE_NODE_WRITER", **mount):
    """How a pod wants to use a volume."""
    return {"mount": mount, "access_mode": {"mode": mode}}


def parameters(cluster=CLUSTER, namespace=NAMESPACE, **more):
    """The parameters of a StorageClass."""
    return {NAMESPACE_KEY: namespace, NAME_KEY: cluster, **more}


class Node:
    """The stores listen where the node's pods put their sockets; the driver is told that directory."""

    def __init__(self, name="node-1", hostname=None):
        self.name = name
        self.labels = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": hostname or name}
        # Short, so that paths of sockets have room; real kubelet paths are longer and are not connected to.
        self.directory = Path(tempfile.mkdtemp(prefix="csi-"))
        # Pods of any user have their volumes in there.
        self.directory.chmod(0o755)
        self.root = self.directory / "run"
        self.pods = self.directory / "pods"
        self.root.mkdir()
        self.pods.mkdir()
        self.stores = {}
        self.drivers = []

    # Processes

    def socket_directory(self, cluster=CLUSTER, namespace=NAMESPACE):
        return self.root / namespace / cluster

    def start_store(self, cluster=CLUSTER, namespace=NAMESPACE, size="256M", flags=(), rpc=False, directory=None):
        """Starts the store of a cluster on this node, or one in a directory that the driver doesn't know."""
        directory = directory or self.socket_directory(cluster, namespace)
        directory.mkdir(parents=True, exist_ok=True)
        store = Daemon(size=size, socket_path=directory / "vineyard.sock", rpc=rpc, flags=flags)
        # As its pod is told.
        store.environment["MY_NODE_NAME"] = self.name
        self.stores[namespace, cluster] = store
        return store.start()

    def start_driver(self, mode="all", name="csi", flags=(), **variables):
        """Starts a driver; the first one is the node's."""
        self.drivers.append(Driver(self.directory, self.root, self.name, mode, name, flags, **variables))
        driver = self.drivers[-1].start()
        if mode != "controller":
            self.register(driver)
        return driver

    def register(self, driver):
        """What the kubelet does with a driver: what it tells of the node becomes labels, and may contradict none."""
        info = driver.call("NodeGetInfo")
        assert info.node_id == self.name
        for key, value in info.accessible_topology.segments.items():
            existing = self.labels.get(key, value)
            assert existing == value, (
                f'detected topology value collision: driver reported "{key}":"{value}" '
                f'but existing label is "{key}":"{existing}"'
            )
            assert LABEL_VALUE.fullmatch(value), f"{value} is no value of a label"
            self.labels[key] = value

    @property
    def driver(self):
        return self.drivers[0]

    @property
    def store(self):
        return next(iter(self.stores.values()))

    def end(self):
        """Everything stops in an orderly way, and nothing is left."""
        try:
            for driver in self.drivers:
                driver.end()
            for store in self.stores.values():
                if store.process.poll() is None:
                    store.stop()
                store.assert_no_crash()
        finally:
            self.discard()

    def discard(self):
        for driver in self.drivers:
            if driver.process.poll() is None:
                driver.kill()
        for store in self.stores.values():
            store.discard()
        mounts.clear(self.directory)
        # Never through a mount: that would remove what a store has.
        if not mounts.below(self.directory):
            shutil.rmtree(self.directory, ignore_errors=True)

    # Calls, as sidecars and kubelet make them

    def create(self, name, size=32 * MIB, cluster=CLUSTER, driver=None, **more):
        """Makes a volume; `more` are fields of the request."""
        fields = {"capacity_range": {"required_bytes": size}} if size else {}
        fields["parameters"] = parameters(cluster, **more.pop("parameters", {}))
        fields["volume_capabilities"] = [capability()]
        return (driver or self.driver).call("CreateVolume", name=name, **{**fields, **more}).volume

    def delete(self, volume, driver=None):
        (driver or self.driver).call("DeleteVolume", volume_id=volume.volume_id)

    def target(self, name="pod-1"):
        """Where a pod's volume is to be mounted: as with kubelet, the directory above exists."""
        parent = self.pods / name
        parent.mkdir(exist_ok=True)
        return parent / "mount"

    def publication(self, volume, target, mode="SINGLE_NODE_WRITER", context=None, **more):
        """The fields of NodePublishVolume."""
        mount = more.pop("mount", {})
        context = dict(volume.volume_context) if context is None else context
        return {"volume_id": volume.volume_id, "target_path": str(target), "volume_context": context,
                "volume_capability": capability(mode, **mount), **more}  # fmt: skip

    def publish(self, volume, pod="pod-1", **more):
        """Mounts a volume for a pod; returns the directory."""
        target = self.target(pod)
        self.driver.call("NodePublishVolume", **self.publication(volume, target, **more))
        return target

    def unpublish(self, volume, target):
        self.driver.call("NodeUnpublishVolume", volume_id=volume.volume_id, target_path=str(target))

    # What the store says

    def records(self, kind="volume", store=None):
        """What a store knows of its volumes, by their names in it."""
        with (store or self.store).wire() as main:
            listed = main.ask("list_volumes_request")["volumes"]
        return {record["id"]: record for record in listed if record["kind"] == kind}

    def usage(self, store=None):
        """Bytes that a store has given out."""
        with (store or self.store).wire() as main:
            return main.ask("instance_status_request")["meta"]["memory_usage"]
