"""Given what the original, or a person, deployed by hand, when a resource of that name comes, then it is taken over."""

import pytest

import original
from deployments import APPS, NAMESPACE
from operated import NAME, ready, told


@pytest.mark.skipif(not original.program().exists(), reason="the package brings no program for this machine")
def test_given_their_workloads_when_the_operator_comes_then_they_become_its_own_where_they_are(managers, deploys):
    original.Original(managers.double).deploy_plain()
    uid = managers.api.get(f"{APPS}/deployments/{NAME}").json["metadata"]["uid"]
    managers.start()

    run = deploys("deploy", "vineyard-cluster", "--yes")

    assert run.lines[-1] == f"✔ vineyard cluster {NAMESPACE}/{NAME} is ready"
    stores = managers.api.get(f"{APPS}/deployments/{NAME}").json
    assert stores["metadata"]["uid"] == uid
    assert stores["metadata"]["ownerReferences"][0]["kind"] == "Vineyardd"
    assert [c["name"] for c in stores["spec"]["template"]["spec"]["containers"]] == ["vineyardd"], "theirs had two"
    assert "Deployment" in told(managers.api, NAME, "Normal", "Adopted")


def test_given_our_plain_deployment_when_the_operator_comes_then_its_stores_are_not_made_anew(managers, deploys):
    deploys("deploy", "vineyard-deployment", "--replicas", "1")
    before = managers.api.get(f"{APPS}/deployments/{NAME}").json["metadata"]["uid"]
    managers.start()

    deploys("deploy", "vineyard-cluster", "--replicas", "1", "--yes")

    ready(managers.api)
    after = managers.api.get(f"{APPS}/deployments/{NAME}").json["metadata"]
    assert after["uid"] == before
    managers_of = {entry["manager"] for entry in after["managedFields"] if entry["operation"] == "Apply"}
    assert managers_of == {"vineyard-operator"}
