"""Tensors of PyTorch, and dictionaries of them."""

from __future__ import annotations

import operator
from collections import OrderedDict
from typing import Any

import numpy as np
import torch

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, part_of_array
from vineyard.data.json_text import from_json, to_json
from vineyard.wire.memory import private_bytes


def plan_tensor(value: Any, planning: Planning) -> Draft:
    """A tensor, of any device and dtype."""
    tensor = value.detach().cpu().contiguous()
    draft = Draft(
        "vineyardctl::TorchTensor",
        shape_=to_json(list(tensor.shape)),
        dtype_=str(tensor.dtype).removeprefix("torch."),
        requires_grad_=bool(value.requires_grad),
        is_parameter_=isinstance(value, torch.nn.Parameter),
        nbytes=tensor.numel() * tensor.element_size(),
    )
    draft.add("buffer_", part_of_array(tensor.reshape(-1).view(torch.uint8).numpy() if tensor.numel() else _NOTHING))
    return draft


def reduce_tensor(value: Any, known: dict[int, Any]) -> Any:
    """How a pickle has a tensor whose bytes are a buffer; NotImplemented for those that PyTorch reduces itself.

    Only functions of PyTorch and of Python are named, so that the released client can load it.

    Args:
        value: the tensor.
        known: arrays by address; tensors with the same bytes, as tied weights are, share one.
    """
    if isinstance(value, torch.nn.Parameter) and type(value) is torch.nn.Parameter:
        if value.__dict__ or not _is_plain(value.data):
            return NotImplemented
        return torch._utils._rebuild_parameter, (value.data, value.requires_grad, OrderedDict())
    if type(value) is not torch.Tensor or value.requires_grad or value.__dict__ or not _is_plain(value):
        return NotImplemented
    if not value.is_contiguous() and not (value.ndim == 2 and value.T.is_contiguous()):
        value = value.contiguous()
    try:
        array = value.numpy()
    except TypeError:
        # NumPy has no such numbers: their bits go as whole numbers of the same size.
        bits = value.view(_WHOLE_NUMBERS[value.element_size()])
        return operator.methodcaller("view", value.dtype), (bits,)
    former = known.get(value.data_ptr())
    if former is not None and (former.shape, former.strides, former.dtype) == (array.shape, array.strides, array.dtype):
        array = former
    else:
        known[value.data_ptr()] = array
    return torch.from_numpy, (array,)


def _is_plain(value: Any) -> bool:
    """Whether a tensor is nothing but numbers in memory."""
    in_memory = value.layout is torch.strided and value.device.type == "cpu"
    return in_memory and not (value.is_quantized or value.is_conj() or value.is_neg())


_WHOLE_NUMBERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_NOTHING = np.empty(0, np.uint8)
_BUILDER = Planner(plan_tensor)


def builder_of(kind: type) -> Planner | None:
    """Builder of tensors and parameters."""
    return _BUILDER if kind is torch.Tensor else None


def resolve_tensor(obj: Any, resolver: Any) -> Any:
    """A tensor that looks at shared memory; what is written to it is this process's alone."""
    meta = obj.meta
    dtype = getattr(torch, meta["dtype_"])
    shape = from_json(meta["shape_"])
    blob = obj.member("buffer_")
    if not len(blob):
        tensor = torch.empty(shape, dtype=dtype)
    else:
        tensor = torch.frombuffer(private_bytes(blob), dtype=dtype).reshape(shape)
    if meta["is_parameter_"]:
        return torch.nn.Parameter(tensor, requires_grad=bool(meta["requires_grad_"]))
    return tensor.requires_grad_(bool(meta["requires_grad_"]))


RESOLVERS = {"vineyardctl::TorchTensor": resolve_tensor}
