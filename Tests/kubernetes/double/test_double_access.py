"""Given users and rules, when they ask, then authentication and authorization answer."""

import base64

import pytest

from apiserver.client import Client
from waiting import eventually

PODS = "/api/v1/namespaces/default/pods"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def test_given_an_unknown_token_when_asked_then_401(double):
    reply = Client(double.server, double.directory, "wrong").get(PODS)
    assert (reply.status, reply.json["reason"]) == (401, "Unauthorized")


def test_given_a_token_when_revoked_or_expired_then_401(double):
    double.token("mine", "me", ("system:masters",))
    client = Client(double.server, double.directory, "mine")
    assert client.get(PODS).status == 200
    double.revoke("mine")
    assert client.get(PODS).status == 401
    double.token("short", "me", ("system:masters",), seconds=0.2)
    short = Client(double.server, double.directory, "short")
    eventually(lambda: short.get(PODS).status == 401, "the token expires")


def test_given_a_password_when_sent_then_it_proves_the_user(double, api):
    double.password("me", "secret", ("system:masters",))
    encoded = base64.b64encode(b"me:secret").decode()
    assert api.send("GET", PODS, headers={"Authorization": f"Basic {encoded}"}).status == 200
    assert double.requests()[-1]["user"] == "me"


def test_given_a_user_without_rules_when_asked_then_403_says_what_is_missing(double):
    double.token("weak", "jane")
    reply = Client(double.server, double.directory, "weak").get(PODS)
    assert reply.status == 403
    assert reply.json["message"] == (
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"'
    )


def test_given_a_denial_when_an_administrator_asks_then_403(double, api):
    double.deny(verb="create", resource="deployments", group="apps")
    reply = api.post("/apis/apps/v1/namespaces/default/deployments", {})
    assert reply.status == 403 and 'cannot create resource "deployments" in API group "apps"' in reply.json["message"]
    review = {
        "spec": {
            "resourceAttributes": {"verb": "create", "group": "apps", "resource": "deployments", "namespace": "default"}
        }
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert api.post(path, review).json["status"]["allowed"] is False
    double.allow_all()
    assert api.post(path, review).json["status"]["allowed"] is True


def test_given_a_role_and_binding_when_the_service_account_asks_then_only_that_is_allowed(double, api):
    core = "/api/v1/namespaces/default"
    api.post(f"{core}/serviceaccounts", {"metadata": {"name": "robot"}})
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    api.post(f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": "default"}
    reference = {"kind": "Role", "name": "reader"}
    api.post(
        f"{RBAC}/namespaces/default/rolebindings",
        {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [subject]},
    )
    token = api.post(f"{core}/serviceaccounts/robot/token", {"spec": {}}).json["status"]["token"]
    robot = Client(double.server, double.directory, token)
    assert robot.get(PODS).status == 200
    assert robot.get("/api/v1/namespaces/kube-system/pods").status == 403
    assert robot.get("/api/v1/nodes").status == 403
    assert robot.get("/version").status == 200


def test_given_impersonation_when_asked_then_the_other_user_is_checked_and_recorded(double, api):
    assert api.send("GET", PODS, headers={"Impersonate-User": "jane"}).status == 403
    record = double.requests()[-1]
    assert (record["user"], record["impersonator"], record["status"]) == ("jane", "kubernetes-admin", 403)


def test_given_a_right_to_one_name_when_lists_select_it_then_they_are_allowed(double, api):
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["list", "watch"]}
    rbac = f"{RBAC}/namespaces/default"
    api.post(f"{rbac}/roles", {"metadata": {"name": "one"}, "rules": [rule]})
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "one", "apiGroup": "rbac.authorization.k8s.io"}
    api.post(f"{rbac}/rolebindings", {"metadata": {"name": "one"}, "roleRef": role, "subjects": [subject]})
    double.token("of-reader", "reader")
    reader, secrets = Client(double.server, double.directory, "of-reader"), "/api/v1/namespaces/default/secrets"

    assert reader.get(secrets, fieldSelector="metadata.name=mine").status == 200
    assert reader.get(secrets, fieldSelector="metadata.name!=mine").status == 403
    assert reader.get(secrets).status == 403


