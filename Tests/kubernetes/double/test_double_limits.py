"""What a namespace lets pods ask for, and what controllers say when it refuses them."""

import pytest

from apiserver.client import Client
from waiting import eventually

CORE = "/api/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"


def pod(name="p", **resources):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
    }


def make(api, path, obj, status=201):
    reply = api.post(path, obj)
    assert reply.status == status, reply.text
    return reply.json


def quota(api, **hard):
    make(
        api,
        f"{CORE}/resourcequotas",
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": hard}},
    )


def limit(api, **limits):
    make(
        api,
        f"{CORE}/limitranges",
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "bounds"},
            "spec": {"limits": [{"type": "Container", **limits}]},
        },
    )


def test_a_quota_counts_the_pods_that_have_not_ended(api):
    quota(api, **{"pods": "1", "requests.memory": "1Gi"})
    make(api, f"{CORE}/pods", pod("one", requests={"memory": "512Mi"}))

    refused = make(api, f"{CORE}/pods", pod("two", requests={"memory": "768Mi"}), status=403)

    assert refused["message"] == (
        'pods "two" is forbidden: exceeded quota: team, requested: pods=1,requests.memory=768Mi, '
        "used: pods=1,requests.memory=512Mi, limited: pods=1,requests.memory=1Gi"
    )


def test_a_quota_demands_what_it_counts(api):
    quota(api, **{"limits.cpu": "4"})

    refused = make(api, f"{CORE}/pods", pod(), status=403)

    assert refused["message"] == 'pods "p" is forbidden: failed quota: team: must specify limits.cpu for: c'


def test_limits_give_defaults_and_bounds(api):
    limit(api, max={"memory": "1Gi"}, default={"memory": "512Mi"})

    made = make(api, f"{CORE}/pods", pod())
    refused = make(api, f"{CORE}/pods", pod("large", limits={"memory": "2Gi"}), status=403)

    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"memory": "512Mi"},
        "requests": {"memory": "512Mi"},
    }
    assert refused["message"] == (
        'pods "large" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
    )


@pytest.mark.parametrize(
    "kind, plural, spec, words",
    [
        ("DaemonSet", "daemonsets", {}, "Error creating: pods "),
        (
            "StatefulSet",
            "statefulsets",
            {"serviceName": "s", "replicas": 1},
            "create Pod s-0 in StatefulSet s failed error: pods ",
        ),
        ("ReplicaSet", "replicasets", {"replicas": 1}, "Error creating: pods "),
    ],
)
def test_controllers_tell_of_refused_pods_in_events(api, kind, plural, spec, words):
    quota(api, pods="0")
    template = {"metadata": {"labels": {"app": "s"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    make(
        api,
        f"{APPS}/{plural}",
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "s"},
            "spec": {"selector": {"matchLabels": {"app": "s"}}, "template": template, **spec},
        },
    )

    def found():
        events = api.get(f"{CORE}/events", fieldSelector=f"involvedObject.kind={kind},reason=FailedCreate").json[
            "items"
        ]
        return events and events[0]["message"]

    message = eventually(found, "the event")
    assert message.startswith(words) and "exceeded quota: team" in message
    api.delete(f"{CORE}/resourcequotas/team")
    eventually(lambda: api.get(f"{CORE}/pods", labelSelector="app=s").json["items"], "the pods are made")


def test_a_request_for_a_namespace_counts_as_made_in_it(double, api):
    double.token("reader", "jane")
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    make(
        api,
        f"{rbac}/roles",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "look"},
            "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}],
        },
    )
    make(
        api,
        f"{rbac}/rolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "look"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
            "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}],
        },
    )

    jane = Client(double.server, double.directory, "reader")

    assert jane.get("/api/v1/namespaces/default").status == 200
    refused = jane.get("/api/v1/namespaces/kube-system")
    assert refused.status == 403 and 'in the namespace "kube-system"' in refused.json["message"]


def test_a_pod_that_has_ended_keeps_its_claim(double, api):
    double.image("short", "Succeed")
    claims = f"{CORE}/persistentvolumeclaims"
    make(
        api,
        claims,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "",
                "volumeName": "volume",
            },
        },
    )
    make(
        api,
        "/api/v1/persistentvolumes",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "volume"},
            "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}},
        },
    )
    make(
        api,
        f"{CORE}/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "short"}],
                "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
            },
        },
    )
    eventually(lambda: api.get(f"{CORE}/pods/p").json["status"].get("phase") == "Succeeded", "it has ended")

    api.delete(f"{claims}/data")

    assert api.get(f"{claims}/data").json["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    api.delete(f"{CORE}/pods/p")
    eventually(lambda: api.get(f"{claims}/data").status == 404, "the claim is gone")
