"""buildah with a storage of its own."""

import os
import shutil
import subprocess
from pathlib import Path

PATIENCE = 300


class Buildah:
    """Images and working containers below one directory."""

    def __init__(self, directory: Path):
        self._directory = directory
        directory.mkdir()
        # In memory: on a disk, each unmount of a container waits until everybody's files are written.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)
        configuration = directory / "storage.conf"
        self.environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(configuration), "BUILDAH_ISOLATION": "chroot"}
        # overlay is quick, and the other works wherever that doesn't.
        for driver in ("overlay", "vfs"):
            configuration.write_text(
                f'[storage]\ndriver = "{driver}"\ngraphroot = "{directory}/graph"\nrunroot = "{directory}/run"\n'
            )
            if self._run("buildah", "info").returncode == 0:
                return
            shutil.rmtree(directory / "graph", ignore_errors=True)
        raise RuntimeError(self._run("buildah", "info").stderr)

    def _run(self, *command):
        return subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )

    def __call__(self, *arguments):
        """Run a buildah command; returns what it printed."""
        return self.run("buildah", *arguments).stdout.strip()

    def run(self, *command, status=0):
        """Run a command that finds this storage; it must end with this exit status."""
        done = self._run(*command)
        assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def add_image(self, name, archive):
        """Make an image of a root file system in a tar archive."""
        container = self("from", "scratch")
        self("add", "--quiet", container, str(archive), "/")
        self("commit", "--quiet", container, name)
        self("rm", container)

    def mount(self, image):
        """A fresh root file system of an image, as a container gets it."""
        return Path(self("mount", self("from", "--pull-never", image)))

    def close(self):
        """Remove everything."""
        subprocess.run(["umount", "--recursive", self._directory], check=True)
