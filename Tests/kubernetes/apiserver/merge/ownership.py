"""Who owns which fields: managedFields as sets of paths, updated by every write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..clock import now
from ..schema.node import Node
from .fields import ITEM, Path, from_fields_v1, leaves, to_fields_v1, written


@dataclass(frozen=True)
class Owner:
    """One entry of managedFields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return (self.manager, self.operation, self.api_version, self.subresource)

    def entry(self) -> dict[str, Any]:
        """The entry as the object carries it."""
        entry = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields_v1(self.paths),
        }
        return entry | ({"subresource": self.subresource} if self.subresource else {})

    def described(self) -> str:
        """The owner as a conflict message names it."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == "Update":
            text += f" using {self.api_version}"
        return text


def owners_of(obj: dict[str, Any]) -> list[Owner]:
    """The owners that an object's managedFields tell."""
    return [
        Owner(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
            from_fields_v1(entry.get("fieldsV1", {})),
        )
        for entry in obj.get("metadata", {}).get("managedFields", ())
    ]


def entries(owners: list[Owner]) -> list[dict[str, Any]]:
    """managedFields of owners that own something, in the order in which the server lists them."""
    ordered = sorted(
        owners, key=lambda owner: (owner.operation, owner.time, owner.manager, owner.api_version, owner.subresource)
    )
    return [owner.entry() for owner in ordered if owner.paths]


@dataclass(frozen=True)
class Change:
    """The fields in which two versions of an object differ."""

    written: frozenset[Path]
    """Added or given another value."""
    removed: frozenset[Path]


def change(node: Node, old: dict[str, Any], new: dict[str, Any]) -> Change:
    """What changed from one version of an object to another."""
    before, after = leaves(node, old, True), leaves(node, new, True)
    wrote = {path for path, value in after.items() if path not in before or _differs(before[path], value)}
    return Change(frozenset(wrote), frozenset(before.keys() - after.keys()))


def _differs(old: Any, new: Any) -> bool:
    if old is ITEM or new is ITEM:
        return old is not new
    return old != new or isinstance(old, bool) != isinstance(new, bool)


def after_update(
    node: Node,
    owners: list[Owner],
    old: dict[str, Any],
    new: dict[str, Any],
    writer: tuple[str, str, str],
    in_scope: Any,
) -> list[Owner]:
    """The owners after a writer (manager, apiVersion, subresource) made `old` into `new`."""
    manager, api_version, subresource = writer
    difference = change(node, old, new)
    wrote = frozenset(path for path in difference.written if in_scope(path))
    identity = (manager, "Update", api_version, subresource)
    result: list[Owner] = []
    mine: Owner | None = None
    for owner in owners:
        if owner.identity == identity:
            mine = owner
            continue
        result.append(replace(owner, paths=owner.paths - wrote - difference.removed))
    paths = ((mine.paths if mine else frozenset()) | wrote) - difference.removed
    if wrote or mine is None or paths != mine.paths:
        result.append(Owner(*identity, now(), paths))
    else:
        result.insert(owners.index(mine), mine)
    return result


def conflicts(owners: list[Owner], applier: tuple[str, str, str, str], difference: Change) -> list[tuple[Owner, Path]]:
    """Fields that an apply would change and that others own."""
    return [
        (owner, path)
        for owner in sorted(owners, key=lambda o: o.manager)
        if owner.identity != applier
        for path in sorted(owner.paths & difference.written)
    ]


def conflict_causes(found: list[tuple[Owner, Path]]) -> list[dict[str, str]]:
    """The causes of a conflict's `Status`."""
    return [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {owner.described()}",
            "field": written(path),
        }
        for owner, path in found
    ]


def conflict_message(found: list[tuple[Owner, Path]]) -> str:
    """The message of a conflict: fields grouped by their owner."""
    count = len(found)
    if count == 1:
        owner, path = found[0]
        return f"Apply failed with 1 conflict: conflict with {owner.described()}: {written(path)}"
    grouped: dict[str, list[str]] = {}
    for owner, path in found:
        grouped.setdefault(owner.described(), []).append(written(path))
    lines = []
    for description, paths in grouped.items():
        lines.append(f"conflicts with {description}:" if len(paths) > 1 else f"conflict with {description}: {paths[0]}")
        if len(paths) > 1:
            lines += [f"- {path}" for path in paths]
    return f"Apply failed with {count} conflicts: " + "\n".join(lines)
