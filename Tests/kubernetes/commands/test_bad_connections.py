"""Whatever keeps a command from its cluster is told in one line, by every command in the same words."""

import os
import socket
import subprocess

import pytest

from command_line import CommandLine, program
from connections import COMMANDS, HIDDEN, edited, full_port, hidden, silent_port

HINT = "is the cluster running? check --context and --kubeconfig"
PATIENCE_HINT = (
    "is the cluster running? check --context, --kubeconfig and firewalls on the way; --request-timeout gives it longer"
)
every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


def refusal(vineyardctl, *arguments, **environment):
    """The error without what the command was about to do, after checking that it is all there is."""
    run = vineyardctl(*arguments, status=1, **environment)
    assert run.output == ""
    assert run.story == run.error + "\n"
    return run.error.removeprefix("error: ")


def cause(error):
    """Without the first part, which says what the command was about to do."""
    return error.split(": ", 1)[1]


@every_command
def test_a_kubeconfig_that_is_missing(tmp_path, command):
    error = refusal(CommandLine(None, tmp_path), *command, "--kubeconfig", "/nowhere/config")

    assert error == "cannot open kubeconfig /nowhere/config: no such file (hint: --kubeconfig names the file to read)"


@every_command
def test_no_kubeconfig_at_all(tmp_path, command):
    error = refusal(CommandLine(None, tmp_path), *command)

    looked = f"{tmp_path}/.kube/config not found or empty, and this is no pod"
    assert error == f"no cluster to talk to: {looked} (hint: name a file with --kubeconfig or KUBECONFIG)"


@every_command
def test_a_kubeconfig_that_is_no_yaml(tmp_path, command):
    broken = tmp_path / "config"
    broken.write_text("clusters: [a\nusers: b\n")

    error = refusal(CommandLine(broken, tmp_path), *command)

    assert error.startswith(f"broken kubeconfig {broken}: line 2, column 6: ")


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("just words\n", "it is not a mapping"),
        ("clusters: 1\n", "'clusters' is not a list"),
        ("users: [{name: a, user: 7}]\n", "user 'a' is not a mapping"),
    ],
)
def test_a_kubeconfig_that_is_something_else(tmp_path, text, complaint):
    broken = tmp_path / "config"
    broken.write_text(text)

    assert refusal(CommandLine(broken, tmp_path), "status").startswith(f"broken kubeconfig {broken}: {complaint}")


@every_command
def test_a_context_that_is_not_there(cluster, vineyardctl, command):
    error = refusal(vineyardctl, *command, "--context", "production")

    assert error == (
        f"unknown context 'production' in {cluster.kubeconfig}: known are double (hint: give --context NAME)"
    )


@every_command
def test_a_port_where_nothing_listens(vineyardctl, command):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = refusal(vineyardctl, *command, "--server", f"https://127.0.0.1:{port}")

    assert cause(error) == f"nothing listens at https://127.0.0.1:{port} (hint: {HINT})"


@every_command
def test_a_host_that_nobody_knows(vineyardctl, command):
    error = refusal(vineyardctl, *command, "--server", "https://nowhere.invalid")

    assert cause(error) == (f"the host name of https://nowhere.invalid is unknown (hint: {HINT}, and the name server)")


@every_command
def test_a_port_that_takes_connections_and_never_answers(vineyardctl, command):
    with silent_port() as port:
        error = refusal(vineyardctl, *command, "--server", f"https://127.0.0.1:{port}", "--request-timeout", "1s")

    assert cause(error) == (
        f"https://127.0.0.1:{port} does not answer: the TLS handshake was not over within 1s (hint: {PATIENCE_HINT})"
    )


