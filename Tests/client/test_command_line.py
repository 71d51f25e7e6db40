"""The daemon's own flags in every gflags spelling, and what it says when they are wrong."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from daemon import Daemon, daemon_command, free_port, run_daemon
from waiting import PATIENCE

MIB = 1 << 20


def memory_limit(daemon):
    with daemon.wire() as wire:
        return wire.ask("instance_status_request")["meta"]["memory_limit"]


def one_line(text):
    """The text, if it is a single line."""
    assert text.endswith("\n") and text.count("\n") == 1, f"not one line:\n{text}"
    return text.strip()


@pytest.fixture
def daemon_with(request):
    """Starts a daemon whose flags are given as they are, besides socket, metadata and port."""
    daemons = []

    def start(*flags, rpc=True):
        daemon = Daemon(rpc=rpc)
        size = daemon.flags.index("--size")
        del daemon.flags[size : size + 2]
        daemon.flags += flags
        daemons.append(daemon)
        return daemon.start()

    yield start
    for daemon in daemons:
        daemon.stop()
        daemon.discard()


@pytest.mark.parametrize(
    "spelling",
    [["-size=64M"], ["--size=64M"], ["-size", "64M"], ["--size", "64M"]],
    ids=" ".join,
)
def test_given_one_or_two_dashes_with_or_without_equals_when_started_then_the_flag_counts(daemon_with, spelling):
    assert memory_limit(daemon_with(*spelling)) == 64 * MIB


def test_given_a_store_with_a_size_when_one_without_comes_then_it_takes_the_rest(daemon_with):
    """Given a store of 64M on a large machine, when one without a size comes, then it has more than half of the memory."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    available = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))

    daemon_with("--size=64M")

    assert memory_limit(daemon_with()) > available // 2


