"""Given certificates that change while resources are written, then not one write is refused."""

import base64
import contextlib
import threading

import pytest
from cryptography import x509

from deployments import SYSTEM, VINEYARDDS
from endpoints import wait_until_ready
from operated import MUTATING, NAME, SECRET, cluster, refused
from waiting import eventually


class Writer(threading.Thread):
    """Changes a cluster again and again, and keeps every answer that is not 200."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api = api
        self.count, self.refusals = 0, []
        self._ended = threading.Event()

    def run(self):
        while not self._ended.is_set():
            self.count += 1
            reply = self.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": self.count % 2}})
            if reply.status != 200:
                self.refusals.append(reply.json["message"])

    def end(self):
        self._ended.set()
        self.join(30)


@contextlib.contextmanager
def writing(managers):
    """Writes go on meanwhile, each answered by the webhook; none may be refused."""
    assert managers.api.post(VINEYARDDS, cluster(replicas=0)).status == 201
    writer = Writer(type(managers.api)(managers.double.server, managers.double.directory))
    writer.start()
    try:
        eventually(lambda: writer.count > 3, "resources are written")
        yield writer
        before = writer.count
        eventually(lambda: writer.count > before + 3, "resources are still written")
    finally:
        writer.end()
    assert writer.refusals == []


def certificates(managers, key, secret=None):
    """The certificates in the Secret as it is, or was, newest first."""
    text = (secret or managers.api.get(SECRET).json).get("data", {}).get(key, "")
    return x509.load_pem_x509_certificates(base64.b64decode(text)) if text else []


def bundles(managers):
    """The trusted authorities of each webhook."""
    hooks = managers.api.get(MUTATING).json["webhooks"]
    return [x509.load_pem_x509_certificates(base64.b64decode(hook["clientConfig"]["caBundle"])) for hook in hooks]


def start(managers, *flags):
    manager = managers.start("manager-1", *flags, certificates=True)
    webhook = managers.start_webhook()
    wait_until_ready(manager)
    wait_until_ready(webhook)
    refused(managers.api)
    return manager, webhook


def test_given_short_lives_when_authorities_and_certificates_expire_then_nobody_notices(managers):
    _, webhook = start(managers, "--webhook-cert-lifetime=9s", "--webhook-authority-lifetime=27s")
    (first,) = certificates(managers, "ca.crt")

    with writing(managers):
        secret = eventually(
            lambda: len(certificates(managers, "ca.crt", now := managers.api.get(SECRET).json)) == 2 and now,
            "another authority",
        )
        both = certificates(managers, "ca.crt", secret)
        assert both[1] == first, "the old one is trusted beside it"
        # In the same Secret: a second later the new one has signed.
        (leaf,) = certificates(managers, "tls.crt", secret)
        leaf.verify_directly_issued_by(first)
        eventually(lambda: first not in certificates(managers, "ca.crt"), "the old authority has expired", patience=60)

    (leaf,) = certificates(managers, "tls.crt")
    leaf.verify_directly_issued_by(both[0])
    eventually(lambda: all(first not in bundle for bundle in bundles(managers)), "nobody trusts it any more")
    assert webhook.process.poll() is None, "without a restart"


def test_given_a_secret_that_is_deleted_then_there_is_another_and_nobody_notices(managers):
    start(managers)
    (first,) = certificates(managers, "ca.crt")
    old = (managers.certificates / "tls.crt").read_text()

    with writing(managers):
        assert managers.api.delete(SECRET).status == 200
        eventually(lambda: first not in (certificates(managers, "ca.crt") or [first]), "there is another authority")
        eventually(lambda: (managers.certificates / "tls.crt").read_text() != old, "the webhook has the certificate")
        assert all(first in bundle for bundle in bundles(managers)), "a replica may still serve the old one"


def test_given_another_leader_then_it_goes_on_with_what_there_is(managers, tmp_path):
    manager, _ = start(managers)
    other = tmp_path / "other"
    second = managers.start("manager-2", f"--webhook-cert-dir={other}", certificates=True)
    wait_until_ready(second)
    before = managers.api.get(SECRET).json

    with writing(managers):
        manager.stop()
        second.says("leading as")
        wait_until_ready(second)

    assert managers.api.get(SECRET).json == before
    assert (other / "tls.key").read_text() == (managers.certificates / "tls.key").read_text()


def test_given_the_names_in_the_certificate_then_they_are_those_of_the_services(managers):
    start(managers)
    (leaf,) = certificates(managers, "tls.crt")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {
        f"{name}.vineyard-system.svc"
        for name in ("vineyard-webhook-service", "vineyard-controller-manager-metrics-service")
    } == set(names.get_values_for_type(x509.DNSName))
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 365


@pytest.mark.parametrize("data", [{"ca.key": "bm9uc2Vuc2U="}, {"tls.key": ""}])
def test_given_keys_that_somebody_spoils_then_there_are_new_ones_and_nobody_notices(managers, data):
    start(managers)
    old = managers.api.get(SECRET).json["data"]

    with writing(managers):
        assert managers.api.patch(SECRET, {"data": data}).status == 200
        eventually(
            lambda: managers.api.get(SECRET).json["data"].get("tls.crt") not in (old["tls.crt"], None),
            "there is another certificate",
        )

    kept = managers.api.get(SECRET).json["data"]["ca.crt"] == old["ca.crt"]
    assert kept == ("tls.key" in data), "an authority that can sign is kept"


@pytest.mark.double_only(reason="needs faults")
def test_given_an_api_server_that_is_away_then_the_certificate_is_renewed_when_it_is_back(managers):
    manager, _ = start(managers, "--webhook-cert-lifetime=9s")
    old = managers.api.get(SECRET).json["data"]["tls.crt"]

    managers.double.fault("status", path="/secrets", method="PATCH", code=503, times=3, reason="ServiceUnavailable")

    eventually(lambda: managers.api.get(SECRET).json["data"]["tls.crt"] != old, "there is another certificate")
    assert manager.process.poll() is None


def test_given_a_write_without_an_effect_then_the_user_is_warned(managers):
    start(managers)
    reply = managers.api.post(VINEYARDDS, cluster(metric={"image": "grok:1"}, replicas=0))
    assert reply.status == 201
    assert any("spec.metric.image" in warning for warning in reply.warnings)
    assert managers.api.get(f"{SYSTEM}/secrets").status == 200
