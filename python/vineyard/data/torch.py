"""Tensors of PyTorch, and dictionaries of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from vineyard.core.builder import Planner, Planning
from vineyard.core.draft import Draft, part_of_array
from vineyard.data.json_text import from_json, to_json


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


_NOTHING = np.empty(0, np.uint8)
_BUILDER = Planner(plan_tensor)


def builder_of(kind: type) -> Planner | None:
    """Builder of tensors and parameters."""
    return _BUILDER if kind is torch.Tensor else None


def resolve_tensor(obj: Any, resolver: Any) -> Any:
    """A tensor that looks at shared memory: what is written to it is undefined, as PyTorch says."""
    import warnings

    meta = obj.meta
    dtype = getattr(torch, meta["dtype_"])
    shape = from_json(meta["shape_"])
    blob = obj.member("buffer_")
    if not len(blob):
        tensor = torch.empty(shape, dtype=dtype)
    else:
        with warnings.catch_warnings():
            # PyTorch has no read-only tensors and says so.
            warnings.simplefilter("ignore", UserWarning)
            tensor = torch.frombuffer(blob.buffer, dtype=dtype).reshape(shape)
    if meta["is_parameter_"]:
        return torch.nn.Parameter(tensor, requires_grad=bool(meta["requires_grad_"]))
    return tensor.requires_grad_(bool(meta["requires_grad_"]))


RESOLVERS = {"vineyardctl::TorchTensor": resolve_tensor}
