"""examples/monitoring against the real thing: metrics that a store and a driver serve, rules that promtool takes."""

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from daemon import REPOSITORY, free_port
from harness.driver import program
from waiting import PATIENCE

MONITORING = REPOSITORY / "examples" / "monitoring"
METRIC = re.compile(r"\b(vineyard_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*=~?")
SAMPLE = re.compile(r"^(vineyard_\w+)(?:\{([^}]*)\})? ", re.MULTILINE)
SCRAPED = {"namespace", "pod", "node"}
"""Labels that scrape.yaml adds."""


def alerts():
    [group] = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def panels():
    return json.loads((MONITORING / "dashboard.json").read_text())["panels"]


def expressions():
    """Every expression that a rule or a panel has."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    found = [rule["expr"] for rule in alerts()] + [t["expr"] for panel in panels() for t in panel["targets"]]
    return found + [v["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]


@pytest.fixture(scope="module")
def served():
    """The metrics of a store and a driver that have done something, each with the labels it has."""
    from harness.node import Node

    ports, node = [free_port(), free_port()], Node()
    try:
        node.start_store(flags=["--metrics_port", str(ports[0])])
        node.start_driver(flags=[f"--metrics_port={ports[1]}"])
        node.create("pvc-1")
        with node.store.wire() as client:
            client.call("get_data_request", ids=[1], sync_remote=False, wait=False)
        told = ""
        for port in ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
                told += answer.read().decode()
        node.end()
    finally:
        node.discard()
    labels = {}
    for name, text in SAMPLE.findall(told):
        labels.setdefault(name, set()).update(LABEL.findall(text))
    return labels


def test_given_rules_and_dashboard_then_each_metric_in_them_is_served_with_these_labels(served):
    used = [(name, set(LABEL.findall(labels))) for text in expressions() for name, labels in METRIC.findall(text)]
    assert len({name for name, _ in used}) > 15
    for name, labels in used:
        assert name in served, name
        assert labels <= served[name] | SCRAPED, f"{name}: {labels - served[name]}"


def test_given_the_rules_then_promtool_takes_them_and_they_fire_when_they_should(tmp_path):
    promtool = shutil.which("promtool") or pytest.skip("no promtool: apt-get install prometheus")
    shutil.copy(MONITORING / "alerts.yaml", tmp_path)
    shutil.copy(Path(__file__).with_name("alerts.test.yaml"), tmp_path)
    text = [expression.replace("$node", ".*") for expression in expressions() if "label_values" not in expression]
    rules = [{"record": f"expression:{number}", "expr": each} for number, each in enumerate(text)]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    for command in (["check", "rules", "alerts.yaml", "all.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run([promtool, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = yaml.safe_load((tmp_path / "alerts.test.yaml").read_text())["tests"][0]["alert_rule_test"]
    fired = {each["alertname"] for each in tested if each["exp_alerts"]}
    assert fired == {rule["alert"] for rule in alerts()}


def test_given_the_dashboard_then_panels_have_their_own_places_and_numbers():
    cells, numbers = set(), [panel["id"] for panel in panels()]
    for panel in panels():
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells and max(x for x, _ in own) < 24, panel["title"]
        cells |= own
    assert len(set(numbers)) == len(numbers)


def test_given_what_is_deployed_then_the_scrape_finds_the_pods_of_stores_driver_and_etcd():
    resources = yaml.safe_load_all((REPOSITORY / "examples" / "kubernetes" / "store.yaml").read_text())
    documents = []
    for resource in resources:
        done = subprocess.run(
            [program(), "render", "-f", "-"], input=json.dumps(resource), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        documents += list(yaml.safe_load_all(done.stdout))
    [job] = yaml.safe_load((MONITORING / "scrape.yaml").read_text())["scrape_configs"]
    found = set()
    for document in documents:
        template = (document.get("spec") or {}).get("template") or {}
        for container in template.get("spec", {}).get("containers", []):
            for port in container.get("ports", []):
                labels = {
                    f"labelpresent_{re.sub('[^a-z]', '_', label)}": "true" for label in template["metadata"]["labels"]
                }
                facts = {f"__meta_kubernetes_pod_{name}": value
                         for name, value in {**labels, "container_port_name": port["name"]}.items()}  # fmt: skip
                keep = job["relabel_configs"][0]
                if ";".join(facts.get(name, "") for name in keep["source_labels"]) == keep["regex"]:
                    found.add((document["kind"], port["containerPort"]))
    etcd = ("StatefulSet", 2381)
    assert found == {("Deployment", 9601), ("Deployment", 9812), ("DaemonSet", 9812), etcd}
    assert job["job_name"] == "vineyard" and 'up{job="vineyard"}' in alerts()[0]["expr"]


def test_given_an_alert_then_the_page_says_what_to_do():
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    assert re.findall(r"^\| `(Vineyard\w+)` \|", page, re.MULTILINE) == [rule["alert"] for rule in alerts()]
