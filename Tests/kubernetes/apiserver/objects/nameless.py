"""What error messages are about when it is no object."""

from __future__ import annotations

from ..kinds import Kind


def _options(name: str) -> Kind:
    return Kind("meta.k8s.io", "v1", name, "", False)


OPTIONS = {
    "POST": _options("CreateOptions"),
    "PUT": _options("UpdateOptions"),
    "PATCH": _options("PatchOptions"),
    "DELETE": _options("DeleteOptions"),
    "GET": _options("ListOptions"),
}
"""The parameters of a request, by its method."""
PATCH_OPTIONS = OPTIONS["PATCH"]
NOTHING = Kind("", "", "", "", False)
"""The body of a patch has neither kind nor name."""
