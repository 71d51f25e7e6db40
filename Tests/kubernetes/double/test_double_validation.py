"""Given built-in kinds, when they break a rule, then 422 names the field."""

import pytest

import objects

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CORE = "/api/v1/namespaces/default"


def with_container(**more):
    return objects.deployment(pod_spec=None) | {
        "spec": objects.deployment()["spec"] | {"template": objects.template({"app": "web"}, objects.container(**more))}
    }


@pytest.mark.parametrize(
    "container, message",
    [
        ({"image": ""}, "containers[0].image: Required value"),
        ({"name": "A_b"}, "a lowercase RFC 1123 label must consist of"),
        ({"volumeMounts": [{"name": "no", "mountPath": "/a"}]}, 'volumeMounts[0].name: Not found: "no"'),
        ({"ports": [{"containerPort": 70000}]}, "must be between 1 and 65535, inclusive"),
        ({"ports": [{"containerPort": 1, "name": "much-too-long-name"}]}, "must be no more than 15 characters"),
        ({"env": [{"name": "a=b"}]}, "a valid environment variable name"),
        (
            {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
            "must be less than or equal to cpu limit of 1",
        ),
        ({"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}, "HugePages require cpu or memory"),
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        (
            {"livenessProbe": {"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}},
            "may not specify more than 1 handler type",
        ),
    ],
)
def test_given_a_container_that_breaks_a_rule_when_created_then_422(api, container, message):
    reply = api.post(DEPLOYMENTS, with_container(**container))
    assert reply.status == 422 and message in reply.json["message"]


@pytest.mark.parametrize(
    "spec, message",
    [
        ({"selector": {"matchLabels": {"x": "y"}}}, "`selector` does not match template `labels`"),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
            "may not be specified when strategy `type` is 'Recreate'",
        ),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}, "may not be 0 when `maxSurge` is 0"),
        ({"replicas": -1}, "must be greater than or equal to 0"),
        (
            {"pod_spec": {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}},
            "may not specify more than 1 volume type",
        ),
        ({"pod_spec": {"restartPolicy": "Never"}}, 'supported values: "Always"'),
        ({"pod_spec": {"tolerations": [{"operator": "Exists", "value": "x", "key": "k"}]}}, "value must be empty"),
    ],
)
def test_given_a_deployment_that_breaks_a_rule_when_created_then_422(api, spec, message):
    reply = api.post(DEPLOYMENTS, objects.deployment(**spec))
    assert reply.status == 422 and message in reply.json["message"]


def test_given_a_bad_quantity_when_created_then_400(api):
    reply = api.post(DEPLOYMENTS, with_container(resources={"requests": {"memory": "lots"}}))
    assert reply.status == 400 and "quantities must match the regular expression" in reply.json["message"]


def test_given_a_selector_when_changed_then_it_is_immutable(api):
    api.post(DEPLOYMENTS, objects.deployment())
    reply = api.patch(
        f"{DEPLOYMENTS}/web",
        {"spec": {"selector": {"matchLabels": {"b": "c"}}, "template": {"metadata": {"labels": {"b": "c"}}}}},
    )
    assert reply.status == 422 and "field is immutable" in reply.json["message"]


def test_given_a_manifest_when_created_then_defaults_and_canonical_quantities_come_back(api):
    spec = api.post(DEPLOYMENTS, with_container(resources={"limits": {"memory": "1024Mi", "cpu": "0.5"}})).json["spec"]
    assert (spec["replicas"], spec["progressDeadlineSeconds"], spec["revisionHistoryLimit"]) == (1, 600, 10)
    container = spec["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["resources"]["limits"] == {"memory": "1Gi", "cpu": "500m"}
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


@pytest.mark.parametrize(
    "path, body, change, message",
    [
        (
            "/apis/storage.k8s.io/v1/storageclasses",
            {"metadata": {"name": "fast"}, "provisioner": "example.org/p"},
            {"provisioner": "example.org/q"},
            "provisioner: ",
        ),
        (
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            {"metadata": {"name": "high"}, "value": 5},
            {"value": 6},
            "may not be changed in an update",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "a"}},
            {"roleRef": {"name": "c"}},
            "cannot change roleRef",
        ),
        (f"{CORE}/services", objects.service(), {"spec": {"clusterIP": "10.96.7.7"}}, "may not change once set"),
        (
            f"{CORE}/persistentvolumeclaims",
            {
                "metadata": {"name": "c"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "x",
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            },
            {"spec": {"accessModes": ["ReadWriteMany"]}},
            "spec is immutable after creation",
        ),
    ],
)
def test_given_an_immutable_field_when_changed_then_422(api, path, body, change, message):
    made = api.post(path, body)
    assert made.status == 201, made.text
    reply = api.patch(f"{path}/{made.json['metadata']['name']}", change)
    assert reply.status == 422 and message in reply.json["message"]


def test_given_each_published_version_when_started_then_a_deployment_is_accepted(start_double):
    for version in ("1.25", "1.28", "1.33", "1.37"):
        double = start_double("--kubernetes-version", version)
        assert double.client.get("/version").json["minor"] == version.split(".")[1]
        assert double.client.post(DEPLOYMENTS, objects.deployment()).status == 201


def test_given_a_missing_namespace_when_created_then_404(api):
    reply = api.post("/api/v1/namespaces/nowhere/configmaps", objects.config_map(namespace="nowhere"))
    assert reply.json["message"] == 'namespaces "nowhere" not found'


def test_given_no_validation_when_started_so_then_rules_are_not_checked(start_double):
    client = start_double("--no-validate", "--no-controllers").client
    assert client.post(DEPLOYMENTS, objects.deployment(replicas=-1)).status == 201


def test_containers_of_a_stateful_set_mount_the_claims_it_makes(api):
    claims = [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ]
    mounting = objects.container(volumeMounts=[{"name": "data", "mountPath": "/data"}])
    made = objects.workload("StatefulSet", serviceName="web", volumeClaimTemplates=claims)
    made["spec"]["template"]["spec"]["containers"] = [mounting]

    assert api.post("/apis/apps/v1/namespaces/default/statefulsets", made).status == 201


@pytest.mark.parametrize(
    "rule, message",
    [
        ({"from": [{}]}, "spec.ingress[0].from[0]: Required value: must specify a peer"),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]},
            "may not specify both ipBlock and another peer",
        ),
        ({"from": [{"podSelector": {"matchLabels": {"a b": "c"}}}]}, "spec.ingress[0].from[0].podSelector.matchLabels"),
        ({"ports": [{"port": 0}]}, "spec.ingress[0].ports[0].port: Invalid value: 0"),
        ({"ports": [{"port": "Etcd_"}]}, "must contain only alpha-numeric characters"),
        ({"ports": [{"port": 1, "protocol": "ICMP"}]}, "spec.ingress[0].ports[0].protocol: Unsupported value"),
    ],
)
def test_given_a_network_policy_that_breaks_a_rule_when_created_then_422(api, rule, message):
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "doors"},
        "spec": {"podSelector": {}, "ingress": [rule]},
    }
    reply = api.post("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", policy)
    assert reply.status == 422 and message in reply.json["message"]
