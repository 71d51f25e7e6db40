"""scripts/image as a person calls it."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/image"


def call(*arguments, **environment):
    """Run it without docker and buildah."""
    return subprocess.run(
        [SCRIPT, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_help_goes_to_stdout():
    done = call("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: scripts/image ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--nonsense"], "unknown argument: --nonsense"),
        (["--base"], "--base needs a value"),
        (["--tag="], "--tag needs a value"),
        (["--builder", "kaniko"], "--builder is docker or buildah, not 'kaniko'"),
        (["--output", "image.tar"], "--output is oci-archive or oci-archive:FILE, not 'image.tar'"),
    ],
)
def test_wrong_usage_is_one_line_with_a_hint(arguments, complaint):
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stderr == f"✗ {complaint} (see scripts/image --help)\n"
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments, environment, complaint",
    [
        (["--binary", "/nonexistent"], {}, "/nonexistent is not a program (omit --binary to build one)"),
        ([], {"SOURCE_DATE_EPOCH": "today"}, "SOURCE_DATE_EPOCH is not a number of seconds: 'today'"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_built(arguments, environment, complaint):
    done = call(*arguments, **environment)
    assert done.returncode == 1
    assert done.stderr == f"✗ {complaint}\n"


def test_base_without_packages_is_refused(build_fails, buildah, tmp_path):
    (tmp_path / "empty").mkdir()
    subprocess.run(["tar", "-C", tmp_path / "empty", "-cf", tmp_path / "empty.tar", "."], check=True)
    buildah.add_image("localhost/empty:test", tmp_path / "empty.tar")
    assert "buildah build failed" in build_fails("--base", "localhost/empty:test")


def test_base_that_lacks_libraries_is_refused_with_a_hint(build_fails, buildah, program, tmp_path):
    """Here without network, so that what is missing cannot be installed."""
    container = buildah("from", "localhost/base:test")
    buildah(
        "run", container, "sh", "-c", "rm /usr/lib/*/libyaml-0.so.2 /usr/bin/apt-get && ln -s true /usr/bin/apt-get"
    )
    buildah("commit", "--quiet", container, "localhost/incomplete:test")
    story = build_fails("--base", "localhost/incomplete:test")
    assert "the base does not fit the program (take the release it was built on)" in story
    assert "libyaml-0.so.2 => not found" in story


@pytest.fixture
def build_fails(buildah, program):
    """Runs scripts/image, which must fail; returns what it said."""

    def run(*options):
        command = [str(SCRIPT), "--builder", "buildah", "--binary", program, *options]
        return buildah.run(*command, status=1).stderr

    return run
