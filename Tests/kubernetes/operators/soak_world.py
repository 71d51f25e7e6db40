"""A cluster that changes at random, and what it should be by what its resources say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from apiserver.client import Client
from deployments import APPS, NAMESPACE, SYSTEM, VINEYARDDS
from operated import CLASSES, DRIVERS, POLICY, cluster, driver

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
MADE = (
    f"{APPS}/deployments",
    f"{APPS}/statefulsets",
    f"{APPS}/daemonsets",
    f"{SYSTEM}/services",
    f"{SYSTEM}/serviceaccounts",
    POLICY,
    f"{_RBAC}/namespaces/{NAMESPACE}/roles",
    f"{_RBAC}/namespaces/{NAMESPACE}/rolebindings",
    f"{_RBAC}/clusterroles",
    f"{_RBAC}/clusterrolebindings",
    CLASSES,
    "/apis/storage.k8s.io/v1/csidrivers",
)
"""Where the operator makes objects, those that hold a secret apart."""
_CLUSTERS = [f"c{number}" for number in range(12)]
_LABELS = {"app.kubernetes.io/managed-by": "vineyardctl", "app.kubernetes.io/part-of": "vineyard"}


class World:
    """Random changes of resources and of what the operator makes of them."""

    def __init__(self, api: Client, chance: random.Random) -> None:
        self.api = api
        self.random = chance
        self.clusters: dict[str, dict[str, Any]] = {}
        self.drivers: dict[str, list[str]] = {}
        self._before = set(self._objects())

    def change(self) -> None:
        self.random.choice(
            (
                self.add,
                self.add,
                self.remove,
                self.scale,
                self.scale,
                self.upgrade,
                self.toggle_metrics,
                self.vandalise,
                self.vandalise,
                self.add_driver,
                self.remove_driver,
                self.move_driver,
            )
        )()

    def add(self) -> None:
        name, spec = self.random.choice(_CLUSTERS), {"replicas": self.random.randrange(3)}
        if name not in self.clusters:
            # The old one may be going still.
            reply = self.api.post(VINEYARDDS, cluster(name, **spec))
            assert reply.status in (201, 409), reply.text
            if reply.status == 201:
                self.clusters[name] = spec

    def remove(self) -> None:
        if self.clusters:
            self._remove(VINEYARDDS, self.clusters, self.random.choice(sorted(self.clusters)))

    def scale(self) -> None:
        self._patch(replicas=self.random.randrange(4))

    def upgrade(self) -> None:
        self._patch(vineyard={"image": f"localhost/vineyardctl:{self.random.randrange(4)}"})

    def toggle_metrics(self) -> None:
        self._patch(metric={"enable": self.random.random() < 0.5})

    def _patch(self, **spec: Any) -> None:
        if self.clusters:
            name = self.random.choice(sorted(self.clusters))
            reply = self.api.patch(f"{VINEYARDDS}/{name}", {"spec": spec})
            assert reply.status == 200, reply.text
            self.clusters[name] |= spec

    def add_driver(self) -> None:
        name, clusters = f"d{self.random.randrange(3)}", self._some_clusters()
        if name not in self.drivers:
            reply = self.api.post(DRIVERS, driver(name, *clusters))
            assert reply.status in (201, 409), reply.text
            if reply.status == 201:
                self.drivers[name] = clusters

    def remove_driver(self) -> None:
        if self.drivers:
            self._remove(DRIVERS, self.drivers, self.random.choice(sorted(self.drivers)))

    def move_driver(self) -> None:
        if self.drivers:
            name, clusters = self.random.choice(sorted(self.drivers)), self._some_clusters()
            reply = self.api.patch(f"{DRIVERS}/{name}", {"spec": driver(name, *clusters)["spec"]})
            assert reply.status == 200, reply.text
            self.drivers[name] = clusters

    def _some_clusters(self) -> list[str]:
        return sorted(self.random.sample(_CLUSTERS, self.random.randrange(1, 4)))

    def _remove(self, path: str, known: dict[str, Any], name: str) -> None:
        reply = self.api.delete(f"{path}/{name}")
        assert reply.status == 200, reply.text
        del known[name]

    def clear(self) -> None:
        """Remove every resource."""
        for path, known in ((VINEYARDDS, self.clusters), (DRIVERS, self.drivers)):
            for name in sorted(known):
                self._remove(path, known, name)

    def vandalise(self) -> None:
        """What a careless person does to objects of the operator."""
        path = self.random.choice(MADE)
        items = [item for item in self._items(path) if _owner(item)]
        if not items:
            return
        target = self.random.choice(items)["path"]
        change = self.random.choice(
            (
                None,
                {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
                {"metadata": {"labels": {"app.kubernetes.io/part-of": "mine"}}},
                {"metadata": {"ownerReferences": None}},
                _CARELESS.get(path.rsplit("/", 1)[1]),
            )
        )
        if change is None:
            self.api.delete(target)
        else:
            self.api.patch(target, change)

    def _objects(self) -> dict[str, dict[str, Any]]:
        """`resource/name` of each object where the operator makes some."""
        return {
            f"{path.rsplit('/', 1)[1]}/{item['metadata']['name']}": item for path in MADE for item in self._items(path)
        }

    def _items(self, path: str) -> list[dict[str, Any]]:
        """The objects of a path, each with its own."""
        items = self.api.get(path).json["items"]
        return [item | {"path": f"{path}/{item['metadata']['name']}"} for item in items]

    def problems(self) -> list[str]:
        """What is not as the resources say; empty once the operator has done its work."""
        clusters = self.api.get(VINEYARDDS).json["items"]
        drivers = self.api.get(DRIVERS).json["items"]
        found = [*self._untold(clusters, self.clusters, "Ready"), *self._untold(drivers, self.drivers, "running")]
        if found:
            return found
        objects = {name: item for name, item in self._objects().items() if name not in self._before}
        wanted = self._wanted(drivers)
        uids = {(item["kind"], item["metadata"]["name"]): item["metadata"]["uid"] for item in (*clusters, *drivers)}
        found += [f"no {name}" for name in sorted(wanted.keys() - objects.keys())]
        unwanted = sorted(objects.keys() - wanted.keys())
        found += [f"{name} is left over" for name in unwanted if self._is_ours(objects[name])]
        for name in wanted.keys() & objects.keys():
            item, owner = objects[name], wanted[name]
            if _owner(item) != uids[owner]:
                found.append(f"{name} does not belong to {owner}")
            if not _is_labelled(item):
                found.append(f"labels of {name}")
        found += self._wrong(objects)
        return found

    def _is_ours(self, item: dict[str, Any]) -> bool:
        """Whether an object still says to whom it belongs. One that doesn't is its vandal's, who takes it away."""
        if _owner(item) and _is_labelled(item):
            return True
        self.api.delete(item["path"])
        return False

    @staticmethod
    def _untold(items: list[dict[str, Any]], known: dict[str, Any], state: str) -> Iterator[str]:
        """Resources that are too many or too few, or whose status says something else."""
        names = {item["metadata"]["name"] for item in items}
        yield from (f"{name} is there or not" for name in names ^ known.keys())
        for item in items:
            said = item.get("status") or {}
            if (said.get("state"), said.get("observedGeneration")) != (state, item["metadata"]["generation"]):
                yield f"status of {item['metadata']['name']}: {said}"

    def _wanted(self, drivers: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
        """Names of the objects that should be there, with the kinds and names of their owners."""
        wanted: dict[str, tuple[str, str]] = {}
        for name, spec in self.clusters.items():
            made = [
                f"deployments/{name}",
                f"statefulsets/{name}-etcd",
                f"serviceaccounts/{name}",
                f"serviceaccounts/{name}-etcd",
                f"poddisruptionbudgets/{name}",
                f"poddisruptionbudgets/{name}-etcd",
                f"services/{name}-rpc",
                f"services/{name}-etcd",
                f"services/{name}-etcd-service",
            ]
            if spec.get("metric", {}).get("enable"):
                made.append(f"services/{name}-metrics")
            wanted |= dict.fromkeys(made, ("Vineyardd", name))
        # The oldest brings the workloads; a class that two ask for is the older one's.
        oldest = sorted((item["metadata"]["creationTimestamp"], item["metadata"]["name"]) for item in drivers)
        for place, (_, name) in enumerate(oldest):
            made = [f"roles/{name}-csi-admin-tokens", f"rolebindings/{name}-csi-admin-tokens"]
            made += [f"storageclasses/{NAMESPACE}.{each}.csi" for each in self.drivers[name]]
            if place == 0:
                made += [
                    f"deployments/{name}-csi-driver",
                    f"daemonsets/{name}-csi-nodes",
                    f"serviceaccounts/{name}-node",
                    f"serviceaccounts/{name}-controller",
                    f"poddisruptionbudgets/{name}-csi-driver",
                    f"roles/{name}-csi-controller",
                    f"rolebindings/{name}-csi-controller",
                    f"clusterroles/{name}-csi-controller",
                    f"clusterrolebindings/{name}-csi-controller",
                    "csidrivers/csi.vineyard.v6d.io",
                ]
            wanted = dict.fromkeys(made, ("CSIDriver", name)) | wanted
        return wanted

    def _wrong(self, objects: dict[str, dict[str, Any]]) -> Iterator[str]:
        """Objects that say something else than their resources."""
        for name, spec in self.clusters.items():
            stores = objects.get(f"deployments/{name}", {}).get("spec")
            if stores is None:
                continue
            if stores["replicas"] != spec["replicas"]:
                yield f"stores of {name}"
            image = stores["template"]["spec"]["containers"][0]["image"]
            if image == _FOREIGN or image != spec.get("vineyard", {}).get("image", image):
                yield f"image of {name}"
        for name, item in objects.items():
            if name.startswith("services/") and "wrong" in item["spec"].get("selector", {}):
                yield f"selector of {name}"
            if "verbs" in str(item.get("rules")) and "escalate" in str(item["rules"]):
                yield f"rules of {name}"


_FOREIGN = "localhost/foreign:1"
_CARELESS: dict[str, Any] = {
    "deployments": {"spec": {"replicas": 5}},
    "services": {"spec": {"selector": {"wrong": "one"}}},
    "roles": {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["escalate"]}]},
    "clusterroles": {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["escalate"]}]},
    "statefulsets": {"spec": {"replicas": 2}},
    "poddisruptionbudgets": {"metadata": {"annotations": {"harmless": "note"}}},
}


def _owner(item: dict[str, Any]) -> str:
    """The uid of the resource of ours that an object belongs to; empty if there is none."""
    for reference in item["metadata"].get("ownerReferences", ()):
        if reference["kind"] in ("Vineyardd", "CSIDriver") and reference.get("controller"):
            return reference["uid"]
    return ""


def _is_labelled(item: dict[str, Any]) -> bool:
    """Whether an object has the labels by which the operator finds its own."""
    return _LABELS.items() <= item["metadata"].get("labels", {}).items()
