"""An image in an OCI archive."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from container import Process


class Image:
    """Name and contents of a built image."""

    def __init__(self, name: str, archive: Path, story: str):
        self.name = name
        self.archive = archive
        self.story = story
        with tarfile.open(archive) as files:
            blobs = {member.name: files.extractfile(member).read() for member in files if member.isfile()}
        self.index = json.loads(blobs["index.json"])
        manifest = json.loads(self._blob(blobs, self.index["manifests"][0]))
        description = json.loads(self._blob(blobs, manifest["config"]))
        self.configuration = description["config"]
        self.layers = [gzip.decompress(self._blob(blobs, layer)) for layer in manifest["layers"]]
        self.compressed_size = sum(layer["size"] for layer in manifest["layers"])

    @staticmethod
    def _blob(blobs, descriptor):
        content = blobs["blobs/" + descriptor["digest"].replace(":", "/")]
        assert "sha256:" + hashlib.sha256(content).hexdigest() == descriptor["digest"]
        return content

    @property
    def digest(self) -> str:
        """What the image is pinned by."""
        return self.index["manifests"][0]["digest"]

    @property
    def labels(self) -> dict[str, str]:
        return self.configuration["Labels"]

    def entries(self) -> dict[str, tarfile.TarInfo]:
        """Everything in the root file system by path."""
        return {path: entry for path, entry, _ in self._members()}

    def files(self) -> dict[str, bytes]:
        """The contents of all regular files by path."""
        return {path: content for path, _, content in self._members() if content is not None}

    def _members(self):
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as members:
                for member in members:
                    content = members.extractfile(member).read() if member.isfile() else None
                    yield "/" + member.name.strip("./"), member, content

    def process(self, *arguments: str) -> Process:
        """What `docker run` starts with these arguments."""
        user, group = (int(number) for number in self.configuration["User"].split(":"))
        words = [*self.configuration["Entrypoint"], *(arguments or self.configuration["Cmd"])]
        return Process(words, user, group, dict(entry.split("=", 1) for entry in self.configuration["Env"]))
