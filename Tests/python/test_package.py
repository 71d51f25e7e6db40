"""The package itself: its names, what it imports, and that it does not stand beside the released one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import vineyard

from conftest import RELEASED_PYTHON, ROOT

# Names of 0.24.2 that are not here; docs/python.md says why.
LEFT_OUT = {"bdist", "launcher", "_connect"}
# What is imported into the original's module for its own use.
NOT_ITS_OWN = {"Any", "Dict", "Generator", "Optional", "Tuple", "Union", "contextlib", "logger", "logging", "os", "sys"}

LIST_NAMES = """
import json, vineyard
kinds = [vineyard.Client, vineyard.IPCClient, vineyard.RPCClient, vineyard.ObjectMeta, vineyard.Object, vineyard.Blob,
         vineyard.BlobBuilder, vineyard.RemoteBlob, vineyard.RemoteBlobBuilder, vineyard.InstanceStatus, vineyard._C]
names = {kind.__name__: [name for name in dir(kind) if not name.startswith("_")] for kind in kinds}
print(json.dumps({"vineyard": [name for name in dir(vineyard) if not name.startswith("__")], **names}))
"""


def run(program, *arguments, python=sys.executable, **environment):
    path = os.pathsep.join([str(ROOT / "python")])
    return subprocess.run(
        [python, "-B", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_given_the_names_of_the_released_client_when_looked_for_here_then_they_are_there():
    told = subprocess.run([RELEASED_PYTHON, "-B", "-c", LIST_NAMES], capture_output=True, text=True, check=True)
    theirs = json.loads(told.stdout)
    missing = {name for name in theirs.pop("vineyard") if not hasattr(vineyard, name)}
    assert missing - NOT_ITS_OWN == LEFT_OUT
    with_store = {"Client": vineyard.core.ipc.IPCClient}
    for kind, names in theirs.items():
        ours = vineyard._C if kind == "vineyard._C" else getattr(vineyard, kind, None)
        objects = [one for one in (ours, with_store.get(kind)) if one is not None]
        status = set(vineyard.InstanceStatus.__init__.__code__.co_names) if kind == "InstanceStatus" else set()
        absent = {name for name in names if not any(hasattr(one, name) for one in objects)} - status
        assert not absent, f"{kind} has no {absent}"


def test_given_a_small_value_when_put_and_got_then_pandas_and_arrow_are_not_imported(store):
    program = """
import sys, numpy as np, vineyard
client = vineyard.connect(sys.argv[1])
assert client.get(client.put({"a": np.arange(5)}))["a"].sum() == 10
assert client.get(client.put(np.arange(5))).sum() == 10
heavy = {"pandas", "pyarrow", "scipy", "torch", "polars", "asyncio", "concurrent.futures"} & set(sys.modules)
assert not heavy, heavy
"""
    done = run(program, store.socket)
    assert done.returncode == 0, done.stderr


def test_given_only_numpy_when_all_modules_of_the_core_are_imported_then_it_works(store):
    program = """
import sys
for name in ("pandas", "pyarrow", "scipy", "torch", "polars", "cloudpickle"):
    sys.modules[name] = None
import numpy as np, vineyard
client = vineyard.connect(sys.argv[1])
texts = np.array(["a", None], object)
assert client.get(client.put(texts)).tolist() == ["a", None]
assert client.get(client.put(np.array(["a", "b"]))).tolist() == ["a", "b"]
"""
    done = run(program, store.socket)
    assert done.returncode == 0, done.stderr


def test_given_the_released_package_in_the_same_folder_when_imported_then_the_remedy_is_told(tmp_path):
    shutil.copytree(ROOT / "python" / "vineyard", tmp_path / "vineyard")
    (tmp_path / "vineyard" / "bdist").mkdir()
    done = run("import vineyard", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1 and "pip uninstall vineyard vineyard-bdist vineyardctl" in done.stderr


def test_given_a_store_of_ones_own_when_the_block_ends_then_it_is_gone(tmp_path):
    socket = str(tmp_path / "vineyard.sock")
    with vineyard.deploy.local.start_vineyardd(size="16Mi", socket=socket, rpc=False) as (process, path, _):
        client = vineyard.connect(path)
        assert client.status.memory_limit == 16 << 20
        client.close()
    assert process.returncode == 0 and not Path(socket).exists()
    refused = vineyard.deploy.local.start_vineyardd(size="nonsense", socket=socket, rpc=False)
    with pytest.raises(RuntimeError, match="vineyardd ended with status 2"):
        refused.__enter__()


def test_given_the_program_when_called_as_a_function_then_its_output_is_returned():
    assert vineyard.deploy.vineyardctl(capture=True, version=True).startswith("vineyardctl")
    assert "--rpc_socket_port" in vineyard.deploy.vineyardctl.vineyardd(capture=True, help=True)


@pytest.mark.parametrize("told", ["{socket}", "VINEYARD_IPC_SOCKET", "config"])
def test_given_what_names_a_store_when_connecting_then_it_is_found(store, tmp_path, monkeypatch, told):
    if told == "VINEYARD_IPC_SOCKET":
        monkeypatch.setenv(told, store.socket)
        client = vineyard.connect()
    elif told == "config":
        (tmp_path / "vineyard-config.yaml").write_text(
            f"Vineyard:\n  IPCSocket: '{store.socket}'  # here\n  RPCEndpoint: 127.0.0.1:{store.rpc_port}\n"
        )
        client = vineyard.connect(config=str(tmp_path))
    else:
        client = vineyard.connect(f"127.0.0.1:{store.rpc_port}")
        assert client.is_rpc
    assert client.connected and (client.is_rpc or client.ipc_socket == store.socket)
    client.close()
    assert not client.connected


PUT_SLOWLY = """
import sys, numpy as np, vineyard
from vineyard.wire import copying, progress
progress._FIRST_SECONDS = progress._PAUSE_SECONDS = 0
copying._TOLD_BYTES = copying._PIECE_BYTES = 1 << 20
client = vineyard.connect(sys.argv[1])
value = np.arange(4 << 18).reshape(2, -1)
assert (client.get(client.put(value)) == value).all()
"""


@pytest.mark.parametrize(("told", "is_shown"), [("1", True), ("0", False), ("", False)])
def test_given_a_long_transfer_when_somebody_looks_then_progress_is_shown_and_taken_away(store, told, is_shown):
    done = run(PUT_SLOWLY, store.socket, VINEYARD_PROGRESS=told)
    assert done.returncode == 0, done.stderr
    if is_shown:
        # Ends of lines are those that Python takes carriage returns for.
        assert "\nvineyard: written 8.4 MB of 8.4 MB (100 %), " in done.stderr
        assert done.stderr.endswith(" \n") and not done.stderr.split("\n")[-2].strip()
    else:
        assert done.stderr == ""
