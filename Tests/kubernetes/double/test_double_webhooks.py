"""Given an admission webhook that a test really serves, when objects are written, then its word counts."""

import base64
import http.server
import json
import ssl
import threading

import pytest

import objects
from apiserver.certificates import Authority

CORE = "/api/v1/namespaces/default"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
PATCH = [{"op": "add", "path": "/data/added", "value": "by the webhook"}]


class Hook(http.server.BaseHTTPRequestHandler):
    """Denies what is called `denied` and adds a key to everything else."""

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        answer = {"uid": request["uid"], "allowed": request["name"] != "denied"}
        if answer["allowed"]:
            answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(PATCH).encode()).decode()}
        else:
            answer["status"] = {"message": "not this one"}
        body = json.dumps({**review, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def hook(double, api, tmp_path):
    """A registered webhook; yields its authority's bundle."""
    if not double.controllable:
        pytest.skip("needs a webhook that is called from the moment it is there")
    authority = Authority("webhook")
    pair = authority.server(("hook.default.svc",))
    (tmp_path / "crt").write_bytes(pair.certificate)
    (tmp_path / "key").write_bytes(pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        double.webhook("maps.example.org", f"https://127.0.0.1:{server.server_address[1]}")
        api.post(f"{CORE}/services", objects.service("hook", port=443) | {"spec": {"ports": [{"port": 443}]}})
        address = {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 443}]}
        api.post(f"{CORE}/endpoints", {"metadata": {"name": "hook"}, "subsets": [address]})
        yield base64.b64encode(authority.pair.certificate).decode()
        server.shutdown()


def register(api, bundle, **more):
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    webhook = {
        "name": "maps.example.org",
        "clientConfig": {"service": {"name": "hook", "namespace": "default", "path": "/mutate"}, "caBundle": bundle},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **more,
    }
    assert api.post(CONFIGURATIONS, {"metadata": {"name": "maps"}, "webhooks": [webhook]}).status == 201


def test_given_a_patch_when_created_then_the_object_is_changed(api, hook):
    register(api, hook)
    reply = api.post(f"{CORE}/configmaps", objects.config_map(a="1"))
    assert reply.json["data"] == {"a": "1", "added": "by the webhook"}


def test_given_a_denial_when_created_then_403_carries_its_message(api, hook):
    register(api, hook)
    reply = api.post(f"{CORE}/configmaps", objects.config_map("denied"))
    assert reply.status == 403
    assert reply.json["message"] == 'admission webhook "maps.example.org" denied the request: not this one'


def test_given_a_bundle_of_another_authority_when_created_then_the_call_fails(api, hook):
    register(api, base64.b64encode(Authority("other").pair.certificate).decode())
    reply = api.post(f"{CORE}/configmaps", objects.config_map())
    assert reply.status == 500 and 'failed calling webhook "maps.example.org"' in reply.json["message"]


def test_given_another_namespace_when_selected_away_then_the_webhook_is_not_asked(api, hook):
    register(api, hook, namespaceSelector={"matchLabels": {"watched": "yes"}})
    assert api.post(f"{CORE}/configmaps", objects.config_map(a="1")).json["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "conditions",
    [
        [{"name": "not a name", "expression": "true"}],
        [{"name": "empty", "expression": " "}],
        [{"name": "open", "expression": "has(object.spec"}],
        [{"name": "twice", "expression": "true"}, {"name": "twice", "expression": "true"}],
    ],
)
def test_given_match_conditions_that_make_no_sense_when_registered_then_they_are_refused(api, conditions):
    webhook = {
        "name": "maps.example.org",
        "clientConfig": {"url": "https://127.0.0.1/mutate"},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "matchConditions": conditions,
    }
    reply = api.post(CONFIGURATIONS, {"metadata": {"name": "maps"}, "webhooks": [webhook]})
    assert reply.status == 422 and "matchConditions" in reply.json["message"]
