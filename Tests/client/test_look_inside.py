"""`vineyardctl ls`, `get`, `put`, `rm`, `names`: what a person sees of a store that the released client has filled."""

import json
import subprocess

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import vineyard

from daemon import IS_THE_ORIGINAL, daemon_command
from volumes import Volume

pytestmark = pytest.mark.skipif(IS_THE_ORIGINAL, reason="the original has no such commands, or they crash")

TOKEN = "a secret of the cluster"


@pytest.fixture(scope="module")
def store_options(tmp_path_factory):
    """A store that wants a token over TCP."""
    path = tmp_path_factory.mktemp("token") / "token"
    path.write_text(f"{TOKEN}\n")
    return {"flags": ["--admin_token_file", str(path)]}


@pytest.fixture
def token_file(store):
    """The file with the store's token."""
    return store.flags[store.flags.index("--admin_token_file") + 1]


class Program:
    """The program, pointed at one store."""

    def __init__(self, *way):
        self.way = [str(word) for word in way]

    def run(self, *words, stdin=b""):
        return subprocess.run(
            [daemon_command()[0], *map(str, words), *self.way], input=stdin, capture_output=True, timeout=60
        )

    def __call__(self, *words, status=0, stdin=b""):
        """Runs to the end; returns what it printed, or its one line of error."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == status, done.stderr.decode() + done.stdout.decode()
        if status == 0:
            return done.stdout.decode()
        assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"error: "), done.stderr
        return done.stderr.decode()

    def json(self, *words):
        return json.loads(self(*words, "-o", "json"))


@pytest.fixture(params=["socket", "tcp"])
def program(request, store, token_file):
    """The program on the socket and over TCP, where it needs the token."""
    if request.param == "socket":
        return Program("--ipc-socket", store.socket)
    return Program("--rpc-socket", f"127.0.0.1:{store.rpc_port}", "--admin-token-file", token_file)


@pytest.fixture
def on_socket(store):
    return Program("--ipc-socket", store.socket)


@pytest.fixture
def volume(store, client):
    """A volume of the store, deleted at the end of the test."""
    opened = Volume(
        store,
        "pvc-7",
        quota=32 << 20,
        attributes={"csi.storage.k8s.io/pvc/namespace": "team", "csi.storage.k8s.io/pvc/name": "data"},
    )
    yield opened
    opened.delete()


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, float("nan"), -0.25], "c": ["x", "ÿ", "z"]})


def rows(table):
    """The lines of a table below its header, split at two blanks and more."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table.splitlines()[1:]]


def test_objects_are_shown_as_people_think_of_them(program, client):
    array = client.put(np.arange(60, dtype="f4").reshape(20, 3), persist=True, name="weights")
    frame = client.put(FRAME)
    text = client.put("hello")
    found = {row[-5] if row[0] == "weights" else row[1]: row for row in rows(program("ls", "objects"))}
    table = program("ls", "objects")
    assert table.splitlines()[0].split() == ["NAME", "ID", "TYPE", "SHAPE", "BYTES", "AGE"]
    assert f"{array!r}" in table and "array (float32)" in table and "20 × 3" in table and "240 B" in table
    assert "frame (a: int64, b: float64, c: " in table and "3 × 3" in table
    assert "str (hello)" in table
    # Columns are parts of the frame, and are shown when they are asked for.
    assert len(table.splitlines()) == 4 and len(program("ls", "objects", "--all").splitlines()) > 8
    assert "array (int64)" in program("ls", "objects", "-p", "vineyard::Tensor<int64>")
    assert found and {repr(frame), repr(text)} <= set(program("ls", "objects", "-o", "name").split())


def test_json_has_the_metadata_by_id_and_what_the_table_says(on_socket, client):
    array = client.put(np.arange(6), persist=True, name="n")
    (tree,) = on_socket.json("ls", "objects").values()
    assert tree["id"] == repr(array) and tree["typename"] == "vineyard::Tensor<int64>"
    summary = tree["vineyardctl_summary"]
    assert {key: summary[key] for key in ("names", "kind", "shape", "bytes", "volume", "copies")} == {
        "names": ["n"],
        "kind": "array",
        "shape": [6],
        "bytes": 48,
        "volume": None,
        "copies": 1,
    }
    metadata = on_socket.json("get", "metadata", "--object_id", repr(array))
    assert metadata[repr(array)] == {key: value for key, value in tree.items() if key != "vineyardctl_summary"}