def test_given_no_size_when_two_stores_run_then_they_do_not_promise_the_same_bytes(daemon_with):
    """Given a store that takes what the machine has, when a second comes, then it takes what is left; a killed one's
    bytes can be promised again."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    total = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemTotal:"))

    first, second = daemon_with(), daemon_with()

    assert memory_limit(first) + memory_limit(second) < total
    assert "left for objects; --size shares the memory out" in second.stderr
    first.process.kill()
    first.process.wait()
    assert memory_limit(daemon_with()) > memory_limit(second)
    first.start()


@pytest.mark.parametrize(
    "text, limit",
    [
        ("64M", 64 * MIB),
        ("64MB", 64 * MIB),
        ("64Mi", 64 * MIB),
        ("64m", 64 * MIB),
        ("65536k", 64 * MIB),
        ("0.0625G", 64 * MIB),
        ("1.5Mi", 1572864),
        ("1000000", 1000000),
        ("2097152B", 2097152),
    ],
)
def test_given_a_size_in_any_unit_when_started_then_units_are_powers_of_1024(daemon_with, text, limit):
    assert memory_limit(daemon_with("--size", text)) == limit


@pytest.mark.parametrize("spelling", ["--norpc", "-norpc", "--rpc=false", "-rpc=false"])
def test_given_rpc_turned_off_when_started_then_no_port_is_advertised(daemon_with, spelling):
    with daemon_with("--size=64M", spelling, rpc=False).wire() as wire:
        assert wire.registration["rpc_endpoint"] == "0.0.0.0:0"


@pytest.mark.parametrize("spelling", ["--rpc", "--rpc=true"])
def test_given_rpc_turned_on_when_started_then_the_port_answers(daemon_with, spelling):
    with daemon_with("--size=64M", spelling).wire_rpc() as wire:
        assert wire.exists(1) is False


def test_given_a_flag_twice_when_started_then_the_last_counts(daemon_with):
    assert memory_limit(daemon_with("--size=32M", "--size=64M")) == 64 * MIB


def test_given_every_flag_of_the_reference_when_started_then_it_is_understood(daemon_with, tmp_path):
    daemon = daemon_with(
        "--size=64M", "--deployment=local", "--allocator=dlmalloc", "--reserve_memory=false",
        "--stream_threshold=80", "--spill_path=", "--spill_lower_rate=0.3", "--spill_upper_rate=0.8",
        "--compression=false", "--nosync_crds", "--prometheus=false", "--nometrics", "--nocoredump",
        "--meta_timeout=60", "--skip_launch_etcd", "--etcd_endpoint=http://127.0.0.1:2379",
        "--etcd_prefix=vineyard", "--etcd_cmd=", "--etcd_data_dir=", "--rdma_endpoint=", "--htpasswd=",
        "--v=0", "--logtostderr=true", f"--log_dir={tmp_path}", "--minloglevel=0",
    )  # fmt: skip
    assert memory_limit(daemon) == 64 * MIB


def test_given_deployment_distributed_when_asked_then_it_is_echoed(daemon_with):
    with daemon_with("--size=64M", "--deployment=distributed").wire() as wire:
        assert wire.ask("instance_status_request")["meta"]["deployment"] == "distributed"


def test_given_version_when_run_then_the_first_line_is_the_originals():
    done = run_daemon("--version")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "vineyardd version 0.24.2"


def test_given_help_when_run_then_the_flags_are_listed():
    done = run_daemon("--help")
    for flag in ("socket", "size", "meta", "rpc_socket_port", "spill_path"):
        assert flag in done.stdout


@pytest.mark.beyond_original
def test_given_an_unknown_flag_when_run_then_exit_2_and_one_line_that_names_it():
    done = run_daemon("--meta", "local", "--no_such_flag=1")
    assert done.returncode == 2
    assert "no_such_flag" in one_line(done.stderr)
    assert done.stdout == ""


@pytest.mark.beyond_original
@pytest.mark.parametrize(
    "flags",
    [
        ["--size", "-5"],
        ["--size=1k"],
        ["--admin_token_file", "/nonexistent/token"],
        ["--htpasswd", "/nonexistent/htpasswd"],
        ["--rpc_host", "no.address"],
        ["--metrics_host", "no.address"],
        ["--size", "nonsense"],
        ["--rpc_socket_port", "http"],
        ["--rpc=perhaps"],
    ],
    ids=" ".join,
)
def test_given_a_value_of_the_wrong_kind_when_run_then_it_is_refused_in_one_line(flags, tmp_path):
    done = run_daemon("--meta", "local", "--socket", str(tmp_path / "s"), *flags)
    assert done.returncode == 2
    assert flags[0].strip("-").split("=")[0] in one_line(done.stderr)


@pytest.mark.beyond_original
def test_given_no_host_when_started_outside_of_kubernetes_then_only_this_machine_can_connect(daemon_with):
    metrics = free_port()
    daemon = daemon_with("--size=16M", f"--metrics_port={metrics}")
    assert listening_addresses(daemon.pid) == {("127.0.0.1", daemon.rpc_port), ("127.0.0.1", metrics)}


@pytest.mark.beyond_original
def test_given_hosts_when_started_then_it_listens_there(daemon_with):
    metrics = free_port()
    daemon = daemon_with("--size=16M", "--rpc_host=127.0.0.1", "--metrics_host=127.0.0.2", f"--metrics_port={metrics}")
    assert listening_addresses(daemon.pid) == {("127.0.0.1", daemon.rpc_port), ("127.0.0.2", metrics)}


@pytest.mark.beyond_original
def test_given_a_pod_when_started_then_everybody_can_connect():
    metrics = free_port()
    daemon = Daemon(size="16M", flags=[f"--metrics_port={metrics}"])
    daemon.environment["KUBERNETES_SERVICE_HOST"] = "10.96.0.1"
    try:
        daemon.start()
        everywhere = {"0.0.0.0", "::"}
        assert {(host in everywhere, port) for host, port in listening_addresses(daemon.pid)} == {
            (True, daemon.rpc_port),
            (True, metrics),
        }
        daemon.stop()
    finally:
        daemon.discard()


def listening_addresses(pid):
    """The TCP addresses and ports this process listens on."""
    inodes = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                host, port = fields[1].rsplit(":", 1)
                # Each group of eight digits is a word in the machine's byte order.
                words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def listening_ports(pid):
    """The TCP ports this process listens on."""
    inodes = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].rsplit(":")[-1], 16))
    return ports


def test_given_no_metrics_port_when_started_then_only_the_rpc_port_is_open(start_daemon):
    daemon = start_daemon()
    assert listening_ports(daemon.pid) == {daemon.rpc_port}
    without_rpc = start_daemon(rpc=False)
    assert listening_ports(without_rpc.pid) == set()


def refused_backend(backend, directory):
    """Runs the daemon with a metadata backend it cannot serve; returns status and the line it says."""
    done = run_daemon("--meta", backend, "--socket", str(directory / "s"), "--size", "16M", "--norpc")
    return done.returncode, one_line(done.stderr)


@pytest.mark.beyond_original
@pytest.mark.parametrize("backend", ["redis", "nonsense"])
def test_given_an_unknown_metadata_backend_when_run_then_one_line_names_it(backend, tmp_path):
    status, line = refused_backend(backend, tmp_path)
    assert status != 0
    assert backend in line


def test_given_a_link_named_vineyardd_when_called_by_it_then_it_is_the_daemon(tmp_path):
    link = tmp_path / "vineyardd"
    link.symlink_to(os.path.realpath(daemon_command()[0]))
    done = run_daemon("--version", executable=str(link))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "vineyardd version 0.24.2"


def test_given_a_link_named_vineyardd_when_started_by_it_then_it_serves(tmp_path):
    link = tmp_path / "vineyardd"
    link.symlink_to(os.path.realpath(daemon_command()[0]))
    daemon = Daemon(size="64M", command=[str(link)])
    try:
        daemon.start()
        assert memory_limit(daemon) == 64 * MIB
        daemon.stop()
    finally:
        daemon.discard()


def test_given_a_flag_file_when_started_then_its_flags_count(daemon_with, tmp_path):
    flag_file = tmp_path / "flags"
    flag_file.write_text("# a comment\n--size=64M\n--deployment=distributed\n")
    assert memory_limit(daemon_with(f"--flagfile={flag_file}")) == 64 * MIB


def test_given_a_running_daemon_when_watched_then_stdout_stays_empty(daemon_with):
    daemon = daemon_with("--size=64M")
    with daemon.wire() as wire:
        wire.new_object()
    assert (daemon.directory / "stdout").read_text() == ""


@pytest.mark.beyond_original
def test_given_the_executable_without_arguments_when_run_then_it_explains_itself():
    done = subprocess.run(
        [daemon_command()[0], "--help"], capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0
    assert "vineyardd" in done.stdout
