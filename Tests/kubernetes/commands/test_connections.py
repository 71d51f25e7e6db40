"""The ways to a cluster that work: users, kubeconfigs, proxies."""

import json
import os
import socket
import threading

import pytest
import yaml

from command_line import CommandLine
from connections import HIDDEN, edited, hidden, socks_tunnel, tunnel

PASSES = ("check", "--pre")


@pytest.fixture
def with_user(cluster, tmp_path):
    """Runs the program with the cluster's kubeconfig and another user."""
    return lambda **user: CommandLine(edited(cluster.kubeconfig, tmp_path / "config", **user), tmp_path)


def users(cluster):
    return {request["user"] for request in cluster.requests() if request["user_agent"].startswith("vineyardctl")}


def test_a_client_certificate(cluster, vineyardctl):
    vineyardctl(*PASSES)
    assert len(users(cluster)) == 1


def test_a_token(cluster, tmp_path):
    CommandLine(cluster.directory / "kubeconfig-token", tmp_path)(*PASSES)


def test_a_token_file(cluster, with_user, tmp_path):
    cluster.token("mine", "me", ("system:masters",))
    (tmp_path / "token").write_text("mine\n")

    with_user(tokenFile=str(tmp_path / "token"))(*PASSES)

    assert users(cluster) == {"me"}


def test_a_password(cluster, with_user):
    cluster.password("me", "secret", ("system:masters",))

    with_user(username="me", password="secret")(*PASSES)

    assert users(cluster) == {"me"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_exec_plugin(cluster, with_user, tmp_path, version):
    cluster.token("from-plugin", "plugged", ("system:masters",))
    credential = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": {"token": "from-plugin"},
    }
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
    plugin.chmod(0o755)

    with_user(
        exec={
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    )(*PASSES)

    assert users(cluster) == {"plugged"}
    assert (tmp_path / "runs").read_text() == "run\n", "one credential serves all requests"


def test_an_exec_plugin_that_fails_is_one_line_with_its_own_words(with_user, tmp_path):
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho 'please log in' >&2\nexit 3\n")
    plugin.chmod(0o755)

    run = with_user(
        exec={
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
            "installHint": "get it from example.com",
        }
    )("status", status=1)

    assert run.error.count("\n") == 0 and "3" in run.error
    assert run.output == ""


def test_an_exec_plugin_that_is_not_there(with_user):
    run = with_user(
        exec={
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "no-such-plugin",
            "interactiveMode": "Never",
            "installHint": "get it from example.com",
        }
    )("status", status=1)

    assert "no-such-plugin" in run.error and "get it from example.com" in run.error
    assert run.story == run.error + "\n"


def test_acting_as_another_user(cluster, vineyardctl):
    vineyardctl("status", "--as", "jane", status=1)

    asked = [request for request in cluster.requests() if request["user_agent"].startswith("vineyardctl")]
    assert {request["user"] for request in asked} == {"jane"}
    assert all(request["impersonator"] for request in asked)


def test_acting_as_another_user_with_groups(cluster, with_user):
    cluster.token("mine", "me", ("system:masters",))

    with_user(**{"token": "mine", "as": "jane", "as-groups": ["system:masters"], "as-user-extra": {"k/x": ["v"]}})(
        *PASSES
    )

    assert users(cluster) == {"jane"}


def test_an_id_token(cluster, with_user):
    cluster.token("mine", "me", ("system:masters",))

    with_user(**{"auth-provider": {"name": "oidc", "config": {"id-token": "mine", "client-id": "k"}}})(*PASSES)

    assert users(cluster) == {"me"}


def test_a_large_authority_with_comments_in_latin_1(cluster, tmp_path):
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    authority = (cluster.directory / "ca.crt").read_bytes()
    (tmp_path / "ca.crt").write_bytes("# Autorité\n".encode("latin-1") * 200_000 + authority)
    entry = config["clusters"][0]["cluster"]
    entry.pop("certificate-authority-data", None)
    entry["certificate-authority"] = "ca.crt"
    (tmp_path / "config").write_text(yaml.safe_dump(config))

    CommandLine(tmp_path / "config", tmp_path)(*PASSES)


def test_a_kubeconfig_in_utf_16_with_a_second_document(cluster, tmp_path):
    text = cluster.kubeconfig.read_text() + "---\nnonsense\n"
    (tmp_path / "config").write_bytes(text.encode("utf-16"))

    CommandLine(tmp_path / "config", tmp_path)(*PASSES)


def test_a_directory_of_the_name_of_a_plugin(cluster, with_user, tmp_path):
    cluster.token("from-plugin", "plugged", ("system:masters",))
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-plugin"},
    }
    (tmp_path / "first" / "plugin").mkdir(parents=True)
    (tmp_path / "second").mkdir()
    plugin = tmp_path / "second" / "plugin"
    plugin.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
    plugin.chmod(0o755)

    with_user(
        exec={
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "plugin",
            "interactiveMode": "Never",
        }
    )(*PASSES, PATH=f"{tmp_path}/first:{tmp_path}/second:{os.environ['PATH']}")

    assert users(cluster) == {"plugged"}


def test_a_server_alone_needs_no_kubeconfig(cluster, tmp_path):
    run = CommandLine(None, tmp_path)("status", "--server", cluster.server, status=1)

    assert "is signed by an unknown authority" in run.error


