"""Given a double that has run for long, then it costs what is in it, not what ever was."""

import itertools

import pytest

import objects
from apiserver.control import records
from apiserver.control.records import Journal, Request
from apiserver.errors import ApiError
from apiserver.storage import history
from apiserver.storage.store import Store
from waiting import eventually

WORKLOADS = "/apis/apps/v1/namespaces/default/deployments"
EVENTS = "/api/v1/namespaces/default/events"


def event(name="said", **more):
    involved = {"kind": "ConfigMap", "namespace": "default", "name": "x", "uid": "u", "apiVersion": "v1"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "type": "Normal",
        "involvedObject": involved,
        "reason": "Said",
        "message": "something",
        **more,
    }


@pytest.fixture
def short_lives(double):
    double.settings(event_ttl=1)
    yield double
    double.settings(event_ttl=3600)


def test_given_an_event_when_its_time_is_over_then_it_goes_and_watches_are_told(api, short_lives):
    start = api.post(EVENTS, event()).json["metadata"]["resourceVersion"]

    gone = next(api.watch(EVENTS, resourceVersion=start, fieldSelector="metadata.name=said"))

    assert (gone["type"], int(gone["object"]["metadata"]["resourceVersion"]) > int(start)) == ("DELETED", True)
    assert api.get(f"{EVENTS}/said").status == 404


def test_given_an_event_that_is_written_again_then_its_time_begins_anew(api, short_lives):
    api.post(EVENTS, event("once"))
    api.post(EVENTS, event("again"))
    count = itertools.count(2)

    def once_is_gone():
        assert api.patch(f"{EVENTS}/again", {"count": next(count)}).status == 200
        return api.get(f"{EVENTS}/once").status == 404

    eventually(once_is_gone, "the event that nobody repeats goes")


def test_given_the_time_of_a_genuine_server_then_events_stay(api):
    api.post(EVENTS, event())
    assert api.get(f"{EVENTS}/said").status == 200


def test_given_the_same_event_again_then_it_is_counted_until_it_is_gone(api, double):
    api.post(WORKLOADS, objects.workload("Deployment", replicas=1))

    def scheduled():
        return [e for e in api.get(EVENTS).json["items"] if e["reason"] == "ScalingReplicaSet"]

    (first,) = eventually(scheduled, "the Deployment is scaled")
    api.delete(f"{EVENTS}/{first['metadata']['name']}")
    for replicas in (0, 1, 0, 1):
        api.patch(f"{WORKLOADS}/web", {"spec": {"replicas": replicas}})
        eventually(
            lambda: api.get(f"{WORKLOADS}/web").json["status"].get("readyReplicas", 0) == replicas, "it is scaled"
        )

    counts = {e["message"].split(" to ")[1]: e["count"] for e in scheduled()}
    assert counts == {"0 from 1": 2, "1 from 0": 2}


def put(store, name, **data):
    return store.put("/configmaps", ("default", name), objects.config_map(name, **data))


def test_given_more_changes_than_history_has_room_for_then_old_versions_answer_410():
    store = Store()
    first = put(store, "a", n="0").revision
    for number in range(history.LENGTH):
        put(store, "a", n=str(number))

    with pytest.raises(ApiError) as refusal:
        store.since(first - 1)
    assert (refusal.value.code, refusal.value.reason) == (410, "Expired")
    assert [change.revision for change in store.since(store.revision - 3)] == [
        store.revision - 2,
        store.revision - 1,
        store.revision,
    ]
    assert len(store.since(first)) == history.LENGTH


def test_given_objects_that_came_and_went_then_a_list_of_an_earlier_moment_shows_them_in_order():
    store = Store()
    for name in ("c", "a", "b"):
        put(store, name, n="1")
    moment = store.revision
    put(store, "b", n="2")
    store.remove("/configmaps", ("default", "a"))
    put(store, "d", n="1")

    assert [(s.obj["metadata"]["name"], s.obj["data"]["n"]) for s in store.list_at("/configmaps", "", moment)] == [
        ("a", "1"),
        ("b", "1"),
        ("c", "1"),
    ]
    assert [(s.obj["metadata"]["name"], s.obj["data"]["n"]) for s in store.select("/configmaps", "default")] == [
        ("b", "2"),
        ("c", "1"),
        ("d", "1"),
    ]
    assert store.select("/configmaps", "default-2") == store.select("/configmaps", "defaul") == []


def test_given_owners_that_change_then_their_dependents_are_found():
    store = Store()

    def owned(name, *uids):
        obj = objects.config_map(name)
        obj["metadata"]["ownerReferences"] = [{"uid": uid} for uid in uids]
        store.put("/configmaps", ("default", name), obj)

    owned("b", "x", "y")
    owned("a", "x")
    assert [key[1] for _, key, _ in store.dependents("x")] == ["a", "b"]
    owned("b", "y")
    store.remove("/configmaps", ("default", "a"))
    assert store.dependents("x") == []
    assert [key[1] for _, key, _ in store.dependents("y")] == ["b"]
    store.clear()
    assert store.dependents("y") == []


def test_given_more_requests_than_are_remembered_then_asking_for_them_is_an_error_and_not_half_the_truth(monkeypatch):
    monkeypatch.setattr(records, "LIMIT", 3)
    journal = Journal()
    request = Request("GET", "/", "", "", "", "", "", "", 200, "HTTP/1.1", 1, 0.0)
    for _ in range(3):
        journal.add(request)
    assert len(journal.all()) == 3

    journal.add(request)

    with pytest.raises(LookupError, match="more than 3 requests"):
        journal.all()
    journal.clear()
    assert journal.all() == []
