"""Given field managers, when they apply, then each owns what it applied."""

import objects
from apiserver.client import JSON_PATCH

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MAPS = "/api/v1/namespaces/default/configmaps"


def owners(obj):
    return {(entry["manager"], entry["operation"]) for entry in obj["metadata"]["managedFields"]}


def test_given_no_object_when_applied_then_it_is_created_and_owned(api):
    reply = api.apply(f"{MAPS}/settings", objects.config_map(a="1"))
    assert reply.status == 201
    entry = reply.json["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("tests", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}}}


def test_given_an_applied_object_when_applied_again_then_nothing_changes(api):
    first = api.apply(f"{DEPLOYMENTS}/web", objects.deployment()).json
    again = api.apply(f"{DEPLOYMENTS}/web", objects.deployment()).json
    assert again["metadata"]["generation"] == first["metadata"]["generation"] == 1
    assert again["spec"] == first["spec"]


def test_given_another_owner_when_a_field_is_applied_then_409_names_both(api):
    api.post(DEPLOYMENTS, objects.deployment(replicas=1), fieldManager="kubectl-client-side-apply")
    reply = api.apply(f"{DEPLOYMENTS}/web", objects.deployment(replicas=3))
    assert (reply.status, reply.json["reason"]) == (409, "Conflict")
    assert reply.json["message"] == (
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas'
    )
    assert reply.json["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-client-side-apply" using apps/v1',
            "field": ".spec.replicas",
        }
    ]


def test_given_a_conflict_when_forced_then_the_field_changes_hands(api):
    api.apply(f"{MAPS}/settings", objects.config_map(a="1"), manager="one")
    forced = api.apply(f"{MAPS}/settings", objects.config_map(a="2"), manager="two", force="true").json
    assert forced["data"] == {"a": "2"} and owners(forced) == {("two", "Apply")}


def test_given_the_same_value_when_two_apply_it_then_both_own_it(api):
    api.apply(f"{MAPS}/settings", objects.config_map(a="1"), manager="one")
    shared = api.apply(f"{MAPS}/settings", objects.config_map(a="1"), manager="two").json
    assert owners(shared) == {("one", "Apply"), ("two", "Apply")}
    left = api.apply(f"{MAPS}/settings", objects.config_map(b="2"), manager="one").json
    assert left["data"] == {"a": "1", "b": "2"}


def test_given_a_field_no_longer_applied_when_nobody_else_owns_it_then_it_goes(api):
    api.apply(f"{MAPS}/settings", objects.config_map(a="1", b="2"))
    assert api.apply(f"{MAPS}/settings", objects.config_map(a="1")).json["data"] == {"a": "1"}


def test_given_a_defaulted_field_no_longer_applied_then_it_returns_to_the_default(api):
    api.apply(f"{DEPLOYMENTS}/web", objects.deployment(revisionHistoryLimit=3))
    assert api.apply(f"{DEPLOYMENTS}/web", objects.deployment()).json["spec"]["revisionHistoryLimit"] == 10


def test_given_lists_with_keys_when_applied_then_items_merge_by_key(api):
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    one = objects.deployment(pod_spec=None)
    one["spec"]["template"]["spec"]["containers"] = [objects.container(env=env)]
    api.apply(f"{DEPLOYMENTS}/web", one, manager="one")
    two = objects.deployment()
    two["spec"]["template"]["spec"]["containers"] = [{"name": "web", "env": [{"name": "C", "value": "3"}]}]
    merged = api.apply(f"{DEPLOYMENTS}/web", two, manager="two").json
    names = [e["name"] for e in merged["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert sorted(names) == ["A", "B", "C"]


def test_given_undeclared_or_double_items_when_applied_then_the_patch_object_is_refused(api):
    unknown = api.apply(f"{MAPS}/settings", objects.config_map() | {"daata": {}})
    assert unknown.status == 500 and unknown.json["message"].endswith(".daata: field not declared in schema")
    twice = objects.deployment()
    twice["spec"]["template"]["spec"]["containers"] *= 2
    reply = api.apply(f"{DEPLOYMENTS}/web", twice)
    assert reply.status == 500 and "duplicate entries for key" in reply.json["message"]


def test_given_no_manager_or_no_name_when_applied_then_the_request_is_refused(api):
    body = objects.config_map()
    assert (
        "PatchOptions"
        in api.send("PATCH", f"{MAPS}/settings", body, kind="application/apply-patch+yaml").json["message"]
    )
    del body["metadata"]["name"]
    assert api.apply(f"{MAPS}/settings", body).status == 400


def test_given_an_owner_that_updated_when_its_entry_is_turned_into_an_applier_then_its_apply_meets_no_conflict(api):
    made = api.post(MAPS, objects.config_map(a="1", b="2")).json
    entry = {**made["metadata"]["managedFields"][0], "operation": "Apply"}
    api.patch(f"{MAPS}/settings", [{"op": "replace", "path": "/metadata/managedFields/0", "value": entry}], JSON_PATCH)

    reply = api.apply(f"{MAPS}/settings", objects.config_map(a="3"), manager=entry["manager"])

    assert reply.status == 200
    assert reply.json["data"] == {"a": "3"}
    assert owners(reply.json) == {(entry["manager"], "Apply")}


def test_given_managed_fields_that_are_emptied_when_written_again_then_nobody_is_recorded(api):
    api.post(MAPS, objects.config_map(a="1"))
    api.patch(f"{MAPS}/settings", {"metadata": {"managedFields": [{}]}})

    assert "managedFields" not in api.patch(f"{MAPS}/settings", {"data": {"a": "2"}}).json["metadata"]
