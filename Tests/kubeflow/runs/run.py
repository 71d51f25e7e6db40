"""A run of a pipeline, whoever controls it: its pods, its claims, and when they go."""

import re
from collections.abc import Iterator

from runs.cluster import Cluster, Pod

ALWAYS, ON_SUCCESS = "OnWorkflowCompletion", "OnWorkflowSuccess"


class Run:
    """A Workflow of Argo, which Kubeflow's runs are, too. It owns its pods and what it makes for them.

    https://argo-workflows.readthedocs.io/en/latest/fields/#workflowspec has the fields that say what goes when:
    `volumeClaimGC` (`OnWorkflowSuccess` unless said), `podGC` (pods stay unless said), `ttlStrategy`.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name
        self.pods: list[Pod] = []
        self.claims: list[str] = []
        self.phase = "Running"
        self.claim_strategy = ON_SUCCESS
        self.pod_strategy: str | None = None
        self.pod_seconds = 0
        self.keep_seconds: int | None = None

    def advance(self) -> Iterator[str]:
        """Runs pod after pod; yields the name of each as it has ended."""
        raise NotImplementedError

    def complete(self) -> "Run":
        """Runs it to its end."""
        for _ in self.advance():
            pass
        return self

    def run_pod(self, pod: Pod) -> bool:
        pod.owner = self.name
        self.pods.append(pod)
        return bool(self.cluster.run(pod).succeeded)

    def make_claim(self, name: str, specification: dict, is_owned: bool = True) -> None:
        self.cluster.create_claim(name, specification, self.name if is_owned else None)

    def make_template_claim(self, name: str, specification: dict) -> None:
        """A claim of a template, which the controller deletes at the end of the run."""
        self.make_claim(name, specification)
        self.claims.append(name)

    def end(self, succeeded: bool) -> None:
        """What the controller does at once when a run has ended."""
        self.phase = "Succeeded" if succeeded else "Failed"
        if self._applies(self.claim_strategy):
            for name in self.claims:
                self.cluster.delete_claim(name)

    def _applies(self, strategy: str | None) -> bool:
        return strategy == ALWAYS or (strategy == ON_SUCCESS and self.phase == "Succeeded")

    def pass_time(self, seconds: int) -> None:
        """What happens by itself until so many seconds after the end: pods are deleted, then the run."""
        assert self.phase in ("Succeeded", "Failed"), self.phase
        if self._applies(self.pod_strategy) and self.pod_seconds <= seconds:
            self._delete_pods()
        if self.keep_seconds is not None and self.keep_seconds <= seconds:
            self.delete()

    def delete(self) -> None:
        """`argo delete`, or the deletion of a run: what it owns goes with it. No exit handler runs."""
        self.phase = "Deleted"
        self._delete_pods()
        self.cluster.delete_owned(self.name)

    def _delete_pods(self) -> None:
        pods, self.pods = self.pods, []
        self.cluster.delete_pods(pods)


def substitute(value, scope: dict[str, str], pattern: re.Pattern):
    """Fills the placeholders in all texts of a value; one that is not in the scope is an error."""
    if isinstance(value, dict):
        return {key: substitute(item, scope, pattern) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, scope, pattern) for item in value]
    if isinstance(value, str):
        return pattern.sub(lambda match: scope[match.group(1)], value)
    return value


def in_order(tasks: dict[str, set[str]]) -> Iterator[str]:
    """Yields names so that each comes after those it depends on."""
    done: set[str] = set()
    while len(done) < len(tasks):
        ready = [name for name, needs in tasks.items() if name not in done and needs <= done]
        assert ready, f"dependencies that cannot be met: { {name: needs - done for name, needs in tasks.items()} }"
        yield ready[0]
        done.add(ready[0])