def test_limits_and_orders(on_socket, client):
    small, large = client.put(np.zeros(10, "u1")), client.put(np.zeros(1000, "u1"))
    assert on_socket("ls", "objects", "-k", "bytes", "-o", "name").split() == [repr(large), repr(small)]
    done = on_socket.run("ls", "objects", "-l", "1", "-o", "name")
    assert done.stdout.decode().split() == [repr(small)] and b"there are more than these 1" in done.stderr
    assert on_socket("ls", "objects", "-p", r"vineyard::Tensor<u.*>", "-r", "-o", "name").split() == [
        repr(small),
        repr(large),
    ]
    assert "invalid --limit -1" in on_socket("ls", "objects", "-l", "-1", status=2)


def test_blobs_have_their_bytes(on_socket, client):
    client.put(b"0123456789" * 3)
    ((ident, tree),) = on_socket.json("ls", "blobs").items()
    assert tree["length"] == 30
    (blob,) = on_socket.json("get", "blob", ident, "--bytes", "4")
    assert blob == {"id": ident, "size": 30, "data": "[48 49 50 51]"}
    assert "30 31 32 33" in on_socket("get", "blob", "--object_id", ident) and "0123456789012345" in on_socket(
        "get", "blob", ident
    )


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.arange(10, dtype="i2"), [["0"], ["1"], ["2"]]),
        (np.array([True, False]), [["true"], ["false"]]),
        (np.array([1.5, np.nan, -np.inf]), [["1.5"], ["nan"], ["-inf"]]),
        (np.array([0.5, 65504, -6e-8], "f2"), [["0.5"], ["65504.0"], ["-5.9604645e-08"]]),
        (np.array([1 + 2j]), [["1.0+2.0j"]]),
        (np.array(["2024-02-29T12:00:00.5", "NaT"], "M8[ms]"), [["2024-02-29 12:00:00.500"], ["NaT"]]),
        (np.array(["a", "é", "\x1b[31m"]), [["a"], ["é"], ["\\u001b[31m"]]),
        (np.arange(6, dtype="u1").reshape(2, 3), [["0", "1", "2"], ["3", "4", "5"]]),
        (np.asfortranarray(np.arange(6, dtype="u1").reshape(2, 3)), [["0", "1", "2"], ["3", "4", "5"]]),
        (
            np.asfortranarray(np.arange(24, dtype="u1").reshape(2, 3, 4)),
            [["0", "1", "2", "3", "4", "5", "6", "7"], None],
        ),
        (np.arange(100, dtype="i4").reshape(2, 50), [["0", "1", "2", "3", "4", "5", "6", "7"], None]),
        (np.zeros((0, 3)), []),
    ],
)
def test_the_head_of_an_array_is_what_numpy_has(on_socket, client, value, expected):
    ident = client.put(value)
    (tree,) = on_socket.json("get", "object", repr(ident), "--head", "3").values()
    head = tree["vineyardctl_summary"]["head"]["rows"]
    assert len(head) == min(3, len(value))
    for row, wanted in zip(head, expected):
        if wanted is not None:
            assert row == wanted


def test_the_head_of_a_frame_has_its_columns_beside_the_index(program, client):
    ident = client.put(FRAME)
    (tree,) = program.json("get", "object", repr(ident), "--head", "2").values()
    head = tree["vineyardctl_summary"]["head"]
    assert head["columns"][:3] == ["", "a", "b"]
    assert [row[:3] for row in head["rows"]] == [["0", "1", "1.5"], ["1", "2", "nan"]]
    table = program("get", "object", repr(ident), "--head", "2")
    assert "\nPART " in table and "\n    a  b" in table.replace("   a  b", "    a  b", 1)


