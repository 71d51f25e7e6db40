"""Metadata requests on the wire: trees kept verbatim, ids of 64 bits, codes of every refusal."""

import json

import pytest

from wire import blob_member, metadata, text

EMPTY_BLOB = 1 << 63
UNKNOWN_BLOB = EMPTY_BLOB | 0x77
INVALID_ID = (1 << 64) - 1


def tree_of(wire, ident, **options):
    [(key, tree)] = wire.content(ident, **options).items()
    assert key == text(ident)
    return tree


def test_given_a_new_object_when_created_then_the_reply_has_id_signature_and_instance(wire):
    reply = wire.ask("create_data_request", content=metadata())
    assert set(reply) == {"type", "id", "signature", "instance_id"}
    assert reply["instance_id"] == 0
    assert reply["id"] >> 63 == 0 and reply["signature"] >> 63 == 0
    assert reply["id"] != reply["signature"]


def test_given_an_object_when_read_then_the_server_added_exactly_its_own_fields(wire):
    content = metadata(note="kept")
    reply = wire.ask("create_data_request", content=content)
    tree = tree_of(wire, reply["id"])
    assert tree == {
        **content,
        "id": text(reply["id"]),
        "signature": reply["signature"],
        "__timestamp": tree["__timestamp"],
    }
    assert tree["__timestamp"] > 1_600_000_000_000


