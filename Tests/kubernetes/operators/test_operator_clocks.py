"""Given replicas on machines whose clocks differ by hours, then one leads, and never two."""

from datetime import UTC, datetime, timedelta

import pytest

from deployments import APPS, VINEYARDDS
from managers import ACCOUNT, LEASE
from operated import NAME, cluster, ready, told, writes
from waiting import eventually

pytestmark = pytest.mark.double_only(reason="certificates of the server must be valid by every clock")
LEADING = "leading as"
AHEAD, BEHIND = timedelta(hours=5), timedelta(hours=-7)
BOTH_WAYS = pytest.mark.parametrize(("mine", "others"), [(AHEAD, BEHIND), (BEHIND, AHEAD)], ids=["ahead", "behind"])


def start(managers, name, clock):
    manager = managers.start(name, clock=clock)
    manager.says("health is served")
    assert abs(manager.told_at - datetime.now(UTC) - clock) < timedelta(hours=1), "its clock is another"
    return manager


def pair(managers, mine, others):
    """One that leads by its clock, and another that waits by its own."""
    first = start(managers, "one", mine)
    first.says(LEADING)
    second = start(managers, "two", others)
    second.says("waiting: one")
    return first, second


def lease(managers):
    return managers.api.get(LEASE).json["spec"]


def renewals(managers, count):
    """Wait until the lease has been renewed so often, and return who held it each time."""
    seen = {}

    def enough():
        spec = lease(managers)
        seen[spec["renewTime"]] = spec["holderIdentity"].partition("_")[0]
        return len(seen) > count

    eventually(enough, f"{count} renewals")
    return set(seen.values())


@BOTH_WAYS
def test_given_clocks_that_differ_when_a_lease_looks_old_or_far_away_then_its_holder_is_respected(
    managers, mine, others
):
    _, second = pair(managers, mine, others)

    # Longer than the lease lasts; by the clock of the other it ran out hours ago, or will in hours.
    assert renewals(managers, 7) == {"one"}

    assert LEADING not in second.log
    assert lease(managers)["leaseTransitions"] == 0
    renewed = datetime.fromisoformat(lease(managers)["renewTime"].replace("Z", "+00:00"))
    assert abs(renewed - datetime.now(UTC) - mine) < timedelta(hours=1), "the lease is dated by its holder's clock"
    managers.api.post(VINEYARDDS, cluster())
    ready(managers.api)
    told(managers.api, NAME, "Normal", "Ready")


@BOTH_WAYS
def test_given_clocks_that_differ_when_the_leader_is_killed_then_the_other_leads_and_finishes_its_work(
    managers, mine, others
):
    first, second = pair(managers, mine, others)
    managers.double.fault("status", code=503, method="PATCH", path=f"/deployments/{NAME}", times=None)
    managers.api.post(VINEYARDDS, cluster(replicas=2))
    first.says("failed, trying again")

    first.kill()
    managers.double.clear_faults()

    second.says(LEADING)
    ready(managers.api)
    assert lease(managers)["leaseTransitions"] == 1
    deployments = managers.api.get(f"{APPS}/deployments").json["items"]
    assert sorted(d["metadata"]["name"] for d in deployments) == ["vineyard-controller-manager", NAME]
    third = start(managers, "three", mine)
    third.says("waiting: two")


@BOTH_WAYS
def test_given_clocks_that_differ_when_a_leader_wakes_up_that_was_replaced_then_it_writes_nothing(
    managers, mine, others
):
    first, second = pair(managers, mine, others)
    # Work that it would go on with: one object is refused again and again.
    managers.double.fault("status", code=503, method="PATCH", path=f"/deployments/{NAME}", times=None)
    managers.api.post(VINEYARDDS, cluster())
    first.says("failed, trying again", times=2)
    first.pause()
    managers.double.clear_faults()
    second.says(LEADING)
    ready(managers.api)
    told(managers.api, NAME, "Normal", "Ready")
    managers.double.clear_requests()

    first.go_on()

    first.says("no longer leading")
    first.says("waiting: two")
    assert writes(managers.double, ACCOUNT) == []
    assert renewals(managers, 2) == {"two"}
    managers.api.patch(f"{VINEYARDDS}/{NAME}", {"spec": {"replicas": 2}})
    assert ready(managers.api)["current"] == 2
    assert first.log.count(LEADING) == 1
