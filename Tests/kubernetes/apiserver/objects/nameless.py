"""What error messages are about when it is no object."""

from __future__ import annotations

from ..kinds import Kind

PATCH_OPTIONS = Kind("meta.k8s.io", "v1", "PatchOptions", "", False)
"""The parameters of a patch."""
NOTHING = Kind("", "", "", "", False)
"""The body of a patch has neither kind nor name."""
