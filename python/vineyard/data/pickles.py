"""Any other value, as a pickle.

The pickle is one that every client can load. Large buffers in it, which pickle would copy twice, are written straight
into the blob, and the metadata says where they are, so that this package makes views of them instead of copies.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from typing import Any

import numpy as np

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, Part, part_of_bytes, part_of_pieces
from vineyard.data.json_text import from_json, to_json
from vineyard.wire.memory import address_of, private_bytes

BUFFERS = "vineyardctl_buffers_"
"""Field with the places of buffers: [[offset of the instruction that loads it, length, 1 for those of PyTorch], …]."""

# Smaller buffers are copied faster than they are placed.
_LARGE_BYTES = 64 << 10
# Many tensors are small, and a dictionary of them is read as a whole.
_LARGE_TENSOR_BYTES = 4 << 10
# Instructions are looked through one by one, in Python. About every third notes a value.
_MOST_NOTES = 16 << 10
_BYTES_PER_NOTE = 1 << 10

_NOTE = b"\x94"
_NEXT_BUFFER, _READONLY_BUFFER, _FRAME = b"\x97", b"\x98", b"\x95"
_BYTES, _BYTEARRAY = b"\x8e", b"\x96"
_HEADER_BYTES = 9


def plan_pickle(value: Any, planning: Planning) -> Draft:
    """A pickle of a value."""
    part, places = part_of_pickle(value)
    draft = Draft("vineyard::PickleBuffer", **planning.options, nbytes=part.size, size_=part.size)
    if places:
        draft.tree[BUFFERS] = to_json(places)
    draft.add("buffer_", part)
    return draft


BUILDER = Planner(plan_pickle)


def part_of_pickle(value: Any) -> tuple[Part, list[tuple[int, ...]]]:
    """Bytes of a pickle, and the places of the large buffers in it."""
    buffers: list[memoryview] = []
    tensors: dict[int, Any] = {}

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:
            return True
        if raw.nbytes < (_LARGE_TENSOR_BYTES if tensors and address_of_buffer(raw) in tensors else _LARGE_BYTES):
            return True
        buffers.append(raw)
        return False

    text = _dumps(value, keep, tensors)
    if not buffers:
        return part_of_bytes(text), []
    if text.count(_NOTE) > max(_MOST_NOTES, sum(raw.nbytes for raw in buffers) // _BYTES_PER_NOTE):
        return part_of_bytes(_dumps(value, None, {})), []
    pieces, found = _with_buffers(text, buffers)
    places: list[tuple[int, ...]] = [
        (*place, 1) if address_of_buffer(raw) in tensors else place for place, raw in zip(found, buffers)
    ]
    return part_of_pieces(pieces), places


class _Pickler(pickle.Pickler):
    """A pickler that takes the bytes of instants, durations and tensors for buffers, which their libraries do not."""

    def __init__(self, sink: Any, keep: Any, tensors: dict[int, Any]) -> None:
        super().__init__(sink, protocol=5, buffer_callback=keep)
        # Arrays by the addresses of tensors, so that tensors with the same bytes have them once.
        self._tensors = tensors
        self._tensor_type = getattr(sys.modules.get("torch"), "Tensor", ()) if keep is not None else ()

    def reducer_override(self, value: Any) -> Any:
        if self._tensor_type and isinstance(value, self._tensor_type):
            from vineyard.data.torch import reduce_tensor

            return reduce_tensor(value, self._tensors)
        if type(value) is not np.ndarray or value.dtype.kind not in "Mm" or value.nbytes < _LARGE_BYTES:
            return NotImplemented
        reduced: Any = value.view("i8").__reduce_ex__(5)
        if len(reduced) != 2 or len(reduced[1]) != 4:
            return NotImplemented
        function, (buffer, _, shape, order) = reduced
        return function, (buffer, value.dtype, shape, order)


def _dumps(value: Any, keep: Any, tensors: dict[int, Any]) -> bytes:
    sink = io.BytesIO()
    try:
        _Pickler(sink, keep, tensors).dump(value)
        return sink.getvalue()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        try:
            import cloudpickle
        except ImportError:
            raise error from None
        if keep is None:
            return cloudpickle.dumps(value, protocol=5)  # type: ignore[no-any-return]
        return cloudpickle.dumps(value, protocol=5, buffer_callback=keep)  # type: ignore[no-any-return]


def address_of_buffer(raw: memoryview) -> int:
    """Address of a buffer's first byte."""
    return address_of(np.frombuffer(raw, np.uint8)) if raw.nbytes else 0


def _with_buffers(text: bytes, buffers: list[memoryview]) -> tuple[list[Any], list[tuple[int, int]]]:
    """A pickle without buffers, and its buffers, as one pickle that has them in place."""
    import pickletools

    pieces: list[Any] = []
    places: list[tuple[int, int]] = []
    size = begin = 0
    pending = iter(buffers)
    waiting: memoryview | None = None

    def add(piece: Any) -> None:
        nonlocal size
        if len(piece):
            pieces.append(piece)
            size += len(piece)

    def place(buffer: memoryview, instruction: bytes) -> None:
        places.append((size, buffer.nbytes))
        add(instruction + struct.pack("<Q", buffer.nbytes))
        add(buffer)

    for code, _, position in pickletools.genops(text):
        assert position is not None
        mark = code.code.encode("latin-1")
        if waiting is not None:
            place(waiting, _BYTES if mark == _READONLY_BUFFER else _BYTEARRAY)
            waiting = None
            begin = position + (1 if mark == _READONLY_BUFFER else 0)
            if mark == _READONLY_BUFFER:
                continue
        if mark == _FRAME:
            # Lengths of frames would be wrong, and pickles need none.
            add(text[begin:position])
            begin = position + _HEADER_BYTES
        elif mark == _NEXT_BUFFER:
            add(text[begin:position])
            waiting = next(pending)
            begin = position + 1
    add(text[begin:])
    return pieces, places


def load_pickle(blob: Any, size: int, places: Any) -> Any:
    """Value of a pickle; its large buffers are views of the blob given, those of PyTorch private ones."""
    view = blob.buffer.toreadonly()[:size]
    if not places:
        return pickle.loads(view)
    text = bytearray()
    buffers = []
    begin = 0
    private: Any = None
    for offset, length, *tensor in places:
        text += view[begin:offset]
        text += _NEXT_BUFFER
        start, begin = offset + _HEADER_BYTES, offset + _HEADER_BYTES + length
        if tensor:
            private = private_bytes(blob) if private is None else private
            buffers.append(private[start:begin])
        else:
            buffers.append(np.frombuffer(view[start:begin], np.uint8))
    text += view[begin:]
    return pickle.loads(text, buffers=buffers)


def resolve_pickle(obj: Any, resolver: Any) -> Any:
    """Value of a pickle."""
    tree = obj.meta.tree
    places = from_json(tree[BUFFERS]) if BUFFERS in tree else None
    return load_pickle(obj.member("buffer_"), int(tree["size_"]), places)


RESOLVERS = {"vineyard::PickleBuffer": resolve_pickle}
