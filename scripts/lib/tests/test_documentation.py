"""The documentation's links, scripts and pins hold; Tests/CommandsTests knows the program's command lines."""

import re
import shlex
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "kubeflow"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("examples/*/README.md"))]
FOREIGN_GROUPS = ("k8s.v6d.io", "snapshot.storage.k8s.io")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(?:sh|console)\n(.*?)```", re.DOTALL)
PINS = re.compile(r"\b([a-z-]+)==([\d.]+)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path, program: str) -> list[list[str]]:
    """Return the words after `program` of each line in a page's blocks of commands that begins with it."""
    found = []
    for block in FENCE.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and words[0] == program:
                found.append(words[1:])
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_given_a_page_then_its_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)}: {target}"
        assert not anchor or anchor in anchors(there), f"{name(page)}: {target}"


def test_given_a_page_then_the_index_has_it() -> None:
    index = set(LINK.findall((ROOT / "docs" / "README.md").read_text()))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - index == {"README.md"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_given_a_script_on_a_page_then_it_is_there_and_knows_its_options(page: Path) -> None:
    text = page.read_text()
    for script in re.findall(r"scripts/[a-z-]+\b(?!/)", text):
        assert (ROOT / script).exists(), f"{name(page)}: {script}"
    for script in ("scripts/quickstart", "scripts/test", "scripts/bench", "scripts/image"):
        wanted = {word.partition("=")[0] for words in commands(page, script) for word in words if word.startswith("--")}
        if wanted:
            help_text = subprocess.run([ROOT / script, "--help"], capture_output=True, text=True, check=True).stdout
            assert not {flag for flag in wanted if flag not in help_text}, f"{name(page)}: {script}"


def test_given_the_readmes_pip_line_then_its_pins_are_those_that_are_tested() -> None:
    pins = dict(PINS.findall((ROOT / "README.md").read_text()))
    tested = dict(PINS.findall((EXAMPLE / "requirements.txt").read_text()))
    assert {"vineyard", "numpy", "pandas", "pyarrow", "setuptools"} == set(pins)
    assert pins == {package: tested[package] for package in pins}
    assert pins.items() <= dict(PINS.findall((ROOT / "requirements.txt").read_text())).items()


def test_given_the_readmes_picture_then_it_shows_a_gain_and_is_what_the_quickstart_draws() -> None:
    root = ElementTree.parse(ROOT / "docs" / "quickstart.svg").getroot()
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(text.startswith("−") for text in texts) == 3
    assert any(text.startswith("scripts/quickstart: ") for text in texts) and any(
        "vineyardctl" in text for text in texts
    )


def test_given_the_documentations_manifests_then_kubernetes_takes_them() -> None:
    checked = set()
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            for manifest in yaml.safe_load_all(block):
                if "apiVersion" in manifest and not manifest["apiVersion"].startswith(FOREIGN_GROUPS):
                    kubernetes_validate.validate(manifest, "1.34", strict=True)
                    checked.add(manifest["kind"])
    assert {"PersistentVolumeClaim", "Pod", "VolumeAttributesClass"} <= checked
