"""Client of a store elsewhere, whose bytes travel over TCP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vineyard.core.base import ClientBase, blobs_by_instance
from vineyard.core.draft import Part
from vineyard.core.requests import identifier_of
from vineyard.errors import IOErrorException
from vineyard.wire import copying
from vineyard.wire.identifiers import EMPTY_BLOB
from vineyard.wire.memory import Root, view_of
from vineyard.wire.metadata import ObjectMeta, blob_tree
from vineyard.wire.objects import Blob, Object, RemoteBlob, RemoteBlobBuilder, object_of

if TYPE_CHECKING:
    Bytes = np.ndarray[Any, np.dtype[np.uint8]]

LOCAL_INSTANCE = (1 << 64) - 2
"""Instance of a client that is on no instance."""


class RPCClient(ClientBase):
    """A client that sends and receives the bytes of blobs."""

    is_rpc = True
    rdma_endpoint = ""

    @property
    def instance_id(self) -> int:
        """No instance: nothing is local to this client."""
        return LOCAL_INSTANCE

    @property
    def remote_instance_id(self) -> int:
        """Instance of the store."""
        return int(self._connection.registration["instance_id"])

    @property
    def _blob_instance(self) -> int:
        return self.remote_instance_id

    def is_fetchable(self, meta: ObjectMeta) -> bool:
        """Whether the store that this client speaks with has an object."""
        return meta.instance_id == self.remote_instance_id

    # Storing

    def _allocate(self, parts: Sequence[Part]) -> tuple[list[int], list[int]]:
        roots = []
        for part in parts:
            root = np.empty(part.size, np.uint8).view(Root)
            copying.run(part.fill(root), part.size)
            roots.append(root)
        return self._send(roots), []

    def _send(self, arrays: Sequence[Bytes]) -> list[int]:
        sizes = [array.size for array in arrays]
        request = {"type": "create_remote_buffers_request", "sizes": sizes, "num": len(sizes)}
        outgoing = [view_of(array) for array in arrays if array.size]
        reply, _ = self._connection.transfer({**request, "compress": False, "use_rdma": False}, outgoing)
        return [int(one) for one in reply["ids"]]

    def store_blob(self, part: Part) -> ObjectMeta:
        """Store bytes that are an object of their own."""
        if not part.size:
            return Blob.empty().meta
        ids, _ = self._allocate([part])
        return ObjectMeta.of(blob_tree(ids[0], part.size, self.remote_instance_id), self)

    def create_remote_blob(self, blob_builder: Any) -> Any:
        """Send a blob, or several; returns their metadata."""
        several = isinstance(blob_builder, (list, tuple))
        builders: list[RemoteBlobBuilder] = list(blob_builder) if several else [blob_builder]
        filled = [one.view(np.ndarray) for one in builders if len(one)]
        ids = iter(self._send(filled)) if filled else iter(())
        metas = []
        for one in builders:
            tree = blob_tree(next(ids) if len(one) else EMPTY_BLOB, len(one), self.remote_instance_id)
            metas.append(ObjectMeta.of(tree, self))
        return metas if several else metas[0]

    # Reading

    def _fetch(self, ids: Sequence[int], unsafe: bool = False) -> dict[int, Bytes]:
        if not ids:
            return {}
        request: dict[str, Any] = {"type": "get_remote_buffers_request", "num": len(ids), "unsafe": unsafe}
        request.update({str(index): blob for index, blob in enumerate(ids)}, compress=False, use_rdma=False)
        reply, received = self._connection.transfer(request, incoming=True)
        found = {}
        for payload, data in zip(reply["payloads"], received):
            array = np.frombuffer(data, np.uint8)
            array.flags.writeable = False
            found[payload["object_id"]] = array
        return found

    def _roots(self, trees: Iterable[dict[str, Any]]) -> dict[int, Any]:
        return fetch(self, blobs_by_instance(trees))

    def list_metadatas(
        self, pattern: str, regex: bool = False, limit: int = 5, nobuffer: bool = True
    ) -> list[ObjectMeta]:
        """Metadata of objects whose type matches; without the bytes, unless asked for them."""
        return super().list_metadatas(pattern, regex, limit, nobuffer)

    def list_objects(self, pattern: str, regex: bool = False, limit: int = 5) -> list[Object]:
        """Objects whose type matches."""
        return [object_of(meta) for meta in self.list_metadatas(pattern, regex, limit, nobuffer=False)]

    def get_remote_blob(self, object_id: Any, unsafe: bool = False) -> RemoteBlob:
        """Fetch a blob."""
        return self.get_remote_blobs([object_id], unsafe)[0]

    def get_remote_blobs(self, object_ids: Sequence[Any], unsafe: bool = False) -> list[RemoteBlob]:
        """Fetch blobs."""
        ids = [int(identifier_of(one)) for one in object_ids]
        found = self._fetch(ids, unsafe)
        blobs = []
        for one in ids:
            if one not in found:
                raise IOErrorException(f"blob o{one:016x} is not on instance {self.remote_instance_id}")
            tree = blob_tree(one, found[one].size, self.remote_instance_id)
            blobs.append(RemoteBlob(found[one].view(Root), ObjectMeta.of(tree, self, {one: found[one]})))
        return blobs


def fetch(client: ClientBase, by_instance: dict[int, set[int]]) -> dict[int, Any]:
    """Bytes of blobs from the stores that have them."""
    found: dict[int, Any] = {}
    cluster: dict[int, dict[str, Any]] | None = None
    for instance, blobs in by_instance.items():
        ids = sorted(blobs - {EMPTY_BLOB})
        if not ids:
            continue
        if isinstance(client, RPCClient) and client.remote_instance_id == instance:
            found.update(client._fetch(ids))
            continue
        cluster = client.meta if cluster is None else cluster
        endpoint = cluster.get(instance, {}).get("rpc_endpoint", "")
        host, _, port = endpoint.rpartition(":")
        if not host or port in ("", "0"):
            raise IOErrorException(f"instance {instance} has no RPC endpoint: the bytes of its objects cannot be had")
        with RPCClient((host, int(port)), **client._credentials) as other:
            found.update(other._fetch(ids))
    return found