def test_verification_can_be_switched_off(start_double, tmp_path):
    double = start_double("--certificate", "other-ca")

    CommandLine(double.kubeconfig, tmp_path)(*PASSES, "--insecure-skip-tls-verify")


def test_kubeconfigs_in_a_list_are_merged(cluster, tmp_path):
    whole = yaml.safe_load(cluster.kubeconfig.read_text())
    parts = {}
    for key in ("clusters", "users", "contexts"):
        parts[key] = tmp_path / key
        parts[key].write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", key: whole[key]}))
    listed = os.pathsep.join(str(path) for path in parts.values())

    vineyardctl = CommandLine(None, tmp_path)

    assert "no context is chosen" in vineyardctl("status", status=1, KUBECONFIG=listed).error
    vineyardctl(*PASSES, "--context", "double", KUBECONFIG=listed)


def test_a_context_chooses_among_clusters(cluster, start_double, tmp_path):
    other = start_double()
    merged = f"{cluster.kubeconfig}{os.pathsep}{tmp_path}/second"
    second = yaml.safe_load(other.kubeconfig.read_text())
    for key in ("clusters", "users", "contexts"):
        second[key][0]["name"] = "second"
    second["contexts"][0]["context"] |= {"cluster": "second", "user": "second"}
    (tmp_path / "second").write_text(yaml.safe_dump(second))

    run = CommandLine(None, tmp_path)(*PASSES, "--context", "second", KUBECONFIG=merged)

    assert other.server in run.output and cluster.server not in run.output


@pytest.fixture
def behind_a_proxy(cluster, tmp_path):
    """Runs the program against the cluster under a name that only a proxy can resolve."""
    return CommandLine(hidden(cluster, tmp_path / "config"), tmp_path)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_from_the_environment(cluster, behind_a_proxy, variable):
    with tunnel() as (port, targets):
        behind_a_proxy(*PASSES, **{variable: f"http://127.0.0.1:{port}"})

    assert set(targets) == {f"{HIDDEN}:{cluster.server.rsplit(':', 1)[1]}"}


def test_a_server_of_this_machine_needs_no_proxy(vineyardctl):
    with tunnel() as (port, targets):
        vineyardctl(*PASSES, HTTPS_PROXY=f"http://127.0.0.1:{port}")

    assert targets == []


def test_a_proxy_for_everything_does_not_count(behind_a_proxy):
    with tunnel() as (port, targets):
        run = behind_a_proxy(*PASSES, ALL_PROXY=f"http://127.0.0.1:{port}", status=1)

    assert targets == [] and f"the host name of https://{HIDDEN}:" in run.error


@pytest.mark.parametrize("exceptions", ["*.corp.test", HIDDEN, "{host}:{port}", "corp.test", "*"])
def test_hosts_that_need_no_proxy(cluster, behind_a_proxy, exceptions):
    exceptions = exceptions.format(host=HIDDEN, port=cluster.server.rsplit(":", 1)[1])
    with tunnel() as (port, targets):
        run = behind_a_proxy(*PASSES, HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY=exceptions, status=1)

    assert targets == [] and f"the host name of https://{HIDDEN}:" in run.error


@pytest.mark.parametrize("exceptions", ["127.0.0.1", f"{HIDDEN}:1", "*.api.corp.test"])
def test_exceptions_are_for_the_real_host(behind_a_proxy, exceptions):
    """The kubeconfig's tls-server-name is 127.0.0.1."""
    with tunnel() as (port, targets):
        behind_a_proxy(*PASSES, HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY=exceptions)

    assert targets


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("place", ["kubeconfig", "environment"])
def test_a_socks_proxy_resolves_names(cluster, tmp_path, scheme, place):
    with socks_tunnel() as (port, targets):
        url = f"{scheme}://127.0.0.1:{port}"
        kubeconfig = hidden(cluster, tmp_path / "config", **({"proxy-url": url} if place == "kubeconfig" else {}))
        run = CommandLine(kubeconfig, tmp_path)
        run(*PASSES, **({"HTTPS_PROXY": url} if place == "environment" else {}))

    assert set(targets) == {f"name:{HIDDEN}:{cluster.server.rsplit(':', 1)[1]}"}


def test_a_proxy_of_the_kubeconfig(cluster, tmp_path):
    with tunnel() as (port, targets):
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["proxy-url"] = f"http://127.0.0.1:{port}"
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        CommandLine(tmp_path / "config", tmp_path)(*PASSES)

    assert targets


def test_a_proxy_that_is_not_there_is_named(behind_a_proxy):
    run = behind_a_proxy("status", status=1, HTTPS_PROXY="http://127.0.0.1:1")

    assert "the proxy on the way to " in run.error
    assert run.error.endswith("(hint: check proxy-url, HTTPS_PROXY and NO_PROXY)")


def test_a_proxy_that_refuses_is_named(behind_a_proxy):
    def refuse(server):
        client, _ = server.accept()
        with client:
            client.recv(65536)
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=refuse, args=(server,), daemon=True).start()
        run = behind_a_proxy("status", status=1, HTTPS_PROXY=f"http://127.0.0.1:{server.getsockname()[1]}")

    assert "the proxy on the way to " in run.error and "407" in run.error