def test_the_head_of_an_arrow_table_has_names_and_missing_values(on_socket, client):
    table = pa.table({"n": pa.array([1, None, 3], pa.int64()), "t": ["x", None, "zz"], "b": [True, None, False]})
    ident = client.put(table)
    (tree,) = on_socket.json("get", "object", repr(ident), "--head", "5").values()
    summary = tree["vineyardctl_summary"]
    assert summary["kind"] == "table" and summary["shape"] == [3, 3]
    assert summary["head"]["columns"] == ["n", "t", "b"]
    assert summary["head"]["rows"] == [["1", "x", "true"], ["null", "null", "null"], ["3", "zz", "false"]]


def test_a_pickle_is_shown_as_such_and_never_run(on_socket, client):
    for value, words in [({"a": 1}, "a dictionary"), (pytest.ExitCode, "a pickle")]:
        ident = client.put(value)
        told = on_socket("get", "object", repr(ident), "--head", "5")
        assert words in told and "runs code of who wrote it" in told


def test_a_look_reads_little_of_a_large_array(on_socket, store, client):
    ident = client.put(np.arange(8 << 20, dtype="i8"), persist=True, name="large")
    client.put(np.arange(8 << 20, dtype="i8").reshape(-1, 1 << 20), persist=True, name="wide")
    on_socket("get", "object", repr(ident), "--head", "1000")
    on_socket("get", "object", "wide", "--head", "5")


def test_names_are_listed_given_and_taken(program, client):
    ident = client.put(np.arange(3))
    assert "leads to" in program("names", "put", "model", repr(ident))
    assert program("get", "name", "model", "-o", "name").strip() == repr(ident)
    assert program("ls", "names", "-o", "name").split() == ["model"]
    assert rows(program("ls", "names")) == [["model", repr(ident), "array"]]
    program("names", "drop", "model")
    assert program("ls", "names", "-o", "name") == ""
    assert "there is no name 'model'" in program("get", "name", "model", status=4)


def test_what_is_put_is_what_python_gets(program, client, tmp_path):
    program("put", "--value", "grüß", "--name", "text")
    assert client.get(name="text") == "grüß"
    (tmp_path / "file").write_bytes(bytes(range(256)))
    program("put", "--file", tmp_path / "file", "--name", "file")
    assert bytes(client.get(name="file")) == bytes(range(256))
    ident = program("put", "--value", "hello").strip()
    assert bytes(client.get_blob(vineyard.ObjectID(ident))) == b"hello"
    assert "nothing to store is given" in program("put", status=2)


def test_what_is_removed_is_gone_with_its_names(on_socket, client, usage_returns_to):
    client.put(FRAME, persist=True, name="frame")
    on_socket("rm", "frame")
    assert on_socket("ls", "objects", "--all", "-o", "name") == "" and list(client.list_names("*")) == []
    usage_returns_to(0)
    assert "there is no object 'frame'" in on_socket("rm", "frame", status=4)


def test_a_part_of_another_object_is_refused(on_socket, client):
    ident = client.put((np.arange(3), np.arange(4)))
    part = repr(client.get_meta(ident)["__elements_-0"].id)
    assert "is still there: another object has it as a part (hint: " in on_socket("rm", part, status=1)
    on_socket("rm", part, "--force")
    assert not client.exists(ident)


def test_a_volume_is_looked_into(program, client, volume):
    volume.connect().put(np.arange(4), persist=True, name="x")
    client.put(np.arange(5), persist=True, name="x")
    by_volume = {row["volume"]: row["id"] for row in program.json("ls", "names")}
    assert set(by_volume) == {None, "pvc-7"}
    (listed,) = program.json("ls", "objects", "--volume", "pvc-7").values()
    assert listed["vineyardctl_summary"]["claim"] == "team/data" and listed["vineyardctl_summary"]["shape"] == [4]
    error = program("get", "object", "x", status=2)
    assert "'x' is in several places" in error and "--volume" in error
    (tree,) = program.json("get", "object", "x", "--volume", "pvc-7", "--head", "9").values()
    assert tree["vineyardctl_summary"]["head"]["rows"] == [["0"], ["1"], ["2"], ["3"]]
    (record,) = program.json("ls", "volumes")
    assert (record["id"], record["claim"], record["quota"], record["names"]) == ("pvc-7", "team/data", 32 << 20, 1)
    program("put", "--value", "inside", "--name", "t", "--volume", "pvc-7")
    assert volume.connect().get(name="t") == "inside"
    program("rm", "x", "--volume", "pvc-7")
    assert client.get(name="x").sum() == 10
    assert "no volume 'pvc-8'" in program("ls", "objects", "--volume", "pvc-8", status=4)
    assert "team/data" in program("get", "volume", "pvc-7")


