"""Given an API server with faults, then the operator gets there in the end."""

import pytest

from deployments import APPS, VINEYARDDS
from managers import ACCOUNT
from operated import DRIVERS, NAME, cluster, condition, driver, ready, running, settled, told
from rights import Rights
from waiting import eventually

ROLE = "vineyard-manager-role"
POLICIES = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture
def manager(managers):
    manager = managers.start()
    manager.says("resources: ")
    return manager


@pytest.mark.double_only(reason="needs faults")
def test_given_conflicts_then_it_tries_again(managers, manager):
    managers.double.fault("status", code=409, reason="Conflict", method="PATCH", path="/services/|/status", times=5)

    managers.api.post(VINEYARDDS, cluster())

    ready(managers.api)


@pytest.mark.double_only(reason="needs faults")
def test_given_watches_that_are_cut_again_and_again_then_nothing_is_missed(managers, manager):
    for replicas in (1, 2, 3, 1):
        managers.double.drop_watches()
        if replicas == 1:
            managers.api.delete(f"{VINEYARDDS}/{NAME}")
            eventually(lambda: managers.api.get(f"{VINEYARDDS}/{NAME}").status == 404, "gone")
            managers.api.post(VINEYARDDS, cluster())
        else:
            managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": replicas}})
        assert ready(managers.api)["current"] == replicas


@pytest.mark.double_only(reason="needs faults")
def test_given_history_that_is_forgotten_then_it_lists_again(managers, manager):
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)

    managers.double.fault("expire-watch", path="/", times=None)
    managers.double.compact()
    managers.double.drop_watches()
    eventually(lambda: managers.double.struck("expire-watch"), "a watch begins with 410")
    managers.double.clear_faults()
    managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}})

    assert ready(managers.api)["current"] == 2


@pytest.mark.double_only(reason="needs faults")
def test_given_an_api_server_that_is_down_for_longer_than_the_lease_then_it_goes_on_afterwards(managers, manager):
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)

    managers.double.fault("reset", path="^/api", times=None)
    managers.double.drop_watches()
    manager.says("no longer leading")
    managers.double.clear_faults()
    managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}})

    assert ready(managers.api)["current"] == 2


@pytest.mark.double_only(reason="needs denials")
def test_given_an_api_server_that_was_restarted_and_knows_no_roles_yet_then_it_goes_on_afterwards(managers, manager):
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)

    managers.double.deny(user=ACCOUNT)
    managers.double.drop_watches()
    manager.says("Deployment objects cannot be watched")
    managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}})
    managers.double.allow_all()

    assert ready(managers.api)["current"] == 2


@pytest.mark.double_only(reason="needs faults")
def test_given_an_object_that_is_refused_then_the_status_says_which_until_it_is_not(managers, manager):
    managers.double.fault(
        "status",
        code=403,
        reason="Forbidden",
        method="PATCH",
        path=f"/deployments/{NAME}",
        times=None,
        message="a policy says no",
    )

    managers.api.post(VINEYARDDS, cluster())

    settled(managers.api, f"{VINEYARDDS}/{NAME}", "Degraded")
    message = condition(managers.api, f"{VINEYARDDS}/{NAME}", "Applied")["message"]
    assert f"Deployment vineyard-system/{NAME}" in message and "a policy says no" in message
    told(managers.api, NAME, "Warning", "Refused")
    managers.double.clear_faults()
    ready(managers.api)


@pytest.mark.double_only(reason="needs faults")
def test_given_an_object_that_is_refused_for_long_then_there_is_no_storm_of_events(managers, manager):
    managers.double.fault(
        "status",
        code=403,
        reason="Forbidden",
        method="PATCH",
        path=f"/deployments/{NAME}",
        times=None,
        message="a policy says no",
    )
    managers.api.post(VINEYARDDS, cluster())
    manager.says(f"vineyardd vineyard-system/{NAME} failed, trying again", times=4)

    written = [
        e
        for e in managers.api.get("/api/v1/events").json["items"]
        if e["involvedObject"]["name"] == NAME and e["reason"] == "Refused"
    ]

    assert len(written) == 1


@pytest.mark.genuine_only(reason="the double has no admission policies")
def test_given_a_policy_that_refuses_an_object_then_the_status_says_so_until_it_is_gone(managers, manager):
    expression = f"object.metadata.name != '{NAME}' || request.operation != 'CREATE'"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
    for plural, spec in (
        (
            "validatingadmissionpolicies",
            {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": expression, "message": "a policy says no"}],
            },
        ),
        ("validatingadmissionpolicybindings", {"policyName": "no-stores", "validationActions": ["Deny"]}),
    ):
        body = {"metadata": {"name": "no-stores"}, "spec": spec}
        assert managers.api.post(f"{POLICIES}/{plural}", body).status == 201
    stores = {
        "metadata": {"name": NAME},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
    }
    eventually(
        lambda: managers.api.post(f"{APPS}/deployments", stores, dryRun="All").status == 422, "the policy is known"
    )

    managers.api.post(VINEYARDDS, cluster())

    settled(managers.api, f"{VINEYARDDS}/{NAME}", "Degraded")
    message = condition(managers.api, f"{VINEYARDDS}/{NAME}", "Applied")["message"]
    assert f"Deployment vineyard-system/{NAME}" in message and "a policy says no" in message
    told(managers.api, NAME, "Warning", "Refused")
    managers.api.delete(f"{POLICIES}/validatingadmissionpolicybindings/no-stores")
    ready(managers.api)


def test_given_a_right_that_is_missing_at_first_then_it_works_once_it_is_granted(managers):
    rights = Rights(managers.api, ROLE, ACCOUNT)
    rights.take("list", "apps", "statefulsets")
    manager = managers.start()
    manager.says("StatefulSet objects cannot be watched")
    managers.api.post(VINEYARDDS, cluster())

    rights.give_back()

    ready(managers.api)


def test_given_events_that_cannot_be_written_then_a_cluster_does_not_suffer(managers, manager):
    rights = Rights(managers.api, ROLE, ACCOUNT)
    rights.take("create", "", "events")

    managers.api.post(VINEYARDDS, cluster())
    managers.api.post(DRIVERS, driver("sample", NAME))

    ready(managers.api)
    assert managers.api.get(f"{APPS}/deployments/{NAME}").status == 200
    # Nobody can grant what he may not do himself, and the driver needs this.
    settled(managers.api, f"{DRIVERS}/sample", "pending")
    message = condition(managers.api, f"{DRIVERS}/sample", "Applied")["message"]
    assert "RBAC permissions not currently held" in message and 'Resources:["events"]' in message
    rights.give_back()
    running(managers.api, "sample")
