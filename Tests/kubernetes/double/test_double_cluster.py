"""Given workloads, when controllers play, then pods live as in a cluster."""

import pytest

import objects
from waiting import eventually

APPS = "/apis/apps/v1/namespaces/default"
CORE = "/api/v1/namespaces/default"


def pods(api, **query):
    return api.get(f"{CORE}/pods", **query).json["items"]


def condition(obj, kind):
    found = [entry for entry in obj.get("status", {}).get("conditions", ()) if entry["type"] == kind]
    return found[0] if found else {"status": "", "reason": "", "message": ""}


def is_available(api, name="web", kind="deployments"):
    return condition(api.get(f"{APPS}/{kind}/{name}").json, "Available")["status"] == "True"


def events(api, reason):
    return [event for event in api.get(f"{CORE}/events").json["items"] if event["reason"] == reason]


def test_given_a_deployment_when_created_then_its_pods_become_ready(api):
    api.post(f"{APPS}/deployments", objects.deployment(replicas=2))
    eventually(
        lambda: api.get(f"{APPS}/deployments/web").json["status"].get("readyReplicas") == 2, "two replicas are ready"
    )
    deployment = api.get(f"{APPS}/deployments/web").json
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"] == 1
    assert condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_given_a_new_template_when_rolled_out_then_the_old_set_is_empty(api):
    api.post(f"{APPS}/deployments", objects.deployment())
    eventually(lambda: is_available(api), "the first version is available")
    image = {"spec": {"template": {"spec": {"containers": [objects.container(image="example.com/web:2")]}}}}
    api.patch(f"{APPS}/deployments/web", image)

    def rolled():
        found = pods(api)
        return len(found) == 1 and found[0]["spec"]["containers"][0]["image"].endswith(":2")

    eventually(rolled, "only the new version runs")
    assert sorted(s["spec"]["replicas"] for s in api.get(f"{APPS}/replicasets").json["items"]) == [0, 1]


def test_given_an_image_that_cannot_be_pulled_then_the_pod_says_so(api, double):
    double.image("web", "ImagePullBackOff")
    api.post(f"{APPS}/deployments", objects.deployment())

    def reason():
        statuses = [s for pod in pods(api) for s in pod["status"].get("containerStatuses", ())]
        return statuses and statuses[0]["state"].get("waiting", {}).get("reason") == "ImagePullBackOff"

    eventually(reason, "the container waits for its image")
    assert "Failed to pull image" in events(api, "Failed")[0]["message"]
    assert not is_available(api)
    double.clear_images()
    eventually(lambda: is_available(api), "the image is there and the pod runs")


def test_given_a_crashing_image_then_the_pod_restarts_and_keeps_its_log(api, double):
    double.image("web", "CrashLoopBackOff", exitCode=3)
    double.log_text("default", "web", "panic: no\nexit\n")
    api.post(f"{APPS}/deployments", objects.deployment())

    def crashed():
        statuses = [s for pod in pods(api) for s in pod["status"].get("containerStatuses", ())]
        return statuses and statuses[0]["restartCount"] and statuses[0]

    status = eventually(crashed, "the container crashed")
    assert status["lastState"]["terminated"]["exitCode"] == 3
    name = pods(api)[0]["metadata"]["name"]
    assert api.get(f"{CORE}/pods/{name}/log", tailLines=1, previous="true").text == "exit\n"


def test_given_too_little_memory_when_scheduled_then_the_event_counts_the_nodes(api):
    body = objects.pod("big", "default", objects.container(resources={"requests": {"memory": "64Gi"}}))
    api.post(f"{CORE}/pods", body)
    found = eventually(lambda: events(api, "FailedScheduling"), "the scheduler complains")
    assert found[0]["message"].startswith("0/3 nodes are available: 3 Insufficient memory.")
    assert condition(api.get(f"{CORE}/pods/big").json, "PodScheduled")["reason"] == "Unschedulable"


def test_given_anti_affinity_and_taints_when_scheduled_then_each_node_gets_one(api, double):
    double.node("node-3", "taint", key="dedicated", value="gpu")
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    api.post(f"{APPS}/deployments", objects.deployment(replicas=3, pod_spec={"affinity": apart}))
    message = eventually(lambda: events(api, "FailedScheduling"), "the third pod finds no node")[0]["message"]
    assert "1 node(s) had untolerated taint" in message
    assert "2 node(s) didn't match pod anti-affinity rules" in message
    double.node("node-3", "untaint", key="dedicated")
    eventually(lambda: len({pod["spec"].get("nodeName") for pod in pods(api)} - {None}) == 3, "every node has one")


def test_given_a_daemon_set_when_nodes_come_and_go_then_pods_follow(api, double):
    api.post(f"{APPS}/daemonsets", objects.workload("DaemonSet", "agent"))
    eventually(
        lambda: api.get(f"{APPS}/daemonsets/agent").json["status"].get("numberReady") == 3, "three nodes have it"
    )
    double.node("node-4", "add")
    eventually(
        lambda: api.get(f"{APPS}/daemonsets/agent").json["status"].get("numberReady") == 4, "the new node has it"
    )


