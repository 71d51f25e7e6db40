"""What the operator serves itself: its health, its metrics, its webhook."""

import ssl
import urllib.error
import urllib.request

from waiting import eventually


def probe(port, path):
    """Ask for its health."""
    return _answer(urllib.request.Request(f"http://127.0.0.1:{port}{path}"))


def wait_until_ready(process):
    port = process.port("health")
    eventually(lambda: probe(port, "/readyz")[0] == 200, f"{process.name} is ready")


def post(webhook, path, body, what="resources"):
    """Post to the webhook, or to what a manager serves with TLS, as nobody in particular."""
    return _answer(urllib.request.Request(f"https://127.0.0.1:{webhook.port(what)}{path}", body, method="POST"))


def scrape(manager, token=None):
    """Read the metrics."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return _answer(urllib.request.Request(f"https://127.0.0.1:{manager.port('metrics')}/metrics", headers=headers))


def _answer(request):
    """Status and text."""
    context = ssl._create_unverified_context() if request.type == "https" else None
    try:
        with urllib.request.urlopen(request, context=context) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
