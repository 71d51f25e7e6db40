"""A network of hosts on one machine: namespaces with an address each, on a bridge, whose cables can be pulled."""

import contextlib
import os
import subprocess

from daemon import Daemon, daemon_command, end_with_parent
from waiting import eventually
from wire import WireClient


class Network:
    """A bridge and hosts at it; needs root and iproute2. The tests themselves are at `address`."""

    def __init__(self):
        self.bridge = f"nem{os.getpid()}"
        self.address = "198.18.7.1"
        self.hosts = []
        ip("link", "add", self.bridge, "type", "bridge")
        ip("link", "set", self.bridge, "up")
        ip("address", "add", f"{self.address}/24", "dev", self.bridge)

    def host(self):
        self.hosts.append(Host(self, len(self.hosts) + 2))
        return self.hosts[-1]

    def discard(self):
        for host in self.hosts:
            ip("link", "delete", host.cable)
            host.keeper.kill()
            host.keeper.wait()
        ip("link", "delete", self.bridge)


class Host:
    """A network namespace; a process that sleeps keeps it."""

    def __init__(self, network, number):
        self.address = f"198.18.7.{number}"
        self.cable = f"{network.bridge}h{number}"
        self.keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], preexec_fn=end_with_parent)
        here = os.readlink("/proc/self/ns/net")
        eventually(lambda: os.readlink(f"/proc/{self.keeper.pid}/ns/net") != here, "the host has a network")
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", str(self.keeper.pid))
        ip("link", "set", self.cable, "master", network.bridge, "up")
        self.ip("address", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")
        self.ip("link", "set", "lo", "up")

    @property
    def inside(self):
        """The words that run a command there."""
        return ["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net", "--"]

    def ip(self, *words):
        subprocess.run([*self.inside, "ip", *words], check=True)

    @contextlib.contextmanager
    def unplugged(self):
        """Nothing arrives from there, and nothing gets there."""
        ip("link", "set", self.cable, "nomaster")
        try:
            yield
        finally:
            ip("link", "set", self.cable, "master", self.cable.rpartition("h")[0])

    @contextlib.contextmanager
    def unheard_by(self, other):
        """What this host sends to another one is lost; both reach everybody else."""
        # An address of hardware that nobody has: unlike a missing route, no error tells the sender.
        self.ip("neighbour", "replace", other.address, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")
        try:
            yield
        finally:
            self.ip("neighbour", "delete", other.address, "dev", "eth0")


class HostDaemon(Daemon):
    """A store on a host of its own; its clients, on a node the pods of that node, come through its socket."""

    def __init__(self, host, **options):
        super().__init__(command=[*host.inside, *daemon_command(), "--rpc_host", host.address], **options)
        self.host = host
        self.environment["MY_HOST_NAME"] = host.address

    def accepts(self):
        assert self.process.poll() is None, f"the daemon exited with {self.process.returncode}:\n{self.stderr}"
        try:
            with WireClient(self.socket) as connection:
                connection.call("register_request")
        except (ConnectionError, FileNotFoundError):
            return False
        return True


def ip(*words):
    subprocess.run(["ip", *words], check=True)
