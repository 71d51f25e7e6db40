"""Every manifest and every recorded rendering against the published schemas of Kubernetes, nothing unknown allowed."""

import copy
import pathlib

import jsonschema
import kubernetes_validate
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "manifests").glob("*.yaml")) + sorted((ROOT / "Tests/ManifestsTests/Golden").glob("*.yaml"))
VERSIONS = ["1.25", "1.28", "1.31", "1.34", "1.37"]
OURS = "k8s.v6d.io/v1alpha1"
# Objects with fields that older servers do not have: there they are not deployed.
SINCE = {"vineyard-placement-webhook-configuration": "1.28"}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


SNAPSHOTS = "snapshot.storage.k8s.io/v1"


def built_in(path):
    return [document for document in documents(path) if document["apiVersion"] not in (OURS, SNAPSHOTS)]


def custom(path):
    return [document for document in documents(path) if document["apiVersion"] == OURS]


def strict(schema):
    """The schema of a custom resource as JSON schema, in which a field that is not declared is wrong."""
    schema = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if "properties" in schema:
        schema["properties"] = {name: strict(property) for name, property in schema["properties"].items()}
        schema["additionalProperties"] = False
    if "items" in schema:
        schema["items"] = strict(schema["items"])
    return schema


def closed(schema):
    """`strict`, leaving open what the definition leaves open and metadata, whose fields Kubernetes defines."""
    schema = copy.deepcopy(schema)

    def visit(node):
        if node.get("x-kubernetes-preserve-unknown-fields"):
            node.clear()
        for property in node.get("properties", {}).values():
            visit(property)
        if "items" in node:
            visit(node["items"])

    visit(schema)
    schema = strict(schema)
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    return schema


@pytest.fixture(scope="module")
def definitions():
    paths = sorted((ROOT / "manifests").glob("crd-*.yaml"))
    found = [document for path in paths for document in documents(path)]
    return {
        definition["spec"]["names"]["kind"]: definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for definition in found
    }


def test_there_are_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_built_in_kinds_follow_the_published_schemas(path, version):
    for document in built_in(path):
        if version < SINCE.get(document["metadata"]["name"], ""):
            continue
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("path", [path for path in FILES if custom(path)], ids=lambda path: path.name)
def test_custom_resources_follow_our_definitions(path, definitions):
    for document in custom(path):
        jsonschema.validate(document, closed(definitions[document["kind"]]))


def test_a_snapshot_class_has_the_fields_of_its_definition():
    """Its definition is of the Kubernetes project, but in no release of Kubernetes: v1 demands these two."""
    found = [document for path in FILES for document in documents(path) if document["apiVersion"] == SNAPSHOTS]
    assert found
    for document in found:
        assert set(document) == {"apiVersion", "kind", "metadata", "driver", "deletionPolicy"}
        assert document["deletionPolicy"] in ("Delete", "Retain")


def test_an_unknown_field_of_a_custom_resource_is_found(definitions):
    resource = {
        "apiVersion": OURS,
        "kind": "Vineyardd",
        "metadata": {"name": "a"},
        "spec": {"vineyard": {"sise": "1G"}},
    }
    with pytest.raises(jsonschema.ValidationError, match="sise"):
        jsonschema.validate(resource, closed(definitions["Vineyardd"]))


def test_an_invented_field_of_a_built_in_kind_is_found():
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, "1.25", strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_belongs_to_the_server(path):
    """Fields that the server writes, and nulls, would be conflicts or noise in a server-side apply."""
    for document in documents(path):
        assert "status" not in document
        assert not {"creationTimestamp", "resourceVersion", "managedFields"} & set(document["metadata"])
        assert not list(nulls(document))


def nulls(value, path=""):
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from nulls(child, f"{path}.{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from nulls(child, f"{path}[{index}]")
