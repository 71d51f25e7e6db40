"""Vineyard: values in shared memory, for all processes of a machine and all steps of a pipeline.

Names are imported when they are first used, so that `import vineyard` costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from vineyard.version import __version__

if TYPE_CHECKING:
    from vineyard import csi as csi
    from vineyard.core import BuilderContext as BuilderContext
    from vineyard.core import Client as Client
    from vineyard.core import IPCClient as IPCClient
    from vineyard.core import ResolverContext as ResolverContext
    from vineyard.core import RPCClient as RPCClient
    from vineyard.core import builder_context as builder_context
    from vineyard.core import connect as connect
    from vineyard.core import default_builder_context as default_builder_context
    from vineyard.core import default_driver_context as default_driver_context
    from vineyard.core import default_resolver_context as default_resolver_context
    from vineyard.core import driver_context as driver_context
    from vineyard.core import resolver_context as resolver_context
    from vineyard.core.status import InstanceStatus as InstanceStatus
    from vineyard.data import register_builtin_types as register_builtin_types
    from vineyard.shortcuts import connect_async as connect_async
    from vineyard.shortcuts import envvars as envvars
    from vineyard.shortcuts import get as get
    from vineyard.shortcuts import memory_copy as memory_copy
    from vineyard.shortcuts import put as put
    from vineyard.wire.identifiers import ObjectID as ObjectID
    from vineyard.wire.identifiers import ObjectName as ObjectName
    from vineyard.wire.metadata import ObjectMeta as ObjectMeta
    from vineyard.wire.objects import Blob as Blob
    from vineyard.wire.objects import BlobBuilder as BlobBuilder
    from vineyard.wire.objects import Object as Object
    from vineyard.wire.objects import ObjectBuilder as ObjectBuilder
    from vineyard.wire.objects import RemoteBlob as RemoteBlob
    from vineyard.wire.objects import RemoteBlobBuilder as RemoteBlobBuilder

if os.path.isdir(os.path.join(os.path.dirname(__file__), "bdist")):
    # Files of both packages lie in one folder, and nobody knows which is whose.
    raise ImportError(
        "the released package vineyard is installed over vineyardctl: "
        "pip uninstall vineyard vineyard-bdist vineyardctl, then install the one you want"
    )

_MODULES = ("_C", "core", "csi", "data", "deploy", "io", "shared_memory")
_NAMES = {
    "core": (
        "BuilderContext Client IPCClient RPCClient ResolverContext builder_context connect default_builder_context "
        "default_driver_context default_resolver_context driver_context resolver_context"
    ),
    "core.status": "InstanceStatus",
    "data": "register_builtin_types",
    "data.base": "Graph",
    "deploy.local": "get_current_socket shutdown try_init",
    "shortcuts": "connect_async envvars get memory_copy put",
    "wire.identifiers": "ObjectID ObjectName",
    "wire.metadata": "ObjectMeta",
    "wire.objects": "Blob BlobBuilder Object ObjectBuilder RemoteBlob RemoteBlobBuilder",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_MODULES, *_HOMES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(f"{__name__}.{name}")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name.endswith("Exception"):
        value = getattr(importlib.import_module(f"{__name__}.errors"), name)
    else:
        raise AttributeError(f"module 'vineyard' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    errors = importlib.import_module(f"{__name__}.errors").__all__
    return sorted({*globals(), *__all__, *(name for name in errors if name.endswith("Exception"))})