def test_given_a_right_to_a_path_when_reviewed_then_it_counts(double, api):
    rule = {"nonResourceURLs": ["/metrics", "/debug/*"], "verbs": ["get"]}
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "scrape"}, "rules": [rule]})
    subject = {"kind": "Group", "name": "scrapers", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "scrape", "apiGroup": "rbac.authorization.k8s.io"}
    api.post(f"{RBAC}/clusterrolebindings", {"metadata": {"name": "scrape"}, "roleRef": role, "subjects": [subject]})

    def may(verb, path, groups):
        spec = {"user": "p", "groups": groups, "nonResourceAttributes": {"verb": verb, "path": path}}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        return api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", body).json["status"]["allowed"]

    assert may("get", "/metrics", ["scrapers"]) and may("get", "/debug/x", ["scrapers"])
    assert not may("post", "/metrics", ["scrapers"])
    assert not may("get", "/metrics/x", ["scrapers"])
    assert not may("get", "/metrics", ["others"])


@pytest.fixture
def clerk(double, api):
    """Somebody who may make roles and bindings, list pods, and look at one secret."""
    core = "/api/v1/namespaces/default"
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]},
        {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["roles", "rolebindings"],
            "verbs": ["create", "get", "patch"],
        },
    ]
    api.post(f"{core}/serviceaccounts", {"metadata": {"name": "clerk"}})
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "clerk"}, "rules": rules})
    body = {
        "metadata": {"name": "clerk"},
        "roleRef": {"kind": "ClusterRole", "name": "clerk"},
        "subjects": [{"kind": "ServiceAccount", "name": "clerk", "namespace": "default"}],
    }
    api.post(f"{RBAC}/clusterrolebindings", body)
    token = api.post(f"{core}/serviceaccounts/clerk/token", {"spec": {}}).json["status"]["token"]
    return Client(double.server, double.directory, token)


def test_given_rights_when_granted_by_one_who_lacks_some_then_these_are_named(clerk):
    roles = f"{RBAC}/namespaces/default/roles"
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete", "create"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine", "yours"], "verbs": ["get"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get"]},
    ]

    reply = clerk.post(roles, {"metadata": {"name": "much"}, "rules": rules})

    assert (reply.status, reply.json["reason"]) == (403, "Forbidden")
    first, *missing = reply.json["message"].splitlines()
    assert first.startswith(
        'roles.rbac.authorization.k8s.io "much" is forbidden: user "system:serviceaccount:default:clerk"'
    )
    assert first.endswith("is attempting to grant RBAC permissions not currently held:")
    assert missing == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["yours"], Verbs:["get"]}',
        '{APIGroups:["apps"], Resources:["deployments/scale"], Verbs:["get"]}',
    ]


def test_given_rights_that_one_has_when_granted_then_the_role_is_made_and_cannot_grow(clerk):
    roles = f"{RBAC}/namespaces/default/roles"
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]}

    assert clerk.post(roles, {"metadata": {"name": "little"}, "rules": [rule]}).status == 201

    assert clerk.patch(f"{roles}/little", {"metadata": {"labels": {"a": "b"}}}).status == 200
    assert clerk.patch(f"{roles}/little", {"rules": [rule | {"resourceNames": None}]}).status == 403


def test_given_a_role_when_bound_by_one_who_lacks_its_rights_then_it_is_refused_unless_binding_is_a_right(api, clerk):
    namespaced = f"{RBAC}/namespaces/default"
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}
    api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "nodes"}, "rules": [rule]})

    def bind(role):
        reference = {"kind": "ClusterRole", "name": role}
        return clerk.post(f"{namespaced}/rolebindings", {"metadata": {"generateName": "b"}, "roleRef": reference})

    assert bind("clerk").status == 201
    assert 'Resources:["nodes"], Verbs:["get"]' in bind("nodes").json["message"]
    assert bind("none").status == 404
    rules = api.get(f"{RBAC}/clusterroles/clerk").json["rules"]
    group = "rbac.authorization.k8s.io"
    rules.append({"apiGroups": [group], "resources": ["clusterroles"], "resourceNames": ["nodes"], "verbs": ["bind"]})
    assert api.patch(f"{RBAC}/clusterroles/clerk", {"rules": rules}).status == 200
    eventually(lambda: bind("nodes").status == 201, "the right is known")