def test_given_a_stateful_set_when_created_then_pods_come_in_order_with_claims(api):
    api.post("/apis/storage.k8s.io/v1/csidrivers", {"metadata": {"name": "csi.example.org"}, "spec": {}})
    api.post("/apis/storage.k8s.io/v1/storageclasses", {"metadata": {"name": "fast"}, "provisioner": "csi.example.org"})
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}
    body = objects.workload(
        "StatefulSet",
        "db",
        serviceName="db",
        replicas=2,
        volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": spec}],
    )
    api.post(f"{APPS}/statefulsets", body)
    eventually(lambda: api.get(f"{APPS}/statefulsets/db").json["status"].get("readyReplicas") == 2, "both are ready")
    assert [pod["metadata"]["name"] for pod in pods(api)] == ["db-0", "db-1"]
    claims = api.get(f"{CORE}/persistentvolumeclaims").json["items"]
    assert [(c["metadata"]["name"], c["status"]["phase"]) for c in claims] == [
        ("data-db-0", "Bound"),
        ("data-db-1", "Bound"),
    ]


def test_given_a_claim_that_waits_when_a_pod_uses_it_then_it_is_bound_and_later_reclaimed(api):
    api.post("/apis/storage.k8s.io/v1/csidrivers", {"metadata": {"name": "csi.example.org"}, "spec": {}})
    body = {"metadata": {"name": "late"}, "provisioner": "csi.example.org", "volumeBindingMode": "WaitForFirstConsumer"}
    api.post("/apis/storage.k8s.io/v1/storageclasses", body)
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "late", "resources": {"requests": {"storage": "1Gi"}}}
    api.post(f"{CORE}/persistentvolumeclaims", {"metadata": {"name": "c"}, "spec": spec})
    eventually(lambda: events(api, "WaitForFirstConsumer"), "the claim waits")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    api.post(f"{CORE}/pods", objects.pod(volumes=volumes))
    eventually(lambda: condition(api.get(f"{CORE}/pods/one").json, "Ready")["status"] == "True", "the pod runs")
    api.delete(f"{CORE}/persistentvolumeclaims/c")
    assert api.get(f"{CORE}/persistentvolumeclaims/c").json["metadata"]["finalizers"] == [
        "kubernetes.io/pvc-protection"
    ]
    api.delete(f"{CORE}/pods/one")
    eventually(lambda: not api.get("/api/v1/persistentvolumes").json["items"], "the volume is reclaimed")


@pytest.mark.double_only(reason="needs a kubelet that mounts volumes")
def test_given_a_missing_config_map_when_mounted_then_the_pod_waits_for_it(api):
    volumes = [{"name": "v", "configMap": {"name": "settings"}}]
    api.post(f"{CORE}/pods", objects.pod(volumes=volumes))
    message = eventually(lambda: events(api, "FailedMount"), "the mount fails")[0]["message"]
    assert message == 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found'
    api.post(f"{CORE}/configmaps", objects.config_map())
    eventually(lambda: condition(api.get(f"{CORE}/pods/one").json, "Ready")["status"] == "True", "the pod runs")


def test_given_a_service_when_its_pods_are_ready_then_endpoints_list_them(api):
    api.post(f"{CORE}/services", objects.service())
    api.post(f"{APPS}/deployments", objects.deployment(replicas=2))

    def addresses():
        subsets = api.get(f"{CORE}/endpoints/web").json.get("subsets") or [{}]
        return len(subsets[0].get("addresses", ())) == 2

    eventually(addresses, "both pods are endpoints")


@pytest.mark.double_only(reason="what happens without endpoints depends on the network around the server")
def test_given_a_webhook_without_endpoints_when_objects_are_created_then_its_policy_decides(api):
    def webhook(name, policy, resource):
        service = {"name": "hook", "namespace": "default", "path": "/check"}
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": [resource]}
        hook = {
            "name": f"{name}.example.org",
            "clientConfig": {"service": service},
            "rules": [rule],
            "failurePolicy": policy,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        return api.post(path, {"metadata": {"name": name}, "webhooks": [hook]})

    assert webhook("fail", "Fail", "configmaps").status == 201
    assert webhook("ignore", "Ignore", "secrets").status == 201
    api.post(f"{CORE}/services", objects.service("hook", port=443))
    refused = api.post(f"{CORE}/configmaps", objects.config_map())
    assert refused.status == 500
    assert refused.json["message"] == (
        'Internal error occurred: failed calling webhook "fail.example.org": failed to call webhook: '
        'Post "https://hook.default.svc:443/check?timeout=10s": no endpoints available for service "hook"'
    )
    assert api.post(f"{CORE}/secrets", {"metadata": {"name": "s"}}).status == 201
    api.post(f"{APPS}/deployments", objects.deployment("hook"))
    eventually(lambda: api.post(f"{CORE}/configmaps", objects.config_map()).status == 201, "the webhook is served")


def test_given_no_controllers_when_started_so_then_deployments_make_no_pods(start_double):
    client = start_double("--no-controllers").client
    client.post(f"{APPS}/deployments", objects.deployment())
    assert client.get(f"{APPS}/replicasets").json["items"] == []
