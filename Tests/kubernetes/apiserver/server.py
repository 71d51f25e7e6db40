"""One double on one TLS port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from pathlib import Path

from aiohttp import web

from . import bootstrap, kubeconfig
from .access.users import Credentials, User
from .certificates import Authority, Pair
from .cluster import Cluster, Settings
from .controllers.runner import run_controllers
from .rest.dispatch import Dispatcher

ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))
_NAMES = ("127.0.0.1", "::1", "localhost", "kubernetes", "kubernetes.default.svc")


class Server:
    """Listens, writes its files and runs its controllers."""

    def __init__(self, directory: Path, settings: Settings, port: int = 0, certificate: str = "valid") -> None:
        self._directory = directory
        self._port = port
        self._certificate = certificate
        self.cluster = Cluster(settings, Credentials())

    async def start(self, stack: contextlib.AsyncExitStack) -> str:
        """Listen; returns the URL. What was started ends with the stack."""
        authority = Authority()
        bootstrap.fill(self.cluster)
        server = web.Server(Dispatcher(self.cluster), access_log=None, keepalive_timeout=300)
        runner = web.ServerRunner(server)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        context = self._context(authority)
        site = web.TCPSite(runner, "127.0.0.1", self._port, ssl_context=context, shutdown_timeout=0.1, backlog=512)
        await site.start()
        assert runner.addresses
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        self._write_files(authority, url)
        task = asyncio.create_task(run_controllers(self.cluster))
        stack.callback(task.cancel)
        return url

    def _context(self, authority: Authority) -> ssl.SSLContext:
        pair = self._server_pair(authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file("server.crt", pair.certificate), self._file("server.key", pair.key))
        context.load_verify_locations(cadata=authority.pair.certificate.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _server_pair(self, authority: Authority) -> Pair:
        match self._certificate:
            case "expired":
                return authority.server(_NAMES, expired=True)
            case "wrong-name":
                return authority.server(("elsewhere.example",))
            case "other-ca":
                return Authority("somebody-else").server(_NAMES)
        return authority.server(_NAMES)

    def _write_files(self, authority: Authority, url: str) -> None:
        authority_pem = authority.pair.certificate
        client = authority.client(ADMIN.name, ("system:masters",))
        token = self.cluster.credentials.issue(ADMIN)
        self._file("ca.crt", authority_pem)
        self._file("ca.key", authority.pair.key)
        self._file("client.crt", client.certificate)
        self._file("client.key", client.key)
        self._file("token", token.encode())
        self._file("kubeconfig", kubeconfig.with_certificate(url, authority_pem, client).encode())
        self._file("kubeconfig-token", kubeconfig.with_token(url, authority_pem, token).encode())

    def _file(self, name: str, content: bytes) -> str:
        path = self._directory / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        return str(path)
