"""The original vineyardctl of the released Python package, to make what it makes."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

from waiting import eventually

NAMESPACE = "/api/v1/namespaces/vineyard-system"


def program() -> Path:
    """Where the package keeps its program."""
    spec = find_spec("vineyard")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "bdist" / "vineyardctl"


class Original:
    """Runs the original against one double."""

    def __init__(self, double) -> None:
        self._double = double

    def _command(self, *arguments: str) -> list[str]:
        return [str(program()), *arguments, "--kubeconfig", str(self._double.kubeconfig)]

    def run(self, *arguments: str) -> None:
        subprocess.run(self._command(*arguments), check=True, capture_output=True, timeout=120)

    def run_until(self, condition, *arguments: str) -> None:
        """Run a command that would wait for the original operator, until it has done its work."""
        process = subprocess.Popen(self._command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(condition, " ".join(arguments))
        finally:
            process.kill()
            process.wait()

    def deploy_cluster(self) -> None:
        """`deploy vineyard-cluster`; nobody plays the original's operator, so the resource stays as it was made."""
        resource = "/apis/k8s.v6d.io/v1alpha1/namespaces/vineyard-system/vineyardds/vineyardd-sample"
        self.run("deploy", "operator", "--create-namespace")
        self.run_until(lambda: self._double.client.get(resource).status == 200, "deploy", "vineyardd")

    def deploy_plain(self) -> None:
        """`deploy vineyard-deployment`, which needs the namespace and its account before."""
        client = self._double.client
        client.post("/api/v1/namespaces", {"metadata": {"name": "vineyard-system"}})
        eventually(lambda: client.get(f"{NAMESPACE}/serviceaccounts/default").status == 200, "the default account")
        self.run("deploy", "vineyard-deployment", "--etcd.replicas", "3")
