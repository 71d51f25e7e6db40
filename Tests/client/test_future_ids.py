"""Ids of blobs that the clock will bring: nobody can occupy them, and nothing is lost over them."""

import os
import time

import pytest

from volumes import Volume
from waiting import eventually

pytestmark = pytest.mark.beyond_original
INVALID = 1
BLOBS, SIZE = 50, 40_000
AHEAD = 2_000  # milliseconds, more than a busy machine takes for a request


def blob_id(milliseconds):
    """The id that a blob gets that is made at this unix time."""
    return 1 << 63 | (milliseconds << 22) & ((1 << 63) - 1)


def now():
    return int(time.time() * 1000)


def sealed_blobs(wire):
    """BLOBS sealed blobs of SIZE bytes; returns their ids."""
    reply = wire.ask("create_buffers_request", num=BLOBS, sizes=[SIZE] * BLOBS)
    os.close(wire.receive_file())
    for ident in reply["ids"]:
        wire.ask("seal_request", object_id=ident)
    return reply["ids"]


def test_given_a_tenant_when_it_moves_blobs_to_ids_of_the_near_future_then_it_is_refused_and_nothing_leaks(
    store, client
):
    volume = Volume(store, "a", quota=64 << 20)
    with volume.wire() as tenant:
        session = tenant.registration["session_id"]
        idents = sealed_blobs(tenant)
        begin = now() + AHEAD
        code, message = tenant.refused(
            "move_buffers_ownership_request", session_id=session,
            id_to_id=[[ident, blob_id(begin + place)] for place, ident in enumerate(idents)])
        assert code == INVALID and "ahead of time" in message
        # Blobs that are made when that time has come get these ids or others, but each a place of its own.
        made = set()
        while now() < begin + BLOBS:
            if now() > begin:
                made.add(tenant.ask("create_buffer_request", size=64)["id"])
        assert volume.record["used"] == BLOBS * SIZE + len(made) * 64
        tenant.ask("clear_request")
    eventually(lambda: volume.record["used"] == 0, "what the tenant wrote is given back")
    assert volume.delete()
    eventually(lambda: client.status.memory_usage == 0, "all bytes are free")


def test_given_a_tenant_when_it_moves_blobs_to_ids_of_the_past_then_they_stay_what_they_are(store, client):
    volume = Volume(store, "b", quota=64 << 20)
    with volume.wire() as tenant:
        session = tenant.registration["session_id"]
        idents = sealed_blobs(tenant)
        past = {ident: blob_id(now() - 60_000 - place) for place, ident in enumerate(idents)}
        tenant.ask("move_buffers_ownership_request", session_id=session, id_to_id=list(map(list, past.items())))
        assert volume.record["used"] == BLOBS * SIZE
        assert all(tenant.exists(ident) for ident in past.values())
        assert not any(tenant.exists(ident) for ident in past)
    assert volume.delete()
    eventually(lambda: client.status.memory_usage == 0, "all bytes are free")