def test_a_volume_s_own_socket_shows_the_volume(volume):
    volume.connect().put(np.arange(4), persist=True, name="x")
    inside = Program("--ipc-socket", volume.socket)
    assert inside("ls", "names", "-o", "name").split() == ["x"]
    assert len(inside.json("ls", "objects")) == 1


def test_over_tcp_volumes_want_the_token(store, client, volume, tmp_path):
    client.put(np.arange(5), persist=True, name="outside")
    volume.connect().put(np.arange(4), persist=True, name="inside")
    stranger = Program("--rpc-socket", f"127.0.0.1:{store.rpc_port}")
    done = stranger.run("ls", "names", "-o", "name")
    assert done.stdout.split() == [b"outside"] and b"not shown: volumes are not shown: " in done.stderr
    (tmp_path / "guess").write_text("guess")
    guesser = Program(*stranger.way, "--admin-token-file", tmp_path / "guess")
    assert "is not the token of this store" in guesser("ls", "names", status=1)
    with store.wire() as wire:
        session = wire.ask("register_request", version="0.24.2")["session_id"]
        assert session == 0


def test_stores_and_instances_are_shown_as_the_original_has_them(program, store):
    (instance,) = program.json("get", "cluster-info").values()
    assert set(instance) == {"hostid", "hostname", "ipc_socket", "nodename", "rpc_endpoint", "timestamp"}
    assert instance["ipc_socket"] == store.socket
    (listed,) = program.json("ls", "instances")
    assert listed["limit"] == 256 << 20 and listed["version"] == "0.24.2"
    assert "INSTANCE ID" in program("get", "cluster-info")


def test_hostile_metadata_reaches_no_terminal_and_breaks_nothing(on_socket, store, client):
    evil = "\x1b]0;owned\x07\x9b31m\u202e" + "n" * 10_000
    fields = {"instance_id": 0, "transient": True, "global": False, "nbytes": -1}
    trees = [
        {"typename": f"vineyard::Tensor<{evil}>", "shape_": "[-1, 99999999999999999999]", "value_type_": evil},
        {"typename": "vineyard::Tensor<int64>", "shape_": "[4611686018427387904, 4611686018427387904]"},
        {"typename": "vineyard::Tensor<int64>", "shape_": "[" * 2000, "value_type_meta_": "<i8"},
        {"typename": "vineyard::DataFrame", "__values_-size": 1 << 40, "columns_": "{}", evil: evil},
        {"typename": "vineyard::Table", "num_rows_": -5, "partitions_-size": 1 << 60},
        {"typename": "vineyard::RecordBatch", "schema_": None, "__columns_-size": "x"},
        {"typename": "vineyard::NumericArray<int64>", "length_": 1 << 62, "offset_": 1 << 62},
        {"typename": "vineyard::Scalar<int>", "value_": {"id": "o0000000000000001", "typename": evil}},
        {"typename": "vineyard::Index", "vineyardctl_range_": "[0, 9223372036854775807, 4611686018427387904]"},
        {"typename": evil, "__timestamp": 1 << 70, "shape_": 17},
    ]
    with store.wire() as wire:
        idents = []
        for tree in trees:
            reply = wire.call("create_data_request", content={**fields, **tree})
            if "id" in reply:
                idents.append(f"o{reply['id']:016x}")
        assert len(idents) >= 8
        wire.ask("persist_request", id=int(idents[0][1:], 16))
        wire.ask("put_name_request", object_id=int(idents[0][1:], 16), name=evil[:4000])
    for words in [("ls", "objects", "--all"), ("ls", "metadatas"), ("ls", "names"), ("get", "object", idents[0])]:
        for form in ("table", "json", "yaml"):
            done = on_socket.run(*words, "-o", form)
            assert done.returncode == 0, done.stderr
            for control in ("\x1b", "\x07", "\x9b", "\u202e"):
                assert control not in done.stdout.decode() or (form, control) == ("yaml", "\u202e"), (words, form)
    for ident in idents:
        done = on_socket.run("get", "object", ident, "--head", "1000")
        assert done.returncode in (0, 1), done.stderr
        assert len(done.stdout) < 100_000 and done.stderr.count(b"\n") <= 1