VALUES = {
    "text": 'quote " slash / tilde ~ backslash \\ 数 🍇 \x01',
    "json in text": '"C"',
    "empty": "",
    "true": True,
    "false": False,
    "null": None,
    "zero": 0,
    "negative": -5,
    "u64": (1 << 64) - 1,
    "i64": -(1 << 63),
    "above 2^53": (1 << 53) + 1,
    "double": 0.1,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "array": [1, "two", 3.5, True, None],
    "looks like an id": "o0000000000000005",
    "v": "vineyard",
    "l": "link",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_given_a_value_of_any_kind_when_read_then_it_is_verbatim(wire, value):
    tree = tree_of(wire, wire.new_object(field=value))
    assert tree["field"] == value
    assert type(tree["field"]) is type(value)


@pytest.mark.parametrize("key", ["plain", "__hidden", "with space", "数", 'q"q', "dot.dot", "x" * 1000])
def test_given_a_key_of_any_kind_when_read_then_it_is_verbatim(wire, key):
    assert tree_of(wire, wire.new_object(**{key: "value"}))[key] == "value"


@pytest.mark.beyond_original
@pytest.mark.parametrize("key", ["a/b", "~", "~2", "/", "", "a/~b/c~1", "-", "0"])
def test_given_a_key_that_means_something_in_a_json_pointer_when_read_then_it_is_verbatim(wire, key):
    assert tree_of(wire, wire.new_object(**{key: "value"}))[key] == "value"


def test_given_a_supplied_signature_when_created_then_it_is_kept_and_ids_of_64_bits_survive(wire):
    signature = 0x7FFF_FFFF_FFFF_FFFD
    reply = wire.ask("create_data_request", content=metadata(signature=signature))
    assert reply["signature"] == signature
    assert tree_of(wire, reply["id"])["signature"] == signature


def test_given_a_blob_member_when_read_then_its_64_bit_id_is_in_text_form(wire):
    blob = wire.new_blob(100)
    member = tree_of(wire, wire.new_object(buffer_=blob_member(blob, 100)))["buffer_"]
    assert member["id"] == text(blob)
    assert member["typename"] == "vineyard::Blob"
    assert member["instance_id"] == 0
    assert member["transient"] is True
    assert {"length", "nbytes"} <= set(member)


def test_given_a_blob_when_its_metadata_is_asked_then_it_has_its_size(wire):
    blob = wire.new_blob(100)
    assert wire.content(blob) == {
        text(blob): {
            "id": text(blob),
            "typename": "vineyard::Blob",
            "instance_id": 0,
            "length": 100,
            "nbytes": 100,
            "transient": True,
        }
    }


def test_given_members_by_id_or_as_trees_when_read_then_they_are_resolved(wire):
    child = wire.new_object("test::Child", value=5)
    for member in ({"id": text(child)}, tree_of(wire, child)):
        tree = tree_of(wire, wire.new_object("test::Parent", child=member))
        assert tree["child"]["id"] == text(child)
        assert tree["child"]["value"] == 5


def test_given_a_member_with_changed_fields_when_created_then_the_stored_object_is_not_modified(wire):
    child = wire.new_object("test::Child", value=5)
    changed = {**tree_of(wire, child), "value": 6}
    parent = wire.new_object("test::Parent", child=changed)
    assert tree_of(wire, child)["value"] == 5
    assert tree_of(wire, parent)["child"]["value"] == 5


def test_given_ids_known_and_unknown_when_read_then_only_the_known_are_in_the_content(wire):
    idents = [wire.new_object(), wire.new_object()]
    assert set(wire.content(idents[0], 5, idents[1], UNKNOWN_BLOB)) == set(map(text, idents))
    assert wire.content(5) is None
    assert wire.content() is None
    assert set(wire.content(idents[0], sync_remote=True, wait=False)) == {text(idents[0])}


def test_given_the_invalid_id_when_read_with_sync_then_there_is_an_answer(wire):
    assert wire.call("get_data_request", id=[INVALID_ID], sync_remote=True, wait=False)["type"] == "get_data_reply"


@pytest.mark.beyond_original
def test_given_the_invalid_id_when_used_then_it_is_an_unknown_object(wire):
    assert not wire.exists(INVALID_ID)
    assert wire.content(INVALID_ID, sync_remote=True) is None
    assert wire.ask("get_buffers_request", ids=[INVALID_ID], unsafe=False)["payloads"] == []


def test_given_a_wait_for_an_object_when_it_is_created_then_the_request_is_woken(store, wire, wait_for_parked):
    # The id of the awaited object is chosen by its parent: unknown members are created under their id.
    awaited = 0x0123_4567_89AB_CDEF
    with store.wire() as waiting:
        waiting.send("get_data_request", id=[awaited], sync_remote=False, wait=True)
        wait_for_parked(1)
        wire.new_object()
        wait_for_parked(1)
        assert waiting.is_quiet()
        member = metadata("test::Child", id=text(awaited), signature=0x42, value=1)
        wire.new_object("test::Parent", child=member)
        assert waiting.receive()["content"][text(awaited)]["value"] == 1
    wait_for_parked(0)


@pytest.mark.beyond_original
def test_given_an_unknown_member_without_signature_when_created_with_its_parent_then_it_can_be_deleted(wire):
    member = metadata("test::Child", id="o0000000000abcdef", value=1)
    parent = wire.new_object("test::Parent", child=member)
    assert wire.exists(0xABCDEF)
    wire.ask("del_data_request", id=[parent], deep=True)
    assert not wire.exists(0xABCDEF) and not wire.exists(parent)


def test_given_a_wait_for_an_existing_object_when_asked_then_the_answer_is_immediate(wire):
    ident = wire.new_object()
    assert set(wire.content(ident, wait=True)) == {text(ident)}


def test_given_several_trees_when_created_at_once_then_the_lists_are_in_order(wire):
    contents = [metadata(number=number) for number in range(3)]
    reply = wire.ask("create_datas_request", num=3, contents=contents)
    assert set(reply) == {"type", "num", "ids", "signatures", "instance_ids"}
    assert (reply["num"], reply["instance_ids"]) == (3, [0, 0, 0])
    assert [tree_of(wire, ident)["number"] for ident in reply["ids"]] == [0, 1, 2]
    assert [tree_of(wire, ident)["signature"] for ident in reply["ids"]] == reply["signatures"]


def test_given_several_trees_with_a_bad_one_when_created_at_once_then_none_is_created(wire):
    contents = [metadata("test::Good"), {"typename": "test::NoInstance"}, metadata("test::Good")]
    assert wire.refused("create_datas_request", num=3, contents=contents)[0] == 7
    assert wire.ask("list_data_request", pattern="test::*", regex=False, limit=10)["content"] is None


def without(key):
    return {name: value for name, value in metadata().items() if name != key}


REFUSED = {
    "no typename": (21, without("typename")),
    "typename is a number": (21, {**metadata(), "typename": 5}),
    "nothing at all": (21, {}),
    "a blob": (7, metadata("vineyard::Blob")),
    "no instance": (7, without("instance_id")),
    "empty member": (25, metadata(child={})),
    "member without id": (25, metadata(child={"typename": "x", "instance_id": 0})),
    "unknown placeholder": (27, metadata(child={"id": "o0000000000000005"})),
    "blob placeholder": (21, metadata(child={"id": "o8000000000000005"})),
    "member elsewhere": (51, metadata(child={"id": "o0000000000000006", "typename": "x", "instance_id": 7})),
}


@pytest.mark.parametrize("code, content", REFUSED.values(), ids=REFUSED.keys())
def test_given_a_bad_tree_when_created_then_the_code_tells_why(wire, code, content):
    assert wire.refused("create_data_request", content=content)[0] == code
    assert wire.ask("list_data_request", pattern="*", regex=False, limit=10)["content"] is None


def test_given_a_global_object_of_a_global_one_when_created_then_code_51(wire):
    part = tree_of(wire, wire.new_object())
    inner = wire.new_object(**{"global": True, "part": part})
    content = metadata(**{"global": True, "inner": tree_of(wire, inner)})
    assert wire.refused("create_data_request", content=content)[0] == 51


def test_given_a_list_request_when_answered_then_the_type_is_get_data_reply(wire):
    ident = wire.new_object("test::Listed")
    reply = wire.call("list_data_request", pattern="test::*", regex=False, limit=5)
    assert set(reply) == {"type", "content"}
    assert reply["type"] == "get_data_reply"
    assert set(reply["content"]) == {text(ident)}
    assert wire.call("list_data_request", pattern="none", regex=False, limit=5)["content"] is None
    assert wire.call("list_data_request", pattern="*", limit=0)["content"] is None
    assert wire.call("list_data_request", pattern="(", regex=True, limit=5)["content"] is None


@pytest.mark.parametrize(
    "request_type, fields, code",
    [
        ("persist_request", {"id": 5}, 27),
        ("persist_request", {"id": UNKNOWN_BLOB}, 7),
        ("if_persist_request", {"id": 5}, 27),
        ("label_request", {"id": 5, "keys": ["a"], "values": ["b"]}, 12),
        ("shallow_copy_request", {"id": 5}, 27),
        ("shallow_copy_request", {"id": UNKNOWN_BLOB}, 7),
        ("migrate_object_request", {"object_id": 5}, 27),
        ("migrate_object_request", {"object_id": UNKNOWN_BLOB}, 1),
        ("put_name_request", {"object_id": 5, "name": "x"}, 12),
        ("put_name_request", {"object_id": UNKNOWN_BLOB, "name": "x"}, 1),
        ("get_name_request", {"name": "nope", "wait": False}, 12),
        ("del_data_request", {"id": [5], "fastpath": True}, 7),
    ],
)
def test_given_an_id_that_does_not_do_when_used_then_the_code_is_the_specified_one(wire, request_type, fields, code):
    assert wire.refused(request_type, **fields)[0] == code


def test_given_an_object_when_persisted_then_the_answers_follow(wire):
    ident = wire.new_object()
    assert wire.ask("if_persist_request", id=ident) == {"type": "if_persist_reply", "persist": False}
    assert wire.ask("persist_request", id=ident) == {"type": "persist_reply"}
    assert wire.ask("persist_request", id=ident) == {"type": "persist_reply"}
    assert wire.ask("if_persist_request", id=ident) == {"type": "if_persist_reply", "persist": True}
    assert wire.ask("if_persist_request", id=UNKNOWN_BLOB) == {"type": "if_persist_reply", "persist": False}
    assert tree_of(wire, ident)["transient"] is False


def test_given_labels_when_set_then_they_are_a_json_text_in_the_tree(wire):
    ident = wire.new_object()
    assert wire.ask("label_request", id=ident, keys=["a", "b"], values=["1", "2"]) == {"type": "label_reply"}
    assert json.loads(tree_of(wire, ident)["__labels"]) == {"a": "1", "b": "2"}


def test_given_a_shallow_copy_when_made_then_the_extra_fields_are_laid_over(wire):
    ident = wire.new_object(first="kept", second="old")
    reply = wire.ask("shallow_copy_request", id=ident, extra={"second": "new", "number": 3, "yes": True})
    assert set(reply) == {"type", "target_id"}
    tree = tree_of(wire, reply["target_id"])
    assert (tree["first"], tree["second"], tree["number"], tree["yes"]) == ("kept", "new", 3, True)
    assert tree["signature"] == tree_of(wire, ident)["signature"]
    assert wire.refused("shallow_copy_request", id=ident, extra={"nested": {"x": 1}})[0] == 7


def test_given_deletions_with_feedback_when_answered_then_the_deleted_blobs_are_named(wire):
    blob = wire.new_blob(10)
    ident = wire.new_object(buffer_=blob_member(blob, 10))
    reply = wire.ask("del_data_with_feedbacks_request", id=[ident], force=False, deep=True, fastpath=False)
    assert set(reply) == {"type", "deleted_bids"}
    assert reply["deleted_bids"] == [blob]
    assert not wire.exists(ident) and not wire.exists(blob)


def test_given_blobs_when_deleted_by_the_fast_path_then_they_are_gone(wire):
    blobs = [wire.new_blob(10) for _ in range(3)]
    wire.ask("del_data_request", id=blobs, fastpath=True)
    assert not any(map(wire.exists, blobs))
