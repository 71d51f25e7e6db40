"""`analyze --cluster`: classes and nodes of a cluster, as far as one may see them."""

import json

from deployments import CLUSTER, DRIVER, STORAGE_CLASS, claim


def found(run):
    """The codes that were found."""
    return [finding["code"] for finding in json.loads(run.output)]


def test_given_a_cluster_then_its_classes_and_the_memory_of_its_nodes_count(cluster, vineyardctl):
    vineyardctl(*CLUSTER)
    vineyardctl(*DRIVER)
    command = ("analyze", "-o", "json", "-")
    known = json.dumps(claim())
    other = json.dumps(claim(storage_class="vineyard-system.other.csi"))
    huge = known.replace(claim()["spec"]["resources"]["requests"]["storage"], "4Ti")

    for text, alone, there in ((known, [], []), (other, [], ["VY0102"]), (huge, [], ["VY0105"])):
        assert found(vineyardctl(*command, stdin=text)) == alone
        assert found(vineyardctl(*command, "--cluster", stdin=text, status=1 if there else 0)) == there
    run = vineyardctl("analyze", "--cluster", "-", stdin=other, status=1)
    assert "the cluster has no class 'vineyard-system.other.csi'" in run.output
    assert found(vineyardctl(*command, "--cluster", "--node-memory", "8Ti", stdin=huge)) == []


def test_given_a_user_who_may_not_list_classes_and_nodes_then_the_rest_is_analyzed(cluster, vineyardctl):
    text = json.dumps(claim(storage_class=STORAGE_CLASS.removesuffix(".csi")))

    run = vineyardctl("analyze", "--cluster", "--as", "jane", "-", stdin=text, status=1)

    assert "VY0102" in run.output and f"did you mean '{STORAGE_CLASS}'?" in run.output
    assert [line.split(":")[0] for line in run.lines] == [
        "⚠ you may not list storageclasses",
        "⚠ you may not list nodes",
        "error",
    ]


def test_given_no_cluster_then_one_line_says_so_and_without_the_flag_none_is_needed(cluster, vineyardctl):
    text = json.dumps(claim())
    server = ("--server", "https://127.0.0.1:1")
    vineyardctl("analyze", *server, "-", stdin=text)
    assert vineyardctl("analyze", *server, "--cluster", "-", stdin=text, status=1).error


def test_given_files_that_are_too_large_missing_or_directories_then_the_status_is_2(vineyardctl, tmp_path):
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(50 << 20)
    for path, reason in (
        (large, "larger than"),
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path, "Is a directory"),
    ):
        assert reason in vineyardctl("analyze", str(path), status=2).error
    text = tmp_path / "not-text.yaml"
    text.write_bytes(b"a: \xff\xfe\n")
    assert "no text" in vineyardctl("analyze", str(text), status=2).error
