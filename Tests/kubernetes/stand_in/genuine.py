"""A genuine API server in the place of the double."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from .access import Access
from .account import Account
from .baseline import Baseline
from .kubelet import Kubelet
from .loop import Follower, Worker
from .nodes import HEARTBEAT_SECONDS, Nodes
from .operator import GROUP, Operator
from .provisioner import Provisioner
from .webhooks import CONFIGURATIONS, DEPLOYMENTS, Webhooks


class Genuine:
    """A control plane without kubelets, and what tests can tell it of what they tell a `Double`."""

    controllable = False

    def __init__(self, kubeconfig: Path, directory: Path, program: str | None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        access = Access(kubeconfig, directory)
        self.server = access.server
        self.kubeconfig = access.kubeconfig
        self.directory = directory
        self.client = access.client()
        nodes = [node["metadata"]["name"] for node in self.client.get("/api/v1/nodes").json["items"]]
        if nodes:
            pytest.exit(f"{self.server} has nodes ({', '.join(nodes)}): tests run on a bare control plane only", 4)
        self._account = Account(self.client)
        access.write_token(self._account.token)
        self._baseline = Baseline(self.client)
        self._nodes = Nodes(self.client)
        self._nodes.make_as_new()
        self._kubelet = Kubelet(access.client)
        self._heart, beats = access.client(), HEARTBEAT_SECONDS
        self._threads: list[Follower | Worker] = [
            Worker("heartbeats", lambda: self._nodes.beat(self._heart), beats),
            Follower(access.client(), "/api/v1/pods", self._kubelet.handle),
        ]
        claims, volumes = Provisioner(access.client()), Provisioner(access.client())
        self._threads += [
            Follower(access.client(), "/api/v1/persistentvolumeclaims", claims.claim),
            Follower(access.client(), "/api/v1/persistentvolumes", volumes.volume),
        ]
        self._webhooks = Webhooks(access.client())
        self._operator = None if program is None else Operator(access.client(), program)
        self._operates = threading.Lock()
        self._plays_operator = True
        custom = [f"/apis/{GROUP}/v1alpha1/{plural}" for plural in ("vineyardds", "csidrivers")]
        paths = [DEPLOYMENTS, *CONFIGURATIONS, "/apis/apps/v1/daemonsets", *custom]
        operator = Worker("operator", self._operate, 1)
        self._threads += [operator, *(Follower(access.client(), path, operator.wake) for path in paths)]
        for thread in self._threads:
            thread.start()

    def __getattr__(self, name: str) -> Any:
        """What only a double can do."""
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"needs control of the API server ({name}), which a genuine one doesn't give")

    def _operate(self) -> None:
        # A cluster is ready only when the webhooks are as they will stay.
        self._webhooks.reconcile()
        with self._operates:
            if self._operator is not None and self._plays_operator:
                self._operator.reconcile()

    def play_operator(self, plays: bool) -> None:
        """Whether to stand for the operator; beside real ones nobody may."""
        with self._operates:
            self._plays_operator = plays

    def stop(self) -> int:
        """Leave the cluster as it was found."""
        try:
            self._baseline.restore()
        finally:
            for thread in self._threads:
                thread.end()
            for thread in self._threads:
                thread.join()
            self._nodes.remove_all()
            self._account.remove()
            self.client.close()
        return 0

    def reset(self) -> None:
        """The cluster as it was at the start."""
        self._kubelet.clear_rules()
        self._kubelet.injections.clear()
        self._kubelet.delay = 0
        self._webhooks.forget()
        self._baseline.restore()
        self._nodes.make_as_new()

    def struck(self, text: str) -> bool:
        """Whether a behaviour has come about whose description contains a text."""
        return any(count for name, count in self._kubelet.injections.counts().items() if text in name)

    def check_injections(self) -> None:
        """Raise `AssertionError` when a behaviour of an image that a test asked for never came about."""
        missing = self._kubelet.injections.missing()
        assert not missing, f"asked for, but met by no pod: {'; '.join(missing)}"

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Only `pod_delay` is there."""
        if changes.keys() != {"pod_delay"}:
            pytest.skip("needs control of the API server (settings), which a genuine one doesn't give")
        self._kubelet.delay = changes["pod_delay"]
        return {"pod_delay": self._kubelet.delay}

    def node(self, name: str, action: str, **more: Any) -> None:
        """add, remove, cordon, uncordon, taint, untaint, label, memory, ready."""
        self._nodes.change(name, action, **more)

    def webhook(self, name: str, url: str) -> None:
        """Really call the webhook of that name, at a URL of this machine."""
        self._webhooks.serve(name, url)

    def image(self, pattern: str, behaviour: str, **more: Any) -> None:
        """What becomes of containers whose image matches; the newest rule wins."""
        self._kubelet.rule(pattern, behaviour, **more)

    def clear_images(self) -> None:
        self._kubelet.clear_rules()
