"""The messages of the interface, made of the repository's own description of it."""

import importlib
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parents[3] / "Sources/CSIProtocol/csi.proto"


def _generate():
    with tempfile.TemporaryDirectory(prefix="csi-protocol-") as directory:
        included = Path(grpc_tools.__file__).with_name("_proto")
        status = protoc.main(["protoc", f"-I{PROTO.parent}", f"-I{included}", f"--python_out={directory}", PROTO.name])
        assert status == 0, f"{PROTO} cannot be read"
        sys.path.insert(0, directory)
        try:
            return importlib.import_module("csi_pb2")
        finally:
            sys.path.remove(directory)


messages = _generate()

METHODS = {
    method.name: (f"/{service.full_name}/{method.name}", method)
    for service in messages.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def request(method, **fields):
    """The request message of a method; nested messages are dictionaries."""
    return getattr(messages, METHODS[method][1].input_type.name)(**fields)


def reply_class(method):
    return getattr(messages, METHODS[method][1].output_type.name)
