"""Given a namespace that restricts pods, when pods and workloads come, then they are refused or warned about."""

import pytest

import objects
from waiting import eventually

CORE = "/api/v1/namespaces/tight"
RESTRICTED_PLAIN = (
    'violates PodSecurity "restricted:latest": '
    'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)
CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SHARED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.fixture
def restrict(api):
    """Makes the namespace with some labels."""

    def make(**modes):
        labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in modes.items()}
        assert api.post("/api/v1/namespaces", {"metadata": {"name": "tight", "labels": labels}}).status == 201
        eventually(lambda: api.get(f"{CORE}/serviceaccounts/default").status == 200, "the namespace is ready")

    return make


def test_given_restricted_when_a_plain_pod_is_created_then_each_lack_is_named(api, restrict):
    restrict(enforce="restricted")
    reply = api.post(f"{CORE}/pods", objects.pod("one", "tight"))
    assert reply.status == 403
    assert reply.json["message"] == f'pods "one" is forbidden: {RESTRICTED_PLAIN}'


def test_given_restricted_when_a_pod_is_confined_then_it_is_accepted(api, restrict):
    restrict(enforce="restricted")
    pod = objects.pod("one", "tight", objects.container(securityContext=CONFINED), securityContext=SHARED)
    assert api.post(f"{CORE}/pods", pod).status == 201


def test_given_restricted_when_a_pod_uses_the_node_as_root_then_volumes_and_user_are_named(api, restrict):
    restrict(enforce="restricted")
    volumes = [{"name": "a", "hostPath": {"path": "/a"}}, {"name": "b", "hostPath": {"path": "/b"}}]
    container = objects.container(securityContext={**CONFINED, "runAsUser": 0})
    reply = api.post(f"{CORE}/pods", objects.pod("one", "tight", container, volumes=volumes, securityContext=SHARED))
    assert reply.json["message"].endswith(
        'restricted volume types (volumes "a", "b" use restricted volume type "hostPath"), '
        'runAsUser=0 (container "web" must not set runAsUser=0)'
    )


def test_given_baseline_when_a_pod_is_privileged_then_all_that_it_takes_is_named(api, restrict):
    restrict(enforce="baseline")
    context = {"privileged": True, "capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN"]}}
    container = objects.container(securityContext=context, ports=[{"containerPort": 80, "hostPort": 80}])
    volumes = [{"name": "a", "hostPath": {"path": "/a"}}]
    reply = api.post(f"{CORE}/pods", objects.pod("one", "tight", container, volumes=volumes, hostNetwork=True))
    assert reply.json["message"] == (
        'pods "one" is forbidden: violates PodSecurity "baseline:latest": '
        'non-default capabilities (container "web" must not include "NET_ADMIN", "SYS_ADMIN" in '
        "securityContext.capabilities.add), host namespaces (hostNetwork=true), "
        'hostPath volumes (volume "a"), hostPort (container "web" uses hostPort 80), '
        'privileged (container "web" must not set securityContext.privileged=true)'
    )


def test_given_a_warning_level_when_a_workload_is_created_then_the_warning_says_so(api, restrict):
    restrict(warn="restricted")
    reply = api.post("/apis/apps/v1/namespaces/tight/deployments", objects.deployment(namespace="tight"))
    assert reply.status == 201
    assert reply.warnings == [RESTRICTED_PLAIN.replace("violates", "would violate", 1)]


def test_given_restricted_when_a_deployment_makes_no_pods_then_its_condition_says_why(api, restrict):
    restrict(enforce="restricted")
    deployments = "/apis/apps/v1/namespaces/tight/deployments"
    made = api.post(deployments, objects.deployment(namespace="tight"))
    assert made.warnings == [RESTRICTED_PLAIN.replace("violates", "would violate", 1)]

    def failure():
        conditions = api.get(f"{deployments}/web").json["status"].get("conditions", ())
        return [entry for entry in conditions if entry["type"] == "ReplicaFailure"]

    found = eventually(failure, "the Deployment says what hinders it")[0]
    assert (found["status"], found["reason"]) == ("True", "FailedCreate")
    assert found["message"].endswith(f"is forbidden: {RESTRICTED_PLAIN}")
