"""The disk below the sockets is full: what is stored does not depend on it."""

import signal
import subprocess

import pytest

from daemon import Daemon
from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a file system of its own, with room for little; skipped where nothing can be mounted."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mounting = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", directory], capture_output=True)
    if mounting.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield directory
    subprocess.run(["umount", "--lazy", directory], check=True)


def fill(directory):
    """Leaves no byte free."""
    with open(directory / "ballast", "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass


def test_given_a_full_disk_when_a_volume_is_written_first_then_the_client_notices_nothing(small_disk):
    daemon = Daemon(size="16M", rpc=False, socket_path=small_disk / "vineyard.sock")
    try:
        daemon.start()
        volume = Volume(daemon, "data")
        fill(small_disk)
        with volume.wire() as wire:
            ident = wire.new_object()
            assert wire.exists(ident)
        eventually(lambda: "it is tried again" in daemon.stderr, "the log says so")
        (small_disk / "ballast").unlink()
        # A restarted store tells what it lost, which it knows from the document.
        eventually(lambda: '"written":true' in documents(small_disk), "the document is written late")
        daemon.kill()
        daemon.start()
        assert volume.record
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(timeout=20) == 0
    finally:
        daemon.discard()


def documents(directory):
    return "".join(path.read_text() for path in directory.rglob("*.json"))
