"""Deletion: preconditions, finalizers, grace, and what is left to collect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import errors, fielderrors
from ..admission import plugins, webhooks
from ..clock import now
from ..cluster import Cluster
from ..kinds import Kind
from ..schema.decode import DecodeError, decode
from ..storage.versions import Stored
from . import pipeline
from .nameless import OPTIONS
from .write import Write

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""Keeps a CRD until its resources are gone."""
_POLICIES = {"Orphan": ORPHAN, "Foreground": FOREGROUND, "Background": None}
_ORPHANED_BY_DEFAULT = frozenset(("Job", "ReplicationController"))


def delete_options(cluster: Cluster, body: Any, query: Any) -> dict[str, Any]:
    """DeleteOptions of a request: the body, else the query. Raises 400 for what they don't allow."""
    options: dict[str, Any] = {}
    if body:
        if not isinstance(body, dict) or body.get("kind", "DeleteOptions") != "DeleteOptions":
            raise errors.bad_request("the body of a deletion must be DeleteOptions")
        node = cluster.registry.schemas.node("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
        try:
            options = decode(node, body).value
        except DecodeError as error:
            raise errors.bad_request(f"cannot be handled as DeleteOptions: {error}") from None
    if "gracePeriodSeconds" in query:
        options.setdefault("gracePeriodSeconds", int(query["gracePeriodSeconds"]))
    if "propagationPolicy" in query:
        options.setdefault("propagationPolicy", query["propagationPolicy"])
    if "orphanDependents" in query:
        options.setdefault("orphanDependents", query["orphanDependents"] == "true")
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in _POLICIES:
        problem = fielderrors.unsupported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil"))
        raise errors.invalid(OPTIONS["DELETE"], "", [problem])
    if "orphanDependents" in options and policy is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        raise errors.invalid(OPTIONS["DELETE"], "", [fielderrors.invalid("propagationPolicy", policy, why)])
    return options


async def delete(
    cluster: Cluster, kind: Kind, namespace: str, name: str, options: dict[str, Any], write: Write
) -> tuple[Stored, bool]:
    """Delete an object, or mark it. Returns its last state and whether it is gone."""
    stored = pipeline.existing(cluster, kind, namespace, name)
    _check_preconditions(kind, stored, options.get("preconditions") or {})
    plugins.check_deletion(kind, stored.obj)
    await webhooks.admit(cluster, kind, None, stored.obj, write, "")
    obj = stored.copy()
    meta = obj["metadata"]
    finalizers = _finalizers(kind, meta.get("finalizers", []), options, write)
    grace = _grace(kind, obj, options)
    if not finalizers and grace == 0 and not _has_content(kind, obj):
        if write.dry_run:
            return stored, True
        return cluster.store.remove(kind.stored, (namespace, name)), True
    if "deletionTimestamp" in meta:
        shorter = grace < meta.get("deletionGracePeriodSeconds", 0)
        if not shorter and finalizers == meta.get("finalizers", []):
            return stored, False
        meta["deletionGracePeriodSeconds"] = min(grace, meta.get("deletionGracePeriodSeconds", grace))
    else:
        meta["deletionTimestamp"] = now(grace)
        meta["deletionGracePeriodSeconds"] = grace
        if "generation" in meta:
            meta["generation"] += 1
    meta["finalizers"] = finalizers
    if not finalizers:
        del meta["finalizers"]
    if kind.name == "Namespace" and kind.group == "":
        obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    if write.dry_run:
        return stored, False
    return cluster.store.put(kind.stored, (namespace, name), obj), False


def _check_preconditions(kind: Kind, stored: Stored, preconditions: dict[str, Any]) -> None:
    meta = stored.obj["metadata"]
    for field, label, fate in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        wanted = preconditions.get(field)
        if wanted is not None and wanted != meta[field]:
            named = replace(kind, plural=kind.name)
            raise errors.conflict(
                named,
                meta["name"],
                f"the {label} in the precondition ({wanted}) does not match the {label} in record ({meta[field]}). "
                f"The object might have been {fate}",
            )


def _finalizers(kind: Kind, before: list[str], options: dict[str, Any], write: Write) -> list[str]:
    policy = options.get("propagationPolicy")
    if policy is None and options.get("orphanDependents") is not None:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    if policy is None and FOREGROUND in before:
        policy = "Foreground"
    if policy is None and (ORPHAN in before or (kind.name in _ORPHANED_BY_DEFAULT and kind.custom is None)):
        policy = "Orphan"
        if kind.name == "Job":
            write.warnings.append(
                "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background "
                "to remove them or set propagationPolicy=Orphan to suppress this warning"
            )
    kept = [name for name in before if name not in (ORPHAN, FOREGROUND)]
    if kind.name == "CustomResourceDefinition" and CLEANUP not in kept:
        kept.append(CLEANUP)
    wanted = _POLICIES[policy or "Background"]
    return [*kept, wanted] if wanted else kept


def _grace(kind: Kind, obj: dict[str, Any], options: dict[str, Any]) -> int:
    if kind.name != "Pod" or kind.group:
        return 0
    spec, phase = obj["spec"], obj.get("status", {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    given = options.get("gracePeriodSeconds")
    return spec.get("terminationGracePeriodSeconds", 30) if given is None else max(int(given), 0)


def _has_content(kind: Kind, obj: dict[str, Any]) -> bool:
    """A namespace goes only after its content, which its own finalizer stands for."""
    return kind.name == "Namespace" and kind.group == "" and bool(obj.get("spec", {}).get("finalizers"))
