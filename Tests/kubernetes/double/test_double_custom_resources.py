"""Given a CustomResourceDefinition, when its resources are written, then its schema rules."""

import pytest

import objects
from waiting import eventually

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.org/v1/namespaces/default/things"
SCHEMA = {
    "spec": {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "mode": {"type": "string", "enum": ["fast", "slow"], "default": "fast"},
            "parts": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string"}, "v": {"type": "string"}},
                },
            },
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    },
    "status": {"type": "object", "properties": {"state": {"type": "string"}}},
}


@pytest.fixture
def things(api):
    assert api.post(DEFINITIONS, objects.definition(schema=SCHEMA)).status == 201
    eventually(lambda: api.get(THINGS).status == 200, "the resource is served")
    return api


def test_given_a_definition_when_created_then_it_is_established_and_discovered(things):
    conditions = things.get(f"{DEFINITIONS}/things.example.org").json["status"]["conditions"]
    assert {entry["type"] for entry in conditions if entry["status"] == "True"} == {"NamesAccepted", "Established"}
    found = things.get("/apis/example.org/v1").json["resources"]
    assert {entry["name"] for entry in found} == {"things", "things/status"}


def test_given_defaults_when_created_then_they_are_filled_in_and_undeclared_fields_pruned(things):
    reply = things.post(THINGS, objects.custom(size=1, foo=2, open={"any": {"thing": 1}}))
    assert reply.json["spec"] == {"size": 1, "mode": "fast", "open": {"any": {"thing": 1}}}
    assert reply.warnings == ['unknown field "spec.foo"']


@pytest.mark.parametrize(
    "spec, message",
    [
        ({}, "spec.size: Required value"),
        ({"size": 0}, "spec.size in body should be greater than or equal to 1"),
        ({"size": "1"}, 'spec.size in body must be of type integer: "string"'),
        ({"size": 1, "mode": "x"}, 'Unsupported value: "x": supported values: "fast", "slow"'),
        ({"size": 1, "parts": [{"name": "a"}, {"name": "a"}]}, "Duplicate value"),
    ],
)
def test_given_a_broken_rule_when_created_then_422_says_which(things, spec, message):
    reply = things.post(THINGS, objects.custom(**spec))
    assert (reply.status, reply.json["reason"]) == (422, "Invalid")
    assert message in reply.json["message"]


def test_given_the_status_subresource_when_written_then_spec_and_status_are_apart(things):
    things.post(THINGS, objects.custom(size=1) | {"status": {"state": "ignored"}})
    assert "status" not in things.get(f"{THINGS}/a").json
    changed = things.patch(f"{THINGS}/a/status", {"status": {"state": "on"}, "spec": {"size": 9}}).json
    assert changed["status"] == {"state": "on"} and changed["spec"]["size"] == 1
    assert changed["metadata"]["generation"] == 1
    assert things.patch(f"{THINGS}/a", {"spec": {"size": 2}}).json["metadata"]["generation"] == 2


def test_given_no_version_when_updated_then_422(things):
    things.post(THINGS, objects.custom(size=1))
    assert (
        "metadata.resourceVersion: Invalid value: 0: must be specified"
        in things.put(f"{THINGS}/a", objects.custom(size=2)).json["message"]
    )


def test_given_keyed_lists_when_two_apply_then_items_merge(things):
    things.apply(f"{THINGS}/a", objects.custom(size=1, parts=[{"name": "x"}]), manager="one")
    merged = things.apply(f"{THINGS}/a", objects.custom(size=1, parts=[{"name": "y"}]), manager="two").json
    assert [part["name"] for part in merged["spec"]["parts"]] == ["x", "y"]


def test_given_resources_when_the_definition_is_deleted_then_they_go_with_it(things):
    things.post(THINGS, objects.custom(size=1))
    things.delete(f"{DEFINITIONS}/things.example.org")
    eventually(lambda: things.get(f"{DEFINITIONS}/things.example.org").status == 404, "the definition is gone")
    assert things.get(THINGS).status == 404


@pytest.mark.parametrize(
    "schema, message",
    [
        ({"spec": {"properties": {}}}, "must not be empty for specified object fields"),
        ({"spec": {"type": "array"}}, "items: Required value: must be specified"),
        ({"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": False}}, "must be true or undefined"),
        ({"spec": {"type": "string", "default": 3}}, "must be of type string"),
        (
            {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}},
            "metadata is implicitly specified",
        ),
    ],
)
def test_given_a_schema_that_is_not_structural_when_created_then_422(api, schema, message):
    reply = api.post(DEFINITIONS, objects.definition(schema=schema))
    assert reply.status == 422 and message in reply.json["message"]


def test_given_another_name_than_plural_and_group_when_created_then_422(api):
    body = objects.definition()
    body["metadata"]["name"] = "others.example.org"
    assert 'must be spec.names.plural+"."+spec.group' in api.post(DEFINITIONS, body).json["message"]
