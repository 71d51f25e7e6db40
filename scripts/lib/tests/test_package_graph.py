"""Package.swift declares what the sources import, no more and no less, and docs/architecture.md draws that graph."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Modules of the toolchain, which no package declares.
TOOLCHAIN = {"Dispatch", "FoundationEssentials", "Glibc", "Synchronization", "Testing"}
TARGET = re.compile(r"\.(target|executableTarget|testTarget|systemLibrary)\(")
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)",
    re.MULTILINE,
)
# What generated code imports where the toolchain has no module of that name.
FALLBACK = re.compile(r"^#else\nimport Foundation\n#endif$", re.MULTILINE)
NAME = re.compile(r'name: "([^"]+)"')


def call(text: str, start: int) -> str:
    """Return the text from `start` to the parenthesis that closes the one before it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    raise ValueError("a parenthesis is not closed")


def bracket(text: str, key: str) -> str:
    """Return what stands between the brackets after a key, empty without the key."""
    found = re.search(rf"{key}: \[(.*?)\]", text, re.DOTALL)
    return found.group(1) if found else ""


def read_targets() -> dict[str, dict]:
    text = (ROOT / "Package.swift").read_text()
    text = re.sub(r"^\s*//.*$", "", text[text.index("targets: [\n    .") :], flags=re.MULTILINE)
    targets = {}
    for match in TARGET.finditer(text):
        body = call(text, match.end())
        name = NAME.search(body).group(1)
        dependencies = bracket(body, "dependencies")
        products = set(re.findall(r'\.product\(name: "([^"]+)"', dependencies))
        own = set(re.findall(r'"([^"]+)"', re.sub(r"\.product\([^)]*\)", "", dependencies)))
        path = re.search(r'path: "([^"]+)"', body)
        folder = path.group(1) if path else f"{'Tests' if match.group(1) == 'testTarget' else 'Sources'}/{name}"
        targets[name] = {
            "kind": match.group(1),
            "folder": ROOT / folder,
            "own": own,
            "products": products,
        }
    return targets


TARGETS = read_targets()
SWIFT = [name for name, target in TARGETS.items() if list(target["folder"].rglob("*.swift"))]


def imports(name: str) -> set[str]:
    files = TARGETS[name]["folder"].rglob("*.swift")
    return {module for file in files for module in IMPORT.findall(FALLBACK.sub("", file.read_text()))} - TOOLCHAIN


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found, left = set(), list(graph[start])
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += graph[name]
    return found


def reduced(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Return the edges that no longer way stands for."""
    return {
        (name, other)
        for name, others in graph.items()
        for other in others
        if not any(other in reachable(graph, between) for between in others - {other})
    }


def test_the_package_has_the_targets_that_have_a_folder() -> None:
    folders = {folder.name for folder in (ROOT / "Sources").iterdir() if folder.is_dir()}
    assert folders <= TARGETS.keys()
    assert len(SWIFT) > 20


@pytest.mark.parametrize("name", SWIFT)
def test_given_a_target_then_it_declares_what_it_imports(name: str) -> None:
    imported, declared = imports(name) - {name}, TARGETS[name]["own"] | TARGETS[name]["products"]
    assert not imported - declared, "imported and not declared"
    assert not declared - imported, "declared and never imported"


def test_given_the_drawn_graph_then_it_is_that_of_the_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text().partition("\n## ")[0]
    drawing = re.search(r"```mermaid\n(.*?)```", page, re.DOTALL).group(1)
    drawn = {
        (left.strip(), right.strip())
        for lefts, rights in re.findall(r"^(.*) --> (.*)$", drawing, re.MULTILINE)
        for left in lefts.split("&")
        for right in rights.split("&")
    }
    shipped = {
        name: {other for other in target["own"] if not TARGETS[other]["folder"].is_relative_to(ROOT / "Tests")}
        for name, target in TARGETS.items()
        if not target["folder"].is_relative_to(ROOT / "Tests")
    }
    assert not drawn - reduced(shipped), "drawn, but implied by others or not there"
    assert not reduced(shipped) - drawn, "not drawn"
    rows = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
    assert rows == shipped.keys()
