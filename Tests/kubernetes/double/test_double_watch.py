"""Given watches and lists, when objects change, then clients see every change once."""

import itertools

import objects

MAPS = "/api/v1/namespaces/default/configmaps"


def test_given_a_watch_when_objects_change_then_events_come_in_order(api):
    start = api.get(MAPS).json["metadata"]["resourceVersion"]
    api.post(MAPS, objects.config_map("w", a="1"))
    api.patch(f"{MAPS}/w", {"data": {"a": "2"}})
    api.delete(f"{MAPS}/w")
    events = list(itertools.islice(api.watch(MAPS, resourceVersion=start, fieldSelector="metadata.name=w"), 3))
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions)


def test_given_a_selector_when_an_object_leaves_it_then_the_watch_says_deleted(api):
    body = objects.config_map("w")
    body["metadata"]["labels"] = {"in": "yes"}
    start = api.post(MAPS, body).json["metadata"]["resourceVersion"]
    api.patch(f"{MAPS}/w", {"metadata": {"labels": {"in": "no"}}})
    api.patch(f"{MAPS}/w", {"metadata": {"labels": {"in": "yes"}}})
    events = list(itertools.islice(api.watch(MAPS, resourceVersion=start, labelSelector="in=yes"), 2))
    assert [event["type"] for event in events] == ["DELETED", "ADDED"]


def test_given_forgotten_history_when_watched_then_410_arrives_as_an_event(api, double):
    start = api.get(MAPS).json["metadata"]["resourceVersion"]
    double.compact()
    event = next(api.watch(MAPS, resourceVersion=start))
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert "too old resource version" in event["object"]["message"]


def test_given_a_quiet_watch_when_bookmarks_are_wanted_then_they_come(api):
    start = api.get(MAPS).json["metadata"]["resourceVersion"]
    event = next(api.watch(MAPS, resourceVersion=start, allowWatchBookmarks="true"))
    assert event["type"] == "BOOKMARK" and event["object"]["metadata"]["resourceVersion"]


def test_given_a_timeout_when_it_is_over_then_the_watch_ends(api):
    assert (
        list(api.watch(MAPS, resourceVersion=api.get(MAPS).json["metadata"]["resourceVersion"], timeoutSeconds=1)) == []
    )


def test_given_many_objects_when_listed_in_pages_then_pages_show_one_moment(api, double):
    for index in range(5):
        api.post(MAPS, objects.config_map(f"page-{index}", x="y"))
    first = api.get(MAPS, limit=2).json
    api.post(MAPS, objects.config_map("page-9"))
    names = [item["metadata"]["name"] for item in first["items"]]
    page = first
    while token := page["metadata"].get("continue"):
        page = api.get(MAPS, limit=2, **{"continue": token}).json
        names += [item["metadata"]["name"] for item in page["items"]]
    assert [name for name in names if name.startswith("page-")] == [f"page-{index}" for index in range(5)]
    double.compact()
    stale = api.get(MAPS, limit=2, **{"continue": first["metadata"]["continue"]})
    assert (stale.status, stale.json["reason"]) == (410, "Expired")


def test_given_label_selectors_when_listed_then_every_operator_works(api):
    for index, labels in enumerate([{"a": "1"}, {"a": "2", "b": "x"}, {}]):
        body = objects.config_map(f"label-{index}")
        body["metadata"]["labels"] = labels | {"all": "yes"}
        api.post(MAPS, body)

    def names(selector):
        items = api.get(MAPS, labelSelector=f"all=yes,{selector}").json["items"]
        return [item["metadata"]["name"][-1] for item in items]

    assert names("a=1") == ["0"] and names("a!=1") == ["1", "2"]
    assert names("a in (1,2)") == ["0", "1"] and names("a notin (1)") == ["1", "2"]
    assert names("b") == ["1"] and names("!b") == ["0", "2"] and names("a>1") == ["1"]


def test_given_an_unknown_field_when_selected_by_then_400(api):
    assert api.get(MAPS, fieldSelector="data.a=1").status == 400
