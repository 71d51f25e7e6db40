"""Given an object, when it is written, then the double answers as an API server does."""

import objects
from apiserver.client import JSON_PATCH, STRATEGIC

MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"


def test_given_a_new_object_when_created_then_the_server_fills_in_its_metadata(api):
    reply = api.post(MAPS, objects.config_map(a="1"))
    metadata = reply.json["metadata"]
    assert reply.status == 201
    assert metadata["uid"] and metadata["creationTimestamp"] and metadata["resourceVersion"]
    assert metadata["managedFields"][0]["manager"] == "tests"


def test_given_an_object_when_created_again_then_409_already_exists(api):
    api.post(MAPS, objects.config_map())
    reply = api.post(MAPS, objects.config_map())
    assert (reply.status, reply.json["reason"]) == (409, "AlreadyExists")
    assert reply.json["message"] == 'configmaps "settings" already exists'


def test_given_a_stale_version_when_updated_then_409_conflict(api):
    old = api.post(MAPS, objects.config_map(a="1")).json
    api.put(f"{MAPS}/settings", old | {"data": {"a": "2"}})
    reply = api.put(f"{MAPS}/settings", old | {"data": {"a": "3"}})
    assert (reply.status, reply.json["reason"]) == (409, "Conflict")
    assert "the object has been modified" in reply.json["message"]


def test_given_the_same_content_when_updated_then_the_version_stays(api):
    first = api.post(MAPS, objects.config_map(a="1")).json
    assert (
        api.put(f"{MAPS}/settings", first).json["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    )


def test_given_a_generate_name_when_created_then_each_gets_a_name_of_its_own(api):
    body = objects.config_map()
    body["metadata"] = {"generateName": "run-"}
    names = {api.post(MAPS, body).json["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5 and all(name.startswith("run-") and len(name) == 9 for name in names)


def test_given_a_dry_run_when_created_then_nothing_is_stored(api):
    assert api.post(MAPS, objects.config_map(), dryRun="All").status == 201
    assert api.get(f"{MAPS}/settings").status == 404


def test_given_each_patch_type_when_patched_then_it_merges_in_its_way(api):
    path = "/apis/apps/v1/namespaces/default/deployments"
    api.post(path, objects.deployment(pod_spec={"volumes": [{"name": "a", "emptyDir": {}}]}))
    merged = api.patch(f"{path}/web", {"spec": {"template": {"spec": {"volumes": [{"name": "b"}]}}}}).json
    assert [v["name"] for v in merged["spec"]["template"]["spec"]["volumes"]] == ["b"]
    strategic = api.patch(f"{path}/web", {"spec": {"template": {"spec": {"volumes": [{"name": "c"}]}}}}, STRATEGIC).json
    assert {v["name"] for v in strategic["spec"]["template"]["spec"]["volumes"]} == {"b", "c"}
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
    assert api.patch(f"{path}/web", operations, JSON_PATCH).json["spec"]["replicas"] == 4
    failing = [{"op": "test", "path": "/spec/replicas", "value": 1}]
    assert api.patch(f"{path}/web", failing, JSON_PATCH).status == 422


def test_given_a_spec_change_when_updated_then_the_generation_grows_and_status_is_ignored(api):
    path = "/apis/apps/v1/namespaces/default/deployments"
    api.post(path, objects.deployment())
    changed = api.patch(f"{path}/web", {"spec": {"replicas": 2}, "status": {"replicas": 77}}).json
    assert changed["metadata"]["generation"] == 2 and changed.get("status", {}).get("replicas") != 77
    labelled = api.patch(f"{path}/web", {"metadata": {"labels": {"a": "b"}}}).json
    assert labelled["metadata"]["generation"] == 2


def test_given_the_status_subresource_when_written_then_the_spec_is_ignored(api):
    path = "/api/v1/namespaces/default"
    api.post(
        "/api/v1/namespaces/default/resourcequotas",
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}},
    )
    body = {"spec": {"hard": {"pods": "9"}}, "status": {"hard": {"pods": "3"}}}
    changed = api.patch(f"{path}/resourcequotas/q/status", body).json
    assert changed["spec"]["hard"] == {"pods": "3"} and changed["status"]["hard"] == {"pods": "3"}


def test_given_an_unknown_field_when_written_then_validation_decides(api):
    body = objects.config_map() | {"dataa": {"a": "1"}}
    strict = api.post(MAPS, body, fieldValidation="Strict")
    assert strict.status == 400 and 'strict decoding error: unknown field "dataa"' in strict.json["message"]
    assert api.post(MAPS, body, fieldValidation="Warn", dryRun="All").warnings == ['unknown field "dataa"']
    quiet = api.post(MAPS, body, fieldValidation="Ignore")
    assert quiet.status == 201 and not quiet.warnings and "dataa" not in quiet.json


def test_given_a_wrong_type_when_written_then_400_names_the_field(api):
    reply = api.post("/apis/apps/v1/namespaces/default/deployments", objects.deployment(replicas="two"))
    assert reply.status == 400
    assert (
        "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
        in reply.json["message"]
    )


def test_given_another_name_in_the_body_when_updated_then_400(api):
    api.post(MAPS, objects.config_map())
    reply = api.put(f"{MAPS}/settings", objects.config_map("other"))
    assert reply.json["message"] == "the name of the object (other) does not match the name on the URL (settings)"


def test_given_a_service_when_its_type_changes_then_what_only_the_old_one_needs_goes(api):
    plain = api.post(SERVICES, objects.service()).json["spec"]

    outward = api.patch(f"{SERVICES}/web", {"spec": {"type": "LoadBalancer"}}).json["spec"]
    assert outward["externalTrafficPolicy"] == "Cluster" and outward["allocateLoadBalancerNodePorts"] is True
    assert outward["ports"][0]["nodePort"] >= 30000
    assert api.patch(f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}}).json["spec"] == plain

    external = {"type": "ExternalName", "externalName": "example.org"}
    named = api.patch(f"{SERVICES}/web", {"spec": external}).json["spec"]
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(named)
    again = api.patch(f"{SERVICES}/web", {"spec": {"type": "ClusterIP", "externalName": None}}).json["spec"]
    assert again.keys() == plain.keys()