@pytest.mark.parametrize(
    "words, status, message",
    [
        (("get", "object"), 2, "no object is given"),
        (("get", "object", "a", "--object_id", "b"), 2, "two objects are given"),
        (("get", "object", "nothing"), 4, "there is no object 'nothing'"),
        (("get", "object", "o0000000000000001"), 4, "there is no object 'o0000000000000001'"),
        (("get", "blob"), 2, "no object is given"),
        (("get", "object", "x", "--head", "1001"), 2, "invalid --head 1001"),
        (("get", "volume"), 2, "no volume is given"),
        (("get", "volume", "nothing"), 4, "there is no volume 'nothing'"),
        (("rm",), 2, "no object is given"),
        (("names", "put", "x", "nothing"), 4, "there is no object 'nothing'"),
        (("names", "drop", "nothing"), 4, "there is no name 'nothing'"),
        (("ls", "objects", "--claim", "a/b"), 2, "--claim needs a cluster"),
        (("ls", "objects", "--claim", "a"), 2, "invalid --claim 'a'"),
        (("ls", "objects", "-k", "size"), 2, "the value 'size' is invalid"),
        (("ls", "objects", "--node", "n"), 2, "--ipc-socket contradicts --node"),
        (("ls", "objects", "-o", "xml"), 2, "the value 'xml' is invalid"),
    ],
)
def test_mistakes_are_one_line(on_socket, words, status, message):
    assert message in on_socket(*words, status=status)


def test_a_store_that_is_not_there_is_one_line(tmp_path):
    assert "cannot connect to" in Program("--ipc-socket", tmp_path / "none")("ls", "objects", status=1)
    assert "Connection refused" in Program("--rpc-socket", "127.0.0.1:1")("ls", "objects", status=1)
    assert "is no address of a store" in Program("--rpc-socket", "host:port")("ls", "objects", status=2)


def test_the_steps_of_a_trial_hand_over_every_byte(store, client, volume):
    step = [daemon_command()[0], "test-step"]
    way = ["--directory", str(volume.directory), "--size", "1Mi"]
    refused = subprocess.run([*step, "read", *way], capture_output=True, text=True)
    assert refused.returncode == 4 and "the other step has written nothing" in refused.stderr
    for what in ("write", "read"):
        done = subprocess.run([*step, what, *way], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["bytes"] == 1 << 20 and result["nanoseconds"] > 0 and result["passNanoseconds"] > 0
    assert len(volume.connect().get(name="vineyardctl-test")) == 1 << 17
    full = subprocess.run([*step, "write", *way[:2], "--size", "64Mi"], capture_output=True, text=True)
    assert full.returncode == 1 and "volume 'pvc-7'" in full.stderr and full.stderr.count("\n") == 1


def test_top_prints_once_where_there_is_no_terminal(on_socket, client, volume):
    volume.connect().put(np.zeros(1 << 20, "u1"), persist=True, name="large")
    client.put(np.zeros(1 << 10, "u1"))
    told = on_socket("top")
    assert told.splitlines()[0].split()[:3] == ["STORE", "NODE", "USED"] and "1 MiB" in told
    top = on_socket.json("top", "--rows", "1")
    assert [entry["names"] for entry in top["objects"]] == [["large"]] and top["volumes"][0]["id"] == "pvc-7"
