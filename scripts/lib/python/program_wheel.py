"""Makes the wheel that brings vineyardctl along: that of the client, the program, and the libraries it needs.

Run with the Python of `.venv-python`; scripts/python-package does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# The program opens these itself, under these names, when it first needs them.
OPENED = ("libcurl.so.4", "libcrypt.so.1")
PROGRAM = "vineyard/bin/vineyardctl"
ENTRY_POINTS = "[console_scripts]\nvineyardctl = vineyard.ctl:main\n"
_RENAMED = re.compile(r"([^.]+)-[0-9a-f]{8}(\..+)")


class Failed(Exception):
    """Ends the script with a line."""


def main() -> None:
    """Print the path of the wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", type=Path, help="wheel of the client alone")
    parser.add_argument("program", type=Path, help="vineyardctl, with Swift's libraries in it")
    parser.add_argument("output", type=Path, help="directory for the wheel")
    arguments = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    try:
        with tempfile.TemporaryDirectory() as work:
            print(make(arguments.client, arguments.program, arguments.output, Path(work)))
    except Failed as error:
        raise SystemExit(f"✗ {error}") from None


def make(client: Path, program: Path, output: Path, work: Path) -> Path:
    """The wheel: made from that of the client, repaired, finished."""
    libraries = linked(program)
    tree = unpack(client, work / "plain")
    target = tree / PROGRAM
    target.parent.mkdir()
    run("strip", "-o", str(target), str(program))
    target.chmod(0o755)
    # Only libraries that are linked are taken along; finish() undoes it.
    run("patchelf", *(word for name in OPENED for word in ("--add-needed", name)), str(target))
    information = only(tree.glob("*.dist-info"))
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    about = information / "WHEEL"
    text = about.read_text().replace("Root-Is-Purelib: true", "Root-Is-Purelib: false")
    about.write_text(text.replace("Tag: py3-none-any", f"Tag: py3-none-linux_{os.uname().machine}"))
    repaired = work / "repaired"
    run(sys.executable, "-m", "auditwheel", "repair", "-z", "1", "--wheel-dir", str(repaired), str(pack(tree, work)))
    tree = unpack(only(repaired.glob("*.whl")), work / "finished")
    finish(tree, libraries)
    return pack(tree, output)


def linked(program: Path) -> dict[str, Path]:
    """Libraries that the program needs, at once or later, by name."""
    found: dict[str, Path] = {}
    cache = run("ldconfig", "-p")
    opened = []
    for name in OPENED:
        match = re.search(rf"^\s+{re.escape(name)} \(libc6,x86-64.*=> (.+)$", cache, re.MULTILINE)
        if match is None:
            raise Failed(f"{name} is not on this machine (apt-get install libcurl4 libcrypt1)")
        opened.append(Path(match[1]))
        found[name] = Path(match[1])
    for file in (program, *opened):
        for name, path in re.findall(r"^\s+(\S+) => (\S+)", run("ldd", str(file)), re.MULTILINE):
            if path == "not":
                raise Failed(f"{name}, which {file.name} needs, is not on this machine")
            found[name] = Path(path)
    swift = [name for name in found if name.startswith(("libswift", "libFoundation"))]
    if swift:
        raise Failed(f"{program} needs {swift[0]}: build it with --static-swift-stdlib")
    return found


def finish(tree: Path, libraries: dict[str, Path]) -> None:
    """Give the libraries that the program opens their names back, and add what all of them are licensed under."""
    program = tree / PROGRAM
    program.chmod(0o755)
    folder = only(tree.glob("*.libs"))
    licenses = only(tree.glob("*.dist-info")) / "licenses"
    names = {path.resolve().name: name for name, path in libraries.items()}
    for file in sorted(folder.iterdir()):
        match = _RENAMED.fullmatch(file.name)
        name = names.get(match[1] + match[2]) if match else None
        if name is None:
            raise Failed(f"no library is called like {file.name}")
        package = owner(libraries[name])
        shutil.copy(f"/usr/share/doc/{package}/copyright", fresh(licenses / package / "copyright"))
        if name not in OPENED:
            continue
        run("patchelf", "--remove-needed", file.name, str(program))
        run("patchelf", "--set-soname", name, str(file))
        file.rename(folder / name)
    checkouts = ROOT / ".build/checkouts"
    for package_folder in sorted(checkouts.iterdir()) if checkouts.is_dir() else ():
        for file in (*package_folder.glob("LICENSE*"), *package_folder.glob("NOTICE*")):
            shutil.copy(file, fresh(licenses / package_folder.name / file.name))


def owner(library: Path) -> str:
    """Debian package that a library is from."""
    for path in (library.resolve(), Path(str(library.resolve()).removeprefix("/usr")), library):
        done = subprocess.run(["dpkg", "-S", str(path)], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return re.split("[:,]", done.stdout)[0]
    raise Failed(f"no Debian package has {library}: its terms are not known")


def fresh(path: Path) -> Path:
    """A path whose directory is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def unpack(wheel: Path, into: Path) -> Path:
    """Directory with what a wheel has."""
    run(sys.executable, "-m", "wheel", "unpack", "--dest", str(into), str(wheel))
    return only(into.iterdir())


def pack(tree: Path, output: Path) -> Path:
    """Wheel of a directory."""
    said = run(sys.executable, "-m", "wheel", "pack", "--dest-dir", str(output), str(tree))
    match = re.search(r"as (.+\.whl)", said)
    if match is None:
        raise Failed(f"wheel pack said {said!r}")
    return Path(match[1])


def only(paths: object) -> Path:
    """The one path of several."""
    (path,) = paths  # type: ignore[misc]
    return path


def run(*words: str) -> str:
    """Output of a program; a failure ends the script with what it said."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Failed(f"{Path(words[0]).name} {words[1]}: {said[-1]}")
    return done.stdout


if __name__ == "__main__":
    main()
