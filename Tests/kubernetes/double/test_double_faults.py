"""Given a fault that a test asked for, when a request meets it, then the client sees it."""

import http.client
import re
import ssl
import time

import pytest
import urllib3

import objects
from apiserver.client import Client

MAPS = "/api/v1/namespaces/default/configmaps"


def test_given_429_when_asked_then_it_says_when_to_come_back_and_counts_down(api, double):
    double.fault("status", code=429, retry_after=1, path=MAPS, method="GET", times=2)
    for _ in range(2):
        reply = api.get(MAPS)
        assert (reply.status, reply.headers["Retry-After"], reply.json["reason"]) == (429, "1", "TooManyRequests")
    assert api.get(MAPS).status == 200


def test_given_a_fault_for_one_program_then_others_do_not_meet_it(api, double):
    double.fault("status", agent="^somebody/", path=MAPS, times=1)
    assert api.get(MAPS).status == 200
    assert api.send("GET", MAPS, headers={"User-Agent": "somebody/1.0"}).status == 500


def test_given_a_reset_when_asked_then_the_connection_breaks(api, double):
    double.fault("reset", path=MAPS)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected, ssl.SSLError)):
        api.get(MAPS)
    assert api.get(MAPS).status == 200


def test_given_a_closed_connection_when_asked_then_there_is_no_answer(api, double):
    double.fault("close", path=MAPS)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected, ssl.SSLError)):
        api.get(MAPS)


def test_given_truncation_when_read_then_the_body_ends_early(api, double):
    double.fault("truncate", path=MAPS, after_bytes=10)
    with pytest.raises((http.client.IncompleteRead, ssl.SSLError)):
        api.get(MAPS)


def test_given_malformed_json_when_read_then_it_cannot_be_parsed(api, double):
    double.fault("malformed", path=MAPS)
    with pytest.raises(ValueError):
        assert api.get(MAPS).json


def test_given_a_delay_when_asked_then_the_answer_still_comes(api, double):
    double.fault("delay", path=MAPS, seconds=0.2)
    start = time.monotonic()
    assert api.get(MAPS).status == 200
    assert time.monotonic() - start >= 0.2


def test_given_requests_to_skip_when_they_pass_then_the_next_fails(api, double):
    double.fault("status", code=500, path=MAPS, skip=1)
    assert [api.get(MAPS).status for _ in range(3)] == [200, 500, 200]


def test_given_a_watch_when_dropped_or_expired_then_the_client_must_start_again(api, double):
    start = api.get(MAPS).json["metadata"]["resourceVersion"]
    double.fault("expire-watch", path=MAPS)
    assert next(api.watch(MAPS, resourceVersion=start))["object"]["code"] == 410
    api.post(MAPS, objects.config_map())
    double.fault("drop-watch", path=MAPS, seconds=0.1)
    files = {name: str(double.directory / f"client.{end}") for name, end in (("cert_file", "crt"), ("key_file", "key"))}
    pool = urllib3.PoolManager(ca_certs=str(double.directory / "ca.crt"), **files)
    reply = pool.request("GET", f"{double.server}{MAPS}?watch=1&resourceVersion={start}", preload_content=False)
    stream = reply.stream()
    assert b'"ADDED"' in next(stream)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        list(stream)


@pytest.mark.parametrize(
    "certificate, reason",
    [
        ("expired", "certificate has expired"),
        ("wrong-name", "mismatch"),
        ("other-ca", "certificate signature failure|unable to get local issuer"),
    ],
)
def test_given_a_bad_certificate_when_connected_then_the_client_refuses(start_double, certificate, reason):
    double = start_double("--certificate", certificate)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        Client(double.server, double.directory).get("/version")


def test_given_requests_when_recorded_then_tests_can_read_them(api, double):
    double.clear_requests()
    api.apply(f"{MAPS}/settings", objects.config_map())
    (record,) = double.requests()
    assert (record["method"], record["path"], record["query"], record["status"]) == (
        "PATCH",
        f"{MAPS}/settings",
        "fieldManager=tests",
        201,
    )
    assert (record["user_agent"], record["content_type"], record["protocol"]) == (
        "tests/1.0",
        "application/apply-patch+yaml",
        "HTTP/1.1",
    )


def test_given_a_fault_of_no_kind_when_asked_for_then_the_control_says_so(double):
    with pytest.raises(ValueError, match="unknown kind of fault"):
        double.fault("earthquake")


@pytest.mark.parametrize(
    "inject, name, meet",
    [
        (
            lambda double: double.fault("status", code=503, path=MAPS, times=None),
            f"fault status 503 .* {MAPS}",
            lambda api: api.get(MAPS),
        ),
        (
            lambda double: double.fault("malformed", method="GET", path=MAPS),
            f"fault malformed GET {MAPS}",
            lambda api: api.get(MAPS),
        ),
        (
            lambda double: double.deny(verb="list", resource="configmaps"),
            "denial of list configmaps.* in * to *",
            lambda api: api.get(MAPS),
        ),
        (lambda double: double.compact(), "forgotten history", lambda api: next(api.watch(MAPS, resourceVersion="1"))),
    ],
    ids=["a failure", "a spoilt body", "a denial", "forgotten history"],
)
def test_given_a_disturbance_then_the_double_knows_whether_somebody_met_it(api, double, inject, name, meet):
    inject(double)
    assert api.get("/api/v1/nodes").status == 200
    with pytest.raises(AssertionError, match=re.escape(name)):
        double.check_injections()
    meet(api)
    double.clear_faults()
    double.check_injections()
    assert double.injections() == {name: 1}


def test_given_a_fault_that_may_be_missed_then_nobody_asks_whether_it_struck(double):
    double.fault("reset", path="/nowhere", optional=True)
    double.check_injections()