def test_a_port_that_takes_no_more_connections(vineyardctl):
    with full_port() as port:
        error = refusal(vineyardctl, "status", "--server", f"https://127.0.0.1:{port}", "--request-timeout", "1s")

    assert cause(error) == (
        f"https://127.0.0.1:{port} does not answer: no TCP connection within 1s (hint: {PATIENCE_HINT})"
    )


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_never_answers(cluster, tmp_path, scheme):
    with silent_port() as port:
        kubeconfig = hidden(cluster, tmp_path / "config", **{"proxy-url": f"{scheme}://127.0.0.1:{port}"})
        error = refusal(CommandLine(kubeconfig, tmp_path), "status", "--request-timeout", "1s")

    assert f"there was no connection to https://{HIDDEN}:" in error and " through the proxy within 1s" in error
    assert error.endswith("(hint: check proxy-url, HTTPS_PROXY and NO_PROXY; --request-timeout gives it longer)")


@pytest.mark.skipif(os.geteuid() != 0, reason="another resolv.conf needs a mount namespace")
def test_a_name_server_that_never_answers(cluster, tmp_path):
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.77\n")
    (tmp_path / "nsswitch.conf").write_text("hosts: dns\n")
    script = (
        f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && "
        f'mount --bind {tmp_path}/nsswitch.conf /etc/nsswitch.conf && exec "$@"'
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.77", 53))
        run = subprocess.run(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
                program(),
                "status",
                "--server",
                "https://api.corp.test",
                "--request-timeout",
                "1s",
            ],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "KUBECONFIG": str(cluster.kubeconfig)},
            timeout=60,
        )

    assert run.returncode == 1
    assert "no name server answered for the host of https://api.corp.test within 1s (hint: " in run.stderr


@every_command
def test_a_token_that_was_revoked(cluster, tmp_path, command):
    cluster.token("mine", "me", ("system:masters",))
    vineyardctl = CommandLine(edited(cluster.kubeconfig, tmp_path / "config", token="mine"), tmp_path)
    vineyardctl("check", "--pre")
    cluster.revoke("mine")

    error = refusal(vineyardctl, *command)

    hint = f"log in again: the token or certificate of this context may have expired (server {cluster.server})"
    assert cause(error) == f"Unauthorized (hint: {hint})"


@every_command
def test_a_token_that_has_expired(cluster, tmp_path, command):
    cluster.token("short", "me", ("system:masters",), seconds=0)
    vineyardctl = CommandLine(edited(cluster.kubeconfig, tmp_path / "config", token="short"), tmp_path)

    assert "Unauthorized (hint: log in again" in refusal(vineyardctl, *command)


@pytest.mark.parametrize("command", COMMANDS[:2] + COMMANDS[3:], ids=lambda command: command[0])
def test_a_user_who_may_do_nothing(vineyardctl, command):
    error = refusal(vineyardctl, *command, "--as", "jane")

    assert ' is forbidden: User "jane" cannot ' in error
    assert error.endswith("(hint: ask the cluster's administrator for a role that allows it)")


TRUST = {
    "expired": "has expired (hint: have it renewed; --insecure-skip-tls-verify trusts it all the same)",
    "other-ca": (
        "is signed by an unknown authority (hint: check certificate-authority in the kubeconfig; "
        "--insecure-skip-tls-verify trusts any certificate)"
    ),
    "wrong-name": "is for another name: ",
}


@pytest.mark.parametrize("certificate", TRUST)
def test_a_server_that_cannot_be_trusted(start_double, tmp_path, certificate):
    double = start_double("--certificate", certificate)
    vineyardctl = CommandLine(double.kubeconfig, tmp_path)

    for command in COMMANDS:
        error = refusal(vineyardctl, *command)
        assert cause(error).startswith(f"the certificate of {double.server} {TRUST[certificate]}")
        if certificate == "wrong-name":
            assert error.endswith("(hint: check the server's URL, or set tls-server-name in the kubeconfig)")


def test_a_server_without_tls(vineyardctl):
    import http.server
    import threading

    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        error = refusal(vineyardctl, "status", "--server", url)
        server.shutdown()

    assert cause(error) == f"{url} does not speak TLS (hint: check the server's URL: http:// instead of https://?)"
