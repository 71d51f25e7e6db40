"""Deployments: one ReplicaSet per template, rolled from the old to the new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from ..clock import now, seconds_since
from ..cluster import Cluster
from ..rules.workloads import scaled
from ..storage.versions import Event
from . import actions

_NAME = "deployment-controller"
_MANAGER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"


def keys(cluster: Cluster, event: Event) -> Iterator[tuple[str, str]]:
    if event.prefix == "apps/deployments":
        yield event.key
    elif event.prefix == "apps/replicasets":
        stored = event.current or event.previous
        for reference in stored.obj["metadata"].get("ownerReferences", ()) if stored else ():
            if reference["kind"] == "Deployment":
                yield event.key[0], reference["name"]


async def reconcile(cluster: Cluster, key: tuple[str, str]) -> float | None:
    """Bring the ReplicaSets of a Deployment nearer to what it wants."""
    obj = actions.get(cluster, "Deployment", *key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        return None
    sets = actions.dependents(cluster, "ReplicaSet", obj)
    if obj["spec"].get("paused"):
        return _tell(cluster, obj, sets)
    new = await _new_set(cluster, obj, sets)
    sets = actions.dependents(cluster, "ReplicaSet", obj)
    await _scale(cluster, obj, new["metadata"]["name"], sets)
    sets = actions.dependents(cluster, "ReplicaSet", obj)
    await _trim(cluster, obj, new["metadata"]["name"], sets)
    return _tell(cluster, obj, sets)


def template_hash(template: actions.Obj) -> str:
    """The name part that tells one template from another."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
    return "".join("bcdfghjklmnpqrstvwxz2456789"[int(digest[2 * i : 2 * i + 2], 16) % 27] for i in range(9))


async def _new_set(cluster: Cluster, obj: actions.Obj, sets: list[actions.Obj]) -> actions.Obj:
    label = template_hash(obj["spec"]["template"])
    name = f"{obj['metadata']['name']}-{label}"
    revisions = [int(found["metadata"].get("annotations", {}).get(REVISION, 0)) for found in sets]
    existing = next((found for found in sets if found["metadata"]["name"] == name), None)
    revision = str(max(revisions, default=0) + 1)
    if existing is not None:
        own = int(existing["metadata"].get("annotations", {}).get(REVISION, 0))
        revision = str(own) if own == max(revisions) else revision
    if existing is None:
        existing = await _make_set(cluster, obj, name, label, revision)
        text = f"Scaled up replica set {name} to {existing['spec']['replicas']}"
        await actions.tell(cluster, _NAME, obj, "ScalingReplicaSet", text)
    for target in (existing, obj):
        await actions.change(cluster, _MANAGER, target, lambda altered: _annotate(altered, revision))
    return existing


def _annotate(obj: actions.Obj, revision: str) -> None:
    obj["metadata"].setdefault("annotations", {})[REVISION] = revision


async def _make_set(cluster: Cluster, obj: actions.Obj, name: str, label: str, revision: str) -> actions.Obj:
    spec = obj["spec"]
    template = json.loads(json.dumps(spec["template"]))
    labels = template["metadata"].setdefault("labels", {})
    labels["pod-template-hash"] = label
    selector = json.loads(json.dumps(spec["selector"]))
    selector.setdefault("matchLabels", {})["pod-template-hash"] = label
    old = sum(found["spec"]["replicas"] for found in actions.dependents(cluster, "ReplicaSet", obj))
    first = spec["replicas"] if spec["strategy"]["type"] == "RollingUpdate" and not old else 0
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": obj["metadata"]["namespace"],
            "labels": dict(labels),
            "annotations": {REVISION: revision},
            "ownerReferences": [actions.owner_reference(obj)],
        },
        "spec": {
            "replicas": first,
            "selector": selector,
            "template": template,
            "minReadySeconds": spec.get("minReadySeconds", 0),
        },
    }
    return await actions.make(cluster, _MANAGER, replica_set)


async def _scale(cluster: Cluster, obj: actions.Obj, new_name: str, sets: list[actions.Obj]) -> None:
    spec, wanted = obj["spec"], obj["spec"]["replicas"]
    new = next((found for found in sets if found["metadata"]["name"] == new_name), None)
    if new is None:
        return
    old = [found for found in sets if found["metadata"]["name"] != new_name and found["spec"]["replicas"]]
    if spec["strategy"]["type"] == "Recreate":
        for found in old:
            await _resize(cluster, obj, found, 0)
        pods_left = any(
            found.get("status", {}).get("replicas") for found in sets if found["metadata"]["name"] != new_name
        )
        if not old and not pods_left:
            await _resize(cluster, obj, new, wanted)
        return
    rolling = spec["strategy"].get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not missing:
        missing = 1
    total = sum(found["spec"]["replicas"] for found in sets)
    room = wanted + surge - total
    current = new["spec"]["replicas"]
    if current > wanted:
        await _resize(cluster, obj, new, wanted)
    elif current < wanted:
        await _resize(cluster, obj, new, wanted if not old else min(wanted, current + max(room, 0)))
    new = actions.get(cluster, "ReplicaSet", new["metadata"]["namespace"], new_name) or new
    fewest = wanted - missing
    unready_new = new["spec"]["replicas"] - new.get("status", {}).get("availableReplicas", 0)
    # What may go at most; the counts in the statuses are older than those in the specs.
    limit = sum(found["spec"]["replicas"] for found in old) + new["spec"]["replicas"] - fewest - unready_new
    spare = sum(found.get("status", {}).get("availableReplicas", 0) for found in sets) - fewest
    for found in old:
        unready = max(found["spec"]["replicas"] - found.get("status", {}).get("availableReplicas", 0), 0)
        cut = min(found["spec"]["replicas"], max(spare, 0) + unready, limit)
        if cut > 0:
            await _resize(cluster, obj, found, found["spec"]["replicas"] - cut)
            spare -= max(cut - unready, 0)
            limit -= cut


