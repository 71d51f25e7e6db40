"""Given several replicas of the operator, then one leads, and another when it cannot any more."""

import json

import pytest

from deployments import APPS, SYSTEM, VINEYARDDS
from managers import ACCOUNT, LEASE
from operated import NAME, cluster, ready, writes
from waiting import eventually

LEADING = "leading as"


def test_given_two_replicas_then_one_works_and_the_other_waits(managers):
    first = managers.start("one")
    first.says(LEADING)
    second = managers.start("two")
    second.says("waiting: one")

    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)

    assert LEADING not in second.log


def test_given_a_leader_that_is_told_to_stop_then_it_gives_the_lease_back_and_another_leads(managers):
    first = managers.start("one")
    first.says(LEADING)
    second = managers.start("two")
    second.says("waiting: one")

    assert first.stop() == 0

    first.says("the lease is released")
    second.says(LEADING)
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)


def test_given_a_leader_that_is_killed_amid_many_clusters_then_another_finishes_them_without_duplicates(managers):
    first = managers.start("one")
    first.says(LEADING)
    second = managers.start("two")
    second.says("waiting: one")
    names = [f"c{number}" for number in range(20)]
    for name in names:
        managers.api.post(VINEYARDDS, cluster(name, replicas=0))
    eventually(lambda: managers.api.get(f"{APPS}/deployments/c3").status == 200, "the work has begun")

    first.kill()

    second.says(LEADING)
    for name in names:
        ready(managers.api, name)
    deployments = managers.api.get(f"{APPS}/deployments").json["items"]
    assert {d["metadata"]["name"] for d in deployments} == {"vineyard-controller-manager", *names}
    owners = {d["metadata"]["ownerReferences"][0]["name"] for d in deployments if "ownerReferences" in d["metadata"]}
    assert owners == set(names)


@pytest.mark.double_only(reason="needs faults")
def test_given_a_leader_that_is_killed_at_work_then_another_finishes_it_without_duplicates(managers):
    first = managers.start("one")
    first.says(LEADING)
    second = managers.start("two")
    second.says("waiting: one")
    # The leader is in the middle of its work: a Service exists, and the Deployment cannot be made yet.
    managers.double.fault("status", code=503, method="PATCH", path=f"/deployments/{NAME}", times=None)
    managers.api.post(VINEYARDDS, cluster(replicas=2))
    eventually(lambda: managers.double.struck("/deployments/"), "the work is at the Deployment")
    assert managers.api.get(f"{SYSTEM}/services/{NAME}-rpc").status == 200

    first.kill()
    managers.double.clear_faults()

    second.says(LEADING)
    ready(managers.api)
    deployments = managers.api.get(f"{APPS}/deployments").json["items"]
    assert sorted(d["metadata"]["name"] for d in deployments) == ["vineyard-controller-manager", NAME]


@pytest.mark.double_only(reason="needs faults")
def test_given_a_leader_that_cannot_renew_then_it_stops_writing_and_another_leads(managers):
    first = managers.start("one")
    first.says(LEADING)
    managers.double.fault("status", code=500, method="PATCH|GET", path="/leases/", times=None, message="not now")
    first.says("no longer leading")
    managers.double.clear_requests()

    managers.api.post(VINEYARDDS, cluster())

    assert writes(managers.double, ACCOUNT) == []
    managers.double.clear_faults()
    first.says(LEADING, times=2)
    ready(managers.api)


def test_given_clocks_that_differ_then_a_lease_from_the_future_or_the_past_is_respected_and_runs_out(managers):
    for time in ("2200-01-01T00:00:00.000000Z", "1999-01-01T00:00:00.000000Z"):
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "5fa514f1.v6d.io"},
            "spec": {"holderIdentity": "stranger", "leaseDurationSeconds": 3, "renewTime": time},
        }
        managers.api.delete(LEASE)
        assert managers.api.post(LEASE.rsplit("/", 1)[0], lease).status == 201
        manager = managers.start(f"after-{time[:4]}")

        manager.says("waiting: stranger leads")

        manager.says(LEADING)
        assert manager.stop() == 0


def test_given_a_lease_then_it_says_what_kubernetes_expects(managers):
    managers.start("one").says(LEADING)

    spec = managers.api.get(LEASE).json["spec"]

    assert spec["holderIdentity"].startswith("one_")
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (10, 0), json.dumps(spec)
