"""Volumes of a store under test: opened over the main socket, used through their own."""

from pathlib import Path

import vineyard

from wire import WireClient


class Volume:
    """One volume of a daemon with its directory, as a pod would get it mounted."""

    def __init__(self, daemon, ident, **settings):
        self.daemon = daemon
        self.id = ident
        self.directory = Path(daemon.socket).parent / "volumes" / ident
        self.socket = str(self.directory / "vineyard.sock")
        self.read_only = str(self.directory / "read-only" / "vineyard.sock")
        self.opened = self.ask("open_volume_request", **settings)["volume"]

    def ask(self, request, **fields):
        with self.daemon.wire() as main:
            return main.ask(request, id=self.id, **fields)

    @property
    def record(self):
        return self.ask("inspect_volume_request")["volume"]

    def delete(self):
        return self.ask("delete_volume_request")["deleted"]

    def wire(self, read_only=False):
        return WireClient(self.read_only if read_only else self.socket).register()

    def connect(self, read_only=False):
        """The released client, connected through the volume."""
        return vineyard.connect(self.read_only if read_only else self.socket)

    def path(self, name):
        """What a pipeline step passes to `vineyard.csi`."""
        return str(self.directory / name)
