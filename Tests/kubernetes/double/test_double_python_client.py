"""Given PyPI's kubernetes client, when it does its work, then the double is a cluster to it."""

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

import objects
from waiting import eventually


@pytest.fixture
def session(double):
    with config.new_client_from_config(str(double.kubeconfig)) as found:
        yield found


def test_given_a_deployment_when_created_patched_and_deleted_then_objects_come_back(session):
    apps = client.AppsV1Api(session)
    made = apps.create_namespaced_deployment("default", objects.deployment())
    assert made.spec.replicas == 1 and made.metadata.generation == 1
    assert apps.patch_namespaced_deployment("web", "default", {"spec": {"replicas": 3}}).spec.replicas == 3
    assert apps.read_namespaced_deployment_scale("web", "default").spec.replicas == 3
    apps.delete_namespaced_deployment("web", "default", propagation_policy="Foreground")
    eventually(lambda: not apps.list_namespaced_deployment("default").items, "the deployment is gone")
    assert not client.CoreV1Api(session).list_namespaced_pod("default").items


def test_given_a_watch_when_pods_come_then_their_events_are_seen(session):
    client.AppsV1Api(session).create_namespaced_deployment("default", objects.deployment())
    core, watching = client.CoreV1Api(session), watch.Watch()
    for event in watching.stream(core.list_namespaced_pod, "default", timeout_seconds=30):
        conditions = event["object"].status.conditions or []
        if any(c.type == "Ready" and c.status == "True" for c in conditions):
            watching.stop()
            break
    else:
        raise AssertionError("no pod became ready")


def test_given_forgotten_history_when_watched_then_the_client_raises_410(session, double):
    core = client.CoreV1Api(session)
    version = core.list_namespaced_config_map("default").metadata.resource_version
    double.compact()
    with pytest.raises(ApiException) as caught:
        list(
            watch.Watch().stream(
                core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=5
            )
        )
    assert caught.value.status == 410


def test_given_two_managers_when_applied_through_the_dynamic_client_then_they_conflict(session):
    maps = dynamic.DynamicClient(session).resources.get(api_version="v1", kind="ConfigMap")
    maps.server_side_apply(body=objects.config_map(a="1"), name="settings", namespace="default", field_manager="one")
    with pytest.raises(ApiException) as caught:
        maps.server_side_apply(
            body=objects.config_map(a="2"), name="settings", namespace="default", field_manager="two"
        )
    assert caught.value.status == 409
    forced = maps.server_side_apply(
        body=objects.config_map(a="2"), name="settings", namespace="default", field_manager="two", force_conflicts=True
    )
    assert forced.data.a == "2"


def test_given_a_lease_when_two_renew_it_then_the_stale_one_loses(session):
    leases = client.CoordinationV1Api(session)
    body = client.V1Lease(
        metadata=client.V1ObjectMeta(name="leader"),
        spec=client.V1LeaseSpec(holder_identity="a", lease_duration_seconds=15),
    )
    lease = leases.create_namespaced_lease("default", body)
    lease.spec.holder_identity = "b"
    leases.replace_namespaced_lease("leader", "default", lease)
    with pytest.raises(ApiException) as caught:
        leases.replace_namespaced_lease("leader", "default", lease)
    assert caught.value.status == 409


def test_given_a_custom_resource_when_used_then_the_custom_objects_api_works(session):
    client.ApiextensionsV1Api(session).create_custom_resource_definition(
        objects.definition(schema={"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}})
    )
    custom = client.CustomObjectsApi(session)
    place = ("example.org", "v1", "default", "things")

    def served():
        try:
            return custom.list_namespaced_custom_object(*place)
        except ApiException:
            return None

    eventually(served, "the resource is served")
    custom.create_namespaced_custom_object(*place, objects.custom(size=1))
    assert custom.get_namespaced_custom_object(*place, "a")["spec"] == {"size": 1}
