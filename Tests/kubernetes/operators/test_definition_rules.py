"""Given our definitions, when a resource is written, then the API server takes what makes sense and refuses the rest.

Rules between fields are CEL, which the double does not evaluate.
"""

import pytest

from deployments import NAMESPACE, VINEYARDDS
from operated import DRIVERS, NAME, admitted, cluster, driver

CEL = pytest.mark.genuine_only(reason="the double has no CEL")
STORAGE = {"size": "1Gi"}
SPILL = {"name": "spill", "path": "/spill"}


@pytest.fixture
def api(bare_cluster, deploys):
    """A cluster with our definitions, and webhooks that agree to everything."""
    deploys("deploy", "operator", "--create-namespace")
    admitted(bare_cluster.client)
    return bare_cluster.client


@pytest.mark.parametrize(
    "command",
    [
        ("vineyard-cluster",),
        (
            "vineyard-cluster",
            "--vineyardd.size",
            "4Gi",
            "--vineyardd.spill.config",
            "spill",
            "--vineyardd.spill.path",
            "/spill",
            "--vineyardd.metric.enable",
        ),
        ("csidriver", "--clusters", f"{NAMESPACE}/{NAME}"),
    ],
)
def test_given_what_we_deploy_then_it_is_taken(api, deploys, command):
    deploys("deploy", *command, "--dry-run=server")


@pytest.mark.parametrize(
    "path, body",
    [
        (VINEYARDDS, cluster()),
        (VINEYARDDS, {**cluster(), "spec": {}}),
        (VINEYARDDS, cluster("a" * 47)),
        (VINEYARDDS, cluster(etcdReplicas=3, etcd={"storage": STORAGE})),
        (VINEYARDDS, cluster(vineyard={"spill": SPILL | {"spillLowerRate": "0.3", "spillUpperRate": "1.0"}})),
        (VINEYARDDS, cluster(vineyard={"env": [{"name": "A", "value": "1"}, {"name": "B"}], "size": "1.5Gi"})),
        (DRIVERS, driver("sample", "one", "two", quota="4Gi", scope="volume", onDelete="retain")),
        (DRIVERS, driver("a" * 52, "one", quota="request")),
    ],
)
def test_given_a_specification_that_makes_sense_then_it_is_taken(api, path, body):
    reply = api.post(path, body, fieldValidation="Strict")

    assert reply.status == 201, reply.text


@pytest.mark.parametrize(
    "path, body, message",
    [
        (VINEYARDDS, cluster(replicas=-1), "should be greater than or equal to 0"),
        (VINEYARDDS, cluster(etcdReplicas=10), "should be less than or equal to 9"),
        (VINEYARDDS, cluster(service={"type": "None"}), 'supported values: "ClusterIP", "NodePort", "LoadBalancer"'),
        (VINEYARDDS, cluster(vineyard={"image": ""}), "should be at least 1 chars long"),
        (VINEYARDDS, cluster(vineyard={"spill": SPILL | {"spillLowerRate": "2"}}), "should match '^(0"),
        (VINEYARDDS, cluster(vineyard={"env": [{"name": "A"}, {"name": "A"}]}), "Duplicate value"),
        (VINEYARDDS, cluster(etcd={"storage": {}}), "spec.etcd.storage.size: Required value"),
        (DRIVERS, driver("sample"), "should have at least 1 items"),
        (DRIVERS, driver("sample", "one", "one"), "Duplicate value"),
        (DRIVERS, driver("sample", "one", quota="much"), "should match '^(request|none"),
        (DRIVERS, driver("sample", "one", kubeletDirectory="lib"), "should match '^/"),
        (DRIVERS, driver("sample", "one", scope="all"), 'supported values: "volume", "cluster"'),
    ],
)
def test_given_a_value_out_of_bounds_then_it_is_refused_with_the_bounds(api, path, body, message):
    reply = api.post(path, body)

    assert reply.status == 422
    assert message in reply.json["message"]


@CEL
@pytest.mark.parametrize(
    "path, body, message",
    [
        (VINEYARDDS, cluster("a" * 48), "the name must begin with a letter, have no dots and at most 47 characters"),
        (VINEYARDDS, cluster("a.b"), "the name must begin with a letter, have no dots"),
        (VINEYARDDS, cluster("1a"), "the name must begin with a letter"),
        (VINEYARDDS, cluster(vineyard={"spill": {"name": "x"}}), "spilling needs both a name and a path"),
        (VINEYARDDS, cluster(vineyard={"spill": {"path": "/x"}}), "spilling needs both a name and a path"),
        (
            VINEYARDDS,
            cluster(vineyard={"spill": {"spillLowerRate": "0.9"}}),
            "spillLowerRate must be below spillUpperRate",
        ),
        (DRIVERS, driver("a" * 53, "one"), "have no dots and at most 52 characters"),
        (DRIVERS, driver("a.b", "one"), "the name must begin with a letter, have no dots"),
    ],
)
def test_given_fields_that_contradict_each_other_then_it_is_refused_with_our_reason(api, path, body, message):
    reply = api.post(path, body)

    assert reply.status == 422
    assert message in reply.json["message"]


@CEL
@pytest.mark.parametrize(
    "change, message",
    [
        ({"etcdReplicas": 1}, "the number of etcd members cannot be lowered, make a new cluster"),
        ({"etcd": {"storage": {"size": "2Gi"}}}, "the storage of etcd cannot be changed, make a new cluster"),
        ({"etcd": {"storage": None}}, "the storage of etcd cannot be changed, make a new cluster"),
    ],
)
def test_given_a_cluster_when_what_is_fixed_is_changed_then_it_is_refused_with_our_reason(api, change, message):
    assert api.post(VINEYARDDS, cluster(etcdReplicas=3, etcd={"storage": STORAGE})).status == 201

    reply = api.patch(f"{VINEYARDDS}/{NAME}", {"spec": change})

    assert reply.status == 422
    assert message in reply.json["message"]
    assert api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}}).status == 200