async def _resize(cluster: Cluster, obj: actions.Obj, replica_set: actions.Obj, replicas: int) -> None:
    before = replica_set["spec"]["replicas"]
    if before == replicas:
        return
    await actions.change(cluster, _MANAGER, replica_set, lambda altered: altered["spec"].update(replicas=replicas))
    word = "up" if replicas > before else "down"
    text = f"Scaled {word} replica set {replica_set['metadata']['name']} to {replicas} from {before}"
    await actions.tell(cluster, _NAME, obj, "ScalingReplicaSet", text)


async def _trim(cluster: Cluster, obj: actions.Obj, new_name: str, sets: list[actions.Obj]) -> None:
    """Delete old ReplicaSets beyond the revision history limit."""
    old = [
        f
        for f in sets
        if f["metadata"]["name"] != new_name and not f["spec"]["replicas"] and not f.get("status", {}).get("replicas")
    ]
    old.sort(key=lambda found: int(found["metadata"].get("annotations", {}).get(REVISION, 0)))
    for found in old[: max(len(old) - obj["spec"]["revisionHistoryLimit"], 0)]:
        await actions.remove(cluster, found)


def _tell(cluster: Cluster, obj: actions.Obj, sets: list[actions.Obj]) -> float | None:
    """Update the status; returns when the progress deadline is due."""
    stored = actions.get(cluster, "Deployment", obj["metadata"]["namespace"], obj["metadata"]["name"])
    if stored is None:
        return None
    spec, before = stored["spec"], stored.get("status") or {}
    name = f"{stored['metadata']['name']}-{template_hash(spec['template'])}"
    new = next((found for found in sets if found["metadata"]["name"] == name), None)

    def total(field: str) -> int:
        return sum(found.get("status", {}).get(field, 0) for found in sets)

    counts = {
        "replicas": total("replicas"),
        "updatedReplicas": new.get("status", {}).get("replicas", 0) if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
    }
    counts["unavailableReplicas"] = max(max(spec["replicas"], counts["replicas"]) - counts["availableReplicas"], 0)
    status: dict[str, Any] = {"observedGeneration": stored["metadata"]["generation"]}
    status |= {name: count for name, count in counts.items() if count}
    status["conditions"], again = _conditions(stored, counts, before, name)
    failures = [entry for found in sets for entry in found.get("status", {}).get("conditions", ())]
    status["conditions"] += [entry for entry in failures if entry["type"] == "ReplicaFailure"][:1]
    actions.set_status(cluster, _MANAGER, stored, status)
    return again


def _conditions(
    obj: actions.Obj, counts: dict[str, int], before: actions.Obj, new_name: str
) -> tuple[list[actions.Obj], float | None]:
    spec, old = obj["spec"], before.get("conditions") or []
    rolling = spec["strategy"].get("rollingUpdate") or {}
    missing = scaled(rolling.get("maxUnavailable", 0), spec["replicas"], up=False) if rolling else 0
    enough = counts["availableReplicas"] >= spec["replicas"] - missing
    available = actions.condition(
        "Available",
        enough,
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "Deployment has minimum availability." if enough else "Deployment does not have minimum availability.",
        old,
    )
    complete = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == spec["replicas"]
    last = next((entry for entry in old if entry["type"] == "Progressing"), None)
    moved = (
        last is None
        or any(before.get(name, 0) != count for name, count in counts.items())
        or before.get("observedGeneration") != obj["metadata"]["generation"]
    )
    updated = now() if moved else (last or {}).get("lastUpdateTime", now())
    again = None
    if (
        last is not None
        and last.get("reason") == "NewReplicaSetAvailable"
        and (counts["replicas"] == counts["updatedReplicas"])
    ):
        # A rollout that is over stays so, whatever becomes of its pods later.
        complete, updated = True, last["lastUpdateTime"]
    if complete:
        progress = ("True", "NewReplicaSetAvailable", f'ReplicaSet "{new_name}" has successfully progressed.')
    elif not moved and seconds_since(updated) >= spec["progressDeadlineSeconds"]:
        progress = ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{new_name}" has timed out progressing.')
    else:
        progress = ("True", "ReplicaSetUpdated", f'ReplicaSet "{new_name}" is progressing.')
        again = max(spec["progressDeadlineSeconds"] - seconds_since(updated), 0.1)
    if spec.get("paused"):
        progress = ("Unknown", "DeploymentPaused", "Deployment is paused")
    progressing = actions.condition("Progressing", *progress, before=old) | {"lastUpdateTime": updated}
    kept = next((entry for entry in old if entry["type"] == "Available"), None)
    same = kept is not None and kept["status"] == available["status"]
    available["lastUpdateTime"] = kept.get("lastUpdateTime", now()) if same and kept else now()
    return [available, progressing], again
