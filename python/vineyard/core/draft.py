"""Drafts of objects: what shall be stored, before the store knows about it.

A value is planned first, as a tree of drafts and of the bytes they need. Storing it then takes few round trips, however
many columns it has: one for all blobs, one copy of each byte, and one for each level of the tree.
"""

from __future__ import annotations

from typing import Any, Callable, Union

import numpy as np

from vineyard.wire import copying
from vineyard.wire.memory import Root
from vineyard.wire.metadata import EMPTY_BLOB_TREE, ObjectMeta, new_tree


class Part:
    """Bytes that become a blob."""

    __slots__ = ("address", "fill", "size")

    def __init__(self, size: int, fill: Callable[[Root], list[copying.Copy]], address: int | None = None) -> None:
        self.size = size
        self.fill = fill
        # Where the bytes are, if they are in one piece: they may be a blob already.
        self.address = address


class Draft:
    """An object to be made: fields, and members that are drafts, bytes or objects that there are."""

    __slots__ = ("members", "tree")

    def __init__(self, typename: str, **fields: Any) -> None:
        self.tree = new_tree(typename)
        self.tree.update(fields)
        self.members: dict[str, Member] = {}

    def add(self, key: str, member: Member) -> None:
        """Add a member."""
        self.members[key] = member


Member = Union[Draft, Part, ObjectMeta]


def part_of_array(array: np.ndarray[Any, Any]) -> Part:
    """The elements of an array in C order."""
    address = int(array.__array_interface__["data"][0]) if array.flags.c_contiguous and array.nbytes else None

    def fill(root: Root) -> list[copying.Copy]:
        target: np.ndarray[Any, Any] = np.ndarray(array.shape, array.dtype, root)
        return copying.parts(target, array, root.is_fresh)

    return Part(array.nbytes, fill, address)


def part_of_bytes(source: Any) -> Part:
    """The bytes of a buffer."""
    array = np.frombuffer(source, np.uint8) if len(source) else np.empty(0, np.uint8)
    return part_of_array(array)


def part_of_pieces(pieces: list[Any]) -> Part:
    """Several buffers, one behind the other."""
    arrays = [np.frombuffer(piece, np.uint8) for piece in pieces]

    def fill(root: Root) -> list[copying.Copy]:
        copies: list[copying.Copy] = []
        offset = 0
        plain = root.view(np.ndarray)
        for array in arrays:
            copies += copying.parts(plain[offset : offset + array.size], array, root.is_fresh)
            offset += array.size
        return copies

    return Part(sum(array.size for array in arrays), fill)


def levels_of(draft: Draft) -> tuple[list[list[Draft]], list[tuple[Draft, str, Part]]]:
    """Drafts by level, those without drafts as members first, and the bytes that they need."""
    levels: list[list[Draft]] = []
    parts: list[tuple[Draft, str, Part]] = []

    def visit(one: Draft) -> int:
        height = 0
        for key, member in one.members.items():
            if isinstance(member, Draft):
                height = max(height, visit(member) + 1)
            elif isinstance(member, Part):
                parts.append((one, key, member))
            else:
                one.tree[key] = member.tree
        while len(levels) <= height:
            levels.append([])
        levels[height].append(one)
        return height

    visit(draft)
    return levels, parts


def link(draft: Draft, blobs: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Metadata of a draft whose members exist; `blobs` has the blobs of its parts by identity."""
    for key, member in draft.members.items():
        if isinstance(member, Draft):
            draft.tree[key] = member.tree
        elif isinstance(member, Part):
            draft.tree[key] = blobs[id(member)] if member.size else dict(EMPTY_BLOB_TREE)
    return draft.tree
