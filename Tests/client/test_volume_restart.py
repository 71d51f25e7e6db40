"""Volumes outlive their store: stopped, killed, or killed in the middle of opening and deleting."""

import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest
import vineyard

from daemon import daemon_command
from peer import Peer, PeerError
from volumes import Volume
from wire import WireClient

pytestmark = pytest.mark.beyond_original
MIB = 1 << 20


@pytest.fixture
def daemon(start_daemon):
    return start_daemon(size="64M", rpc=False)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_given_a_volume_when_the_store_is_started_again_then_the_same_directory_works_and_tells_of_the_loss(
    daemon, how
):
    volume = Volume(daemon, "v", quota=8 * MIB, on_delete="retain", attributes={"claim": "data"})
    volume.connect().put(np.zeros(MIB, "u1"), persist=True, name="n")
    # A pod has the directory mounted: it keeps the inode, not the path.
    mounted = os.open(volume.directory, os.O_RDONLY)
    before = volume.record
    getattr(daemon, how)()
    daemon.start()
    after = volume.record
    assert after["condition"]["abnormal"] and "lost" in after["condition"]["message"]
    for key in ("id", "kind", "scope", "on_delete", "ephemeral", "quota", "created", "source", "attributes"):
        assert after[key] == before[key]
    assert after["used"] == after["objects"] == after["names"] == 0
    client = vineyard.connect(f"/proc/self/fd/{mounted}/vineyard.sock")
    assert after["lost_contents_at"] > before["created"]
    with pytest.raises(vineyard.ObjectNotExistsException, match="failed to find name: n; the store restarted at 20"):
        client.get(name="n")
    client.put(1, persist=True, name="n")
    assert not volume.record["condition"]["abnormal"]
    os.close(mounted)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_given_names_outside_of_volumes_when_the_store_is_started_again_then_whoever_misses_one_is_told(daemon, how):
    with Peer(daemon.socket) as program:
        with pytest.raises(PeerError) as miss:
            program.run("client.get(name='model')")
        assert "restarted" not in str(miss.value)
        program.run("ident = client.put(np.arange(10), persist=True, name='model')")
    getattr(daemon, how)()
    daemon.start()
    lost = pytest.raises(PeerError, match="failed to find name: model; the store restarted at 20")
    with Peer(daemon.socket) as program, lost:
        program.run("client.get(name='model')")


def test_given_a_step_that_starts_while_the_store_is_down_when_the_store_comes_back_then_it_works(daemon):
    volume = Volume(daemon, "v")
    daemon.stop()
    with Peer() as step:
        step.run("del os.environ['VINEYARD_IPC_SKIP_RETRY']")
        step.begin("vineyard.csi.write([1], path)", path=volume.path("x"))
        daemon.start()
        assert step.answer() is None
    assert volume.record["names"] == 1


def test_given_a_restarted_store_when_a_volume_is_opened_again_then_it_is_the_same(daemon):
    volume = Volume(daemon, "v", quota=MIB)
    daemon.kill()
    daemon.start()
    assert Volume(daemon, "v", quota=MIB).opened["created"] == volume.opened["created"]
    with daemon.wire() as main:
        code, message = main.refused("open_volume_request", id="v", quota=2 * MIB)
        assert code == 11 and "quota" in message


def test_given_kill_9_at_any_moment_of_opening_and_deleting_when_started_again_then_each_volume_is_whole_or_gone(
    daemon,
):
    random.seed(7)
    directory = Path(daemon.socket).parent / "volumes"
    for round_ in range(15):
        certain, uncertain = churn(daemon, f"r{round_}", random.uniform(0.005, 0.12))
        daemon.start()
        with daemon.wire() as main:
            ids = {volume["id"] for volume in main.ask("list_volumes_request")["volumes"]}
            assert certain <= ids <= certain | uncertain
            assert names(directory) == ids
            for ident in ids:
                assert sorted(os.listdir(directory / ident)) == ["read-only", "vineyard.sock"]
                for path in ("vineyard.sock", "read-only/vineyard.sock"):
                    WireClient(directory / ident / path).register().close()
                main.ask("delete_volume_request", id=ident)
        assert names(directory) == set() == set(os.listdir(directory / "~documents"))


def names(directory):
    """The volumes that have a directory."""
    return {entry.name for entry in directory.iterdir() if not entry.name.startswith("~")}


def churn(daemon, prefix, seconds):
    """Opens, changes and deletes volumes until the store is killed after some time.

    Returns the ids of the volumes that must be there, and of those a request was under way for.
    """
    certain, uncertain = set(), set()
    timer = threading.Timer(seconds, daemon.process.kill)
    with daemon.wire() as main:
        timer.start()
        try:
            for number in range(100_000):
                ident = f"{prefix}-{number}"
                uncertain.add(ident)
                main.ask("open_volume_request", id=ident, quota=1024)
                certain.add(ident)
                main.ask("resize_volume_request", id=ident, quota=2048)
                if number % 3:
                    certain.discard(ident)
                    main.ask("delete_volume_request", id=ident)
                uncertain.discard(ident)
        except ConnectionError:
            pass
    timer.join()
    daemon.process.wait()
    return certain, uncertain


def test_given_no_descriptors_left_when_a_volume_is_opened_then_it_is_refused_and_leaves_nothing(start_daemon):
    daemon = start_daemon(size="64M", rpc=False, command=["prlimit", "--nofile=64:64", *daemon_command()])
    directory = Path(daemon.socket).parent / "volumes"
    with daemon.wire() as main:
        for number in range(64):
            reply = main.call("open_volume_request", id=f"v{number}")
            if "code" in reply:
                break
        assert reply["code"] == 4 and "Too many open files" in reply["message"]
        ids = {volume["id"] for volume in main.ask("list_volumes_request")["volumes"]}
        assert ids == {f"v{opened}" for opened in range(number)} == names(directory)
        main.ask("delete_volume_request", id="v0")
        main.ask("open_volume_request", id="again")
        with WireClient(directory / "again" / "vineyard.sock") as client:
            client.register()
