"""Help for tests of daemons that share an etcd."""

import json
import subprocess
from pathlib import Path

import vineyard

RELEASED = [str(Path(vineyard.__file__).parent / "bdist/vineyardd")]

# Commands of two daemons: ours and ours, ours and the released one.
COMBINATIONS = [(None, None), (None, RELEASED)]


def etcdctl(etcd, *words):
    """What etcdctl says, read as JSON where it is; keys are those of one prefix."""
    run = subprocess.run(
        ["etcdctl", "--endpoints", etcd.client, *words],
        env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout) if run.stdout.startswith("{") else run.stdout


def keys(etcd, prefix):
    """The keys of a prefix, without those about instances."""
    found = etcdctl(etcd, "get", "--prefix", "--keys-only", f"{prefix}/").split()
    return [
        key
        for key in found
        if not any(word in key for word in ("/instances/", "/cluster/", "/writers/", "next_instance", "lock"))
    ]
