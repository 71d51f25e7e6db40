"""Streams belong to whoever made them: they go with the volume's contents, its end, and their session."""

import pytest

from volumes import Volume

pytestmark = pytest.mark.beyond_original
READ, NOT_EXISTS = 1, 12
COUNT = 500


def make_streams(wire, count=COUNT):
    """Streams on ids that no object has."""
    for ident in range(1, count + 1):
        wire.ask("create_stream_request", object_id=ident)


@pytest.mark.parametrize("scope", ["volume", "cluster"])
def test_given_streams_of_a_volume_when_it_is_cleared_then_they_are_gone(store, scope):
    volume = Volume(store, f"cleared-{scope}", quota=1 << 20, scope=scope)
    with volume.wire() as tenant:
        make_streams(tenant)
        tenant.ask("clear_request")
        for ident in (1, COUNT):
            assert tenant.refused("open_stream_request", object_id=ident, mode=READ)[0] == NOT_EXISTS
            tenant.ask("create_stream_request", object_id=ident)
    assert volume.delete()


@pytest.mark.parametrize("scope", ["volume", "cluster"])
def test_given_streams_of_a_volume_when_it_is_deleted_then_nobody_has_them(store, wire, scope):
    volume = Volume(store, f"deleted-{scope}", quota=1 << 20, scope=scope)
    with volume.wire() as tenant:
        make_streams(tenant)
    assert volume.delete()
    for ident in (1, COUNT):
        assert wire.refused("open_stream_request", object_id=ident, mode=READ)[0] == NOT_EXISTS


def test_given_streams_of_the_store_itself_when_it_is_cleared_then_they_are_gone(wire):
    make_streams(wire)
    wire.ask("clear_request")
    assert wire.refused("open_stream_request", object_id=COUNT, mode=READ)[0] == NOT_EXISTS
