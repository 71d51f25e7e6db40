"""The pod of the operator, as its manifest describes it."""

import http.client

DEPLOYMENT = ("Deployment", "vineyard-controller-manager")


def test_help(run):
    done = run("manager", "--help")
    assert done.status == 0
    assert "--leader-elect" in done.output


def test_both_containers_get_ready(run, pod, containers, image, settings, in_cluster):
    deployed = run("deploy", "operator", "--create-namespace", mounts=settings())
    assert deployed.status == 0, deployed.story
    environment, account = in_cluster(group=65532)
    made = pod(*DEPLOYMENT, **{"api-access": account})
    manager = containers(image, made.process("manager", **environment))
    webhook = containers(image, made.process("webhook"))
    for container, name in ((manager, "manager"), (webhook, "webhook")):
        manifest = made.container(name)
        ports = {port["name"]: port["containerPort"] for port in manifest["ports"]}
        probe = manifest["readinessProbe"]["httpGet"]
        container.until(lambda: answer(ports[probe["port"]], probe["path"]) == 200, f"{name} is ready")
    for container in (webhook, manager):
        stopped = container.stop()
        assert stopped.status == 0, stopped.story


def answer(port, path):
    """The status of a request, None when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()
