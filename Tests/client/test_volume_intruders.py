"""Root in a pod whose runtime made the mount writable: nothing it puts there reaches beyond its volume."""

import contextlib
import ctypes
import json
import os
import shutil
import threading

import pytest

from volumes import Volume
from wire import map_file

pytestmark = pytest.mark.beyond_original
RENAME_EXCHANGE = 2


@pytest.fixture
def daemon(start_daemon):
    return start_daemon(size="64M", rpc=False)


@pytest.fixture
def evil(daemon):
    return Volume(daemon, "evil", quota=1 << 20)


@pytest.fixture
def victim(daemon):
    return Volume(daemon, "victim")


class Exchanger:
    """Exchanges two names as fast as it can."""

    def __init__(self, *paths):
        self.paths = [os.fsencode(path) for path in paths]
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        libc = ctypes.CDLL(None)
        while not self.ends.is_set():
            libc.renameat2(-100, self.paths[0], -100, self.paths[1], RENAME_EXCHANGE)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def test_given_a_link_that_comes_and_goes_when_the_volume_is_mended_then_no_other_volumes_socket_is_replaced(
    daemon, evil, victim
):
    os.symlink("../victim", evil.directory / "link")
    before = os.stat(victim.socket).st_ino
    with Exchanger(evil.directory / "read-only", evil.directory / "link"), daemon.wire() as main:
        for _ in range(2000):
            for path in (evil.socket, evil.read_only):
                if not os.path.islink(evil.directory / "read-only"):
                    with contextlib.suppress(OSError):
                        os.unlink(path)
            main.ask("inspect_volume_request", id="evil")
            assert os.stat(victim.socket).st_ino == before
    with victim.wire() as client:
        assert client.registration["ipc_socket"] == victim.socket


def test_given_a_document_where_the_pod_may_write_when_the_store_is_restarted_then_nobody_believes_it(daemon, evil):
    with daemon.wire() as main:
        secret = main.new_object()
        main.ask("persist_request", id=secret)
        main.ask("put_name_request", object_id=secret, name="secret of the store")
    (evil.directory / "volume.json").write_text(
        json.dumps({"id": "evil", "scope": "cluster", "quota": 0, "created": 1, "frozen": False, "written": False})
    )
    daemon.kill()
    daemon.start()
    assert (evil.record["scope"], evil.record["quota"]) == ("volume", 1 << 20)
    with daemon.wire() as main, evil.wire() as client:
        ident = main.new_object()
        main.ask("persist_request", id=ident)
        main.ask("put_name_request", object_id=ident, name="secret of the store")
        assert client.ask("list_name_request", pattern="*", regex=False, limit=9)["names"] in (None, {})
        assert client.ask("instance_status_request")["meta"]["memory_limit"] == 1 << 20


@pytest.mark.parametrize("target", ["../victim", "../.."])
def test_given_a_link_in_the_directory_when_the_volume_is_deleted_then_only_its_own_files_go(
    daemon, evil, victim, target
):
    shutil.rmtree(evil.directory / "read-only")
    os.symlink(target, evil.directory / "read-only")
    assert evil.delete()
    assert not evil.directory.exists()
    assert os.path.exists(victim.socket) and os.path.exists(daemon.socket)
    victim.wire().close()
    daemon.wire().close()


def test_given_a_fifo_where_a_document_was_kept_when_written_and_restarted_then_nobody_waits(daemon, evil):
    for name in ("volume.json", ".volume.json.new"):
        os.mkfifo(evil.directory / name)
    with evil.wire() as writer, daemon.wire() as other:
        writer.new_object()
        assert other.ask("instance_status_request")["type"] == "instance_status_reply"
    daemon.kill()
    daemon.start()
    assert evil.record["quota"] == 1 << 20
    assert evil.delete() and not evil.directory.exists()


def test_given_a_reader_that_is_root_when_it_opens_the_memory_again_then_not_for_writing(daemon):
    """By way of /proc, as any process may with its own descriptors."""
    volume = Volume(daemon, "frozen")
    with volume.wire() as writer, volume.wire(read_only=True) as reader:
        blob = writer.put_blob(b"genuine")
        payload = reader.ask("get_buffers_request", ids=[blob], num=1)["0"]
        descriptor = reader.receive_file()
        if "read-only volumes: root" in daemon.stderr:
            pytest.skip("this machine does not let the store mount a tmpfs")
        for flags in (os.O_RDWR, os.O_WRONLY):
            with pytest.raises(OSError, match="Read-only file system"):
                os.open(f"/proc/self/fd/{descriptor}", flags)
        with pytest.raises(OSError, match=r"Bad file descriptor|Invalid argument"):
            os.truncate(descriptor, 0)
        start = payload["data_offset"]
        with map_file(payload, descriptor) as memory:
            assert memory[start : start + 7] == b"genuine"
