"""What is in the image, and what is not."""

import hashlib
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "/var/lib/dpkg/status.d/"
WRITTEN = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"}
# Made by the package when it is installed, of the certificates in it.
GENERATED = {"/etc/ssl/certs/ca-certificates.crt"}
OWN_PAPERS = "/usr/share/doc/vineyardctl/"


@pytest.fixture(scope="module")
def files(image):
    return image.files()


@pytest.fixture(scope="module")
def entries(image):
    return image.entries()


@pytest.fixture(scope="module")
def packages(files):
    """The fields of each package by name."""
    found = {}
    for path, content in files.items():
        if path.startswith(PACKAGES) and not path.endswith(".md5sums"):
            lines = content.decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" "))
            found[path.removeprefix(PACKAGES)] = fields
    return found


def test_labels_tell_version_and_commit(image, run):
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    version = run("version").output.split()[1]
    assert image.name == f"localhost/vineyardctl:{version}"
    assert image.labels["org.opencontainers.image.version"] == version
    assert image.labels["org.opencontainers.image.revision"].removesuffix("-dirty") == commit
    assert image.labels["org.opencontainers.image.title"] == "vineyardctl"
    assert image.labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_archive_carries_the_name_that_deploy_takes(image, manifests):
    [reference] = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in image.index["manifests"]]
    operator = manifests["Deployment", "vineyard-controller-manager"]["spec"]["template"]["spec"]["containers"]
    assert {container["image"] for container in operator} == {reference} == {image.name}


def test_program_runs_as_an_ordinary_user(image, files):
    assert image.configuration["User"] == "65532:65532"
    assert "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin" in files["/etc/passwd"].decode().splitlines()


def test_both_names_are_the_program(entries):
    assert entries["/vineyardctl"].isfile()
    for name in ("vineyardd", "vineyardctl"):
        assert entries[f"/usr/local/bin/{name}"].linkname == "../../../vineyardctl"


def test_program_is_stripped(files, tmp_path):
    (tmp_path / "program").write_bytes(files["/vineyardctl"])
    sections = subprocess.run(
        ["readelf", "--sections", "--wide", tmp_path / "program"], capture_output=True, text=True, check=True
    ).stdout
    assert ".text" in sections
    assert ".symtab" not in sections and ".debug_" not in sections


def test_every_file_is_ours_or_unchanged_from_a_package(files, packages):
    sums = {}
    for path, content in files.items():
        if path.startswith(PACKAGES) and path.endswith(".md5sums"):
            for line in content.decode().splitlines():
                digest, name = line.split(maxsplit=1)
                sums["/" + name] = digest
    papers = {f"/usr/share/doc/{package}/copyright" for package in packages}
    strangers = {
        path
        for path in files
        if not path.startswith((PACKAGES, OWN_PAPERS)) and path not in WRITTEN | GENERATED | papers | {"/vineyardctl"}
    }
    unknown = {
        path for path in strangers if real(path) not in sums and path not in sums and path != "/etc/debian_version"
    }
    assert unknown == set()
    changed = {
        path
        for path in strangers - {"/etc/debian_version"}
        if hashlib.md5(files[path]).hexdigest() != sums.get(path, sums.get(real(path)))
    }
    assert changed == set()


def real(path):
    """The path that a package from before the merge of /usr knows."""
    return path.removeprefix("/usr")


def test_libraries_are_those_the_loader_needs(files, entries, start_container, image):
    loader = next(path for path in entries if path.rsplit("/", 1)[1].startswith("ld-linux"))
    needed = {loader.rsplit("/", 1)[1], "libcrypt.so.1", "libcurl.so.4"}
    for binary in ("/vineyardctl", "libcrypt.so.1", "libcurl.so.4"):
        process = image.process()
        process.arguments = [loader, "--list", path_of(binary, entries)]
        listed = start_container(image, process).wait()
        assert listed.status == 0, listed.story
        assert "not found" not in listed.output
        needed |= {line.split(" =>")[0].strip() for line in listed.output.splitlines() if " => " in line}
    present = {path.rsplit("/", 1)[1] for path in entries if ".so" in path.rsplit("/", 1)[1]}
    versions = {entry.linkname.rsplit("/", 1)[-1] for entry in entries.values() if entry.issym()}
    assert present - versions <= needed
    assert {name.rsplit("/", 1)[-1] for name in needed} <= present


def path_of(name, entries):
    return name if name in entries else next(path for path in entries if path.endswith(f"/{name}"))


def test_nothing_else_can_be_executed(files, entries):
    executable = {path for path in files if entries[path].mode & 0o111 and ".so" not in path}
    assert executable == {"/vineyardctl"}


def test_nobody_gains_rights_or_writes_by_a_file(entries):
    assert not [
        path for path, entry in entries.items() if entry.mode & (stat.S_ISUID | stat.S_ISGID) and entry.isfile()
    ]
    writable = {path for path, entry in entries.items() if entry.mode & 0o022 and not entry.issym()}
    assert writable == {"/tmp", "/var/tmp"}
    assert all(entries[path].mode & stat.S_ISVTX for path in writable)
    assert {path for path, entry in entries.items() if entry.uid or entry.gid} == {"/home/nonroot"}


def test_scanners_find_packages_and_their_terms(files, packages):
    assert {"libc6", "libcurl4", "libssl3", "libyaml-0-2", "ca-certificates"} <= {
        name.removesuffix("t64") for name in packages
    }
    for name, fields in packages.items():
        assert fields["Package"] == name
        assert fields["Version"]
        assert files[f"/usr/share/doc/{name}/copyright"]
    assert b"VERSION_CODENAME=" in files["/usr/lib/os-release"]


def test_terms_of_what_is_linked_in_are_there(files):
    assert files[f"{OWN_PAPERS}copyright"] == (ROOT / "LICENSE").read_bytes()
    for package in ("swift-nio", "swift-argument-parser", "grpc-swift-2"):
        assert files[f"{OWN_PAPERS}{package}/LICENSE{'' if package == 'grpc-swift-2' else '.txt'}"]


def test_certificates_are_a_bundle_of_many(files):
    assert files["/etc/ssl/certs/ca-certificates.crt"].count(b"BEGIN CERTIFICATE") > 100


def test_image_is_small(image, files):
    assert sum(map(len, files.values())) < 100e6
    assert image.compressed_size < 50e6


def test_same_input_makes_the_same_image(image, build):
    assert build().digest == image.digest
