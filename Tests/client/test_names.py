"""Names point to persisted objects; any text is a name."""

import numpy as np
import pytest
import vineyard

NAMES = [
    "plain",
    "/run/volumes/pvc-1/step one/out",
    "//double//slash/",
    "tilde~0~1~2~",
    "~",
    "/",
    "with space\tand tab",
    "ünïcode/数据/🍇",
    'quote"back\\slash',
    "*",
    "[a-z]?",
    "x" * 4096,
]


def named(client, name, value=1):
    return client.put(value, persist=True, name=name)


def listed(client, pattern, **options):
    return sorted(client.list_names(pattern, **options))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_given_any_text_as_name_when_asked_for_then_it_leads_to_the_object(client, peer, name):
    ident = client.put(np.arange(5), persist=True, name=name)
    assert client.get_name(name) == ident
    np.testing.assert_array_equal(client.get(name=name), np.arange(5))
    assert client.list_names("*", limit=100) == {name: ident}
    assert peer.run("int(client.get_name(name))", name=name) == int(ident)
    client.drop_name(name)
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.get_name(name)


def test_given_a_name_when_object_metadata_is_read_then_it_shows_the_escaped_name(client):
    ident = named(client, "a/b~c")
    assert client.get_meta(ident)["__name"] == "a~1b~0c"
    client.drop_name("a/b~c")
    assert "__name" not in client.get_meta(ident)


def test_given_a_transient_object_when_named_then_it_is_refused_and_no_name_appears(client):
    ident = client.put(1)
    with pytest.raises(vineyard.InvalidException, match="transient"):
        client.put_name(ident, "early")
    assert client.list_names("*") == {}


def test_given_a_blob_when_named_then_it_is_refused(client):
    ident = client.put(b"bytes")
    with pytest.raises(vineyard.InvalidException):
        client.put_name(ident, "blob")


def test_given_an_unknown_object_when_named_then_object_not_exists_is_raised(client):
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.put_name(vineyard.ObjectID(0x99), "nobody")


def test_given_an_unknown_name_when_asked_for_then_the_error_tells_it(client):
    with pytest.raises(vineyard.ObjectNotExistsException, match="failed to find name: no such name"):
        client.get_name("no such name")
    with pytest.raises(vineyard.ObjectNotExistsException):
        client.get(name="no such name")


def test_given_a_used_name_when_put_again_then_it_leads_to_the_newer_object(client):
    first = named(client, "result", "old")
    second = named(client, "result", "new")
    assert client.get(name="result") == "new"
    assert client.get_name("result") == second != first
    assert client.get(first) == "old"
    assert len(client.list_names("*")) == 1


def test_given_one_object_when_named_twice_then_both_names_lead_to_it(client):
    ident = named(client, "one")
    client.put_name(ident, "two")
    assert client.get_name("one") == client.get_name("two") == ident
    client.drop_name("one")
    assert client.get_name("two") == ident


def test_given_an_unknown_name_when_dropped_then_nothing_happens(client):
    named(client, "kept")
    client.drop_name("never was")
    assert listed(client, "*") == ["kept"]


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("*", ["/a/b", "/a/c/d", "run-1", "run-2", "run-10"]),
        ("run-?", ["run-1", "run-2"]),
        ("run-[2-9]", ["run-2"]),
        ("/a/*", ["/a/b", "/a/c/d"]),
        ("*/d", ["/a/c/d"]),
        ("run-1", ["run-1"]),
        ("run", []),
        ("", []),
    ],
)
def test_given_a_wildcard_when_names_are_listed_then_the_whole_name_must_match(client, pattern, expected):
    for name in ["/a/b", "/a/c/d", "run-1", "run-2", "run-10"]:
        named(client, name)
    assert listed(client, pattern, limit=100) == sorted(expected)


@pytest.mark.parametrize(
    "pattern, expected",
    [
        (".*", ["/a/b", "run-1", "run-2", "run-10"]),
        ("run-[0-9]", ["run-1", "run-2"]),
        (r"run-\d+", ["run-1", "run-2", "run-10"]),
        ("run|/a/b", ["/a/b"]),
        ("run-", []),
        ("(unclosed", []),
    ],
)
def test_given_a_regex_when_names_are_listed_then_the_whole_name_must_match(client, pattern, expected):
    for name in ["/a/b", "run-1", "run-2", "run-10"]:
        named(client, name)
    assert listed(client, pattern, regex=True, limit=100) == sorted(expected)


def test_given_a_limit_when_names_are_listed_then_the_first_in_order_are_told(client):
    for name in ["d", "b", "e", "a", "f", "c", "g"]:
        named(client, name)
    assert listed(client, "*") == ["a", "b", "c", "d", "e"]
    assert listed(client, "*", limit=2) == ["a", "b"]
    assert listed(client, "[c-z]", limit=3) == ["c", "d", "e"]
    assert listed(client, "*", limit=0) == []


def test_given_a_waiting_process_when_the_name_appears_then_it_is_woken(client, peer, wait_for_parked):
    peer.begin("client.get(client.get_name('later', wait=True))")
    wait_for_parked(1)
    named(client, "another name")
    wait_for_parked(1)
    named(client, "later", "here I am")
    assert peer.answer() == "here I am"
    wait_for_parked(0)


def test_given_several_waiting_processes_when_the_name_appears_then_all_are_woken(client, store, wait_for_parked):
    waiting = [store.wire() for _ in range(5)]
    for connection in waiting:
        connection.send("get_name_request", name="signal", wait=True)
    wait_for_parked(5)
    ident = named(client, "signal")
    for connection in waiting:
        assert connection.receive() == {"type": "get_name_reply", "object_id": int(ident)}
        connection.close()


def test_given_an_existing_name_when_waited_for_then_the_answer_is_immediate(client):
    ident = named(client, "already")
    assert client.get_name("already", wait=True) == ident


@pytest.mark.beyond_original
def test_given_a_waiting_process_that_dies_when_time_passes_then_its_request_is_forgotten(
    client, peer, wait_for_parked
):
    peer.begin("client.get_name('never', wait=True)")
    wait_for_parked(1)
    peer.kill()
    wait_for_parked(0)


@pytest.mark.beyond_original
def test_given_a_named_object_when_deleted_then_its_names_are_gone(client):
    ident = named(client, "first")
    client.put_name(ident, "second")
    other = named(client, "other")
    client.delete(ident)
    for name in ("first", "second"):
        with pytest.raises(vineyard.ObjectNotExistsException):
            client.get_name(name)
    assert client.list_names("*") == {"other": other}


def test_given_a_name_moved_to_another_object_when_the_old_one_is_deleted_then_the_name_stays(client):
    first = named(client, "moved", "old")
    second = named(client, "moved", "new")
    client.delete(first)
    assert client.get_name("moved") == second


@pytest.mark.beyond_original
def test_given_names_when_the_store_is_cleared_then_they_are_gone(client):
    named(client, "a")
    named(client, "b/c")
    client.clear()
    assert client.list_names("*") == {}
