"""A genuine etcd for tests, on free loopback ports, with a directory of its own."""

import base64
import contextlib
import datetime
import ipaddress
import json
import shutil
import signal
import ssl
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from daemon import end_with_parent, free_port
from waiting import eventually


def missing_etcd():
    """Fails a test where there is no etcd."""
    if shutil.which("etcd") is None:
        pytest.fail("no etcd: scripts/test installs etcd-server")


class Etcd:
    """One member; with a directory for certificates it takes only clients with one of them."""

    def __init__(self, certificates=None, address="127.0.0.1", flags=()):
        self.directory = Path(tempfile.mkdtemp(prefix="etcd-test-"))
        self.client, self.peer = (f"http://{address}:{free_port()}" for _ in range(2))
        self.more_flags = list(flags)
        self.certificates = certificates
        self.process = None
        if certificates:
            self.client = self.client.replace("http", "https")
            issue_certificates(certificates)

    def start(self):
        (self.directory / "log").unlink(missing_ok=True)
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/etcd", "--data-dir", self.directory / "data"]
                + ["--listen-client-urls", self.client, "--advertise-client-urls", self.client]
                + ["--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer]
                + ["--initial-cluster", f"default={self.peer}"]
                + self._certificate_flags()
                + self.more_flags,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        eventually(
            lambda: "ready to serve client requests" in (self.directory / "log").read_text(), "etcd serves clients"
        )
        return self

    def _certificate_flags(self):
        if not self.certificates:
            return []
        names = {"--cert-file": "server.crt", "--key-file": "server.key", "--trusted-ca-file": "ca.crt"}
        return ["--client-cert-auth", *(f"{flag}={self.certificates / name}" for flag, name in names.items())]

    def flags(self, prefix="test"):
        """What a daemon is started with to keep its metadata here."""
        return ["--meta", "etcd", "--etcd_endpoint", self.client, "--etcd_prefix", prefix]

    def delete_prefix(self, prefix):
        """Deletes all keys that begin with a text, over the JSON gateway."""
        start, end = (
            base64.b64encode(text.encode()).decode() for text in (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        )
        body = json.dumps({"key": start, "range_end": end}).encode()
        with urllib.request.urlopen(f"{self.client}/v3/kv/deleterange", body) as reply:
            assert int(json.load(reply).get("deleted", 0)) > 0, f"no key begins with {prefix}"

    @contextlib.contextmanager
    def hung(self):
        """It takes connections and requests, and answers nothing until the end."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        eventually(
            lambda: all(") T " in (task / "stat").read_text() for task in tasks.iterdir()), "every thread has stopped"
        )
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    # What a test does behind the stores' backs, over the HTTP gateway

    def call(self, path, **body):
        request = urllib.request.Request(f"{self.client}/v3/{path}", json.dumps(body).encode())
        context = None
        if self.certificates:
            context = ssl.create_default_context(cafile=self.certificates / "ca.crt")
            context.load_cert_chain(self.certificates / "client.crt", self.certificates / "client.key")
        with urllib.request.urlopen(request, timeout=10, context=context) as reply:
            return json.load(reply)

    def all_keys(self):
        """All keys."""
        pairs = self.call("kv/range", key=_encoded("\0"), range_end=_encoded("\0"), keys_only=True).get("kvs", [])
        return [base64.b64decode(pair["key"]).decode() for pair in pairs]

    def revision(self, key):
        """When a key was changed last."""
        return int(self.call("kv/range", key=_encoded(key))["kvs"][0]["mod_revision"])

    def sent_events(self):
        """How many events it has told those who watch."""
        with urllib.request.urlopen(f"{self.client}/metrics") as reply:
            lines = reply.read().decode().splitlines()
        return sum(float(line.split()[1]) for line in lines if line.startswith("etcd_debugging_mvcc_events_total "))

    def put(self, key, value):
        self.call("kv/put", key=_encoded(key), value=_encoded(value))

    def delete(self, key):
        self.call("kv/deleterange", key=_encoded(key))

    def revoke_leases(self):
        for lease in self.call("lease/leases").get("leases", []):
            self.call("lease/revoke", ID=lease["ID"])

    def require_password(self, password):
        """Lets in only the user root from now on; the gateway takes no certificates with names then."""
        self.call("auth/user/add", name="root", password=password)
        self.call("auth/role/add", name="root")
        self.call("auth/user/grant", user="root", role="root")
        self.call("auth/enable")

    def wipe(self):
        """Kills it and loses everything it knew."""
        self.kill()
        shutil.rmtree(self.directory / "data")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def discard(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def _encoded(text):
    return base64.b64encode(text.encode()).decode()


def issue_certificates(directory):
    """Writes an authority, and certificates of it for a server on 127.0.0.1 and for a client."""
    now = datetime.datetime.now(datetime.UTC)
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    authority = ec.generate_private_key(ec.SECP256R1())
    for role in ["ca", "server", "client"]:
        key = authority if role == "ca" else ec.generate_private_key(ec.SECP256R1())
        subject = issuer if role == "ca" else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, role)])
        certificate = (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=role == "ca", path_length=None), critical=True)
        )
        if role != "ca":
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            certificate = certificate.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        signed = certificate.sign(authority, hashes.SHA256())
        (directory / f"{role}.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        if role != "ca":
            text = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (directory / f"{role}.key").write_bytes(text)
