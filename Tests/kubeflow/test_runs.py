"""Each pipeline runs as it is: real steps in containers, with volumes of the real driver, through the real client."""

import pytest

from pipelines import ALONE, FREED_AFTER, READS, TOGETHER, submit
from quickstart import logs

VINEYARD = (*ALONE, *TOGETHER)


@pytest.mark.parametrize("name", ["pipeline", "pipeline-kfp-v2"])
def test_given_pickles_when_the_pipeline_runs_then_the_model_is_that_of_one_program(cluster, expected, name):
    run = submit(name, cluster, data_multiplier=2).complete()

    assert run.phase == "Succeeded", run.pods[-1].log
    assert results(cluster, run) == [expected[2]]
    left = [path.name for path in cluster.claims["benchmark-data"].directory.iterdir()]
    assert sorted(left) == ["df_1.pkl", "df_2.pkl", "model.pkl", "output.txt"]


@pytest.mark.parametrize("name", ALONE)
def test_given_a_pipeline_through_vineyard_when_it_runs_again_and_again_then_each_run_has_a_volume_of_its_own(
    cluster, expected, name, tmp_path
):
    baseline = cluster.node.usage()
    for number in (1, 2):
        run = submit(name, cluster, number, data_multiplier=number).complete()
        assert run.phase == "Succeeded", run.pods[-1].log
        assert readers(run) == READS.get(name, 0)
        assert logged(run, tmp_path / f"log-{number}").model_error == expected[number]
        # Logs can still be read; as long as pods name the claim, its memory is in use.
        [volume] = cluster.volumes().values()
        assert volume["names"] == 4 and cluster.node.usage() > baseline

        run.pass_time(FREED_AFTER[name])

        assert nothing_is_left(cluster, baseline)
    assert results(cluster, run) == [expected[1], expected[2]]


@pytest.mark.parametrize("name", TOGETHER)
def test_given_two_runs_at_once_then_neither_sees_the_others_data(cluster, expected, name):
    baseline = cluster.node.usage()
    runs = [submit(name, cluster, number, data_multiplier=number) for number in (1, 2)]
    seen = 0
    turns = [run.advance() for run in runs]
    while turns:
        turns = [turn for turn in turns if next(turn, None)]
        seen = max(seen, len(cluster.volumes()))

    assert seen == 2
    assert [run.phase for run in runs] == ["Succeeded"] * 2, [run.pods[-1].log for run in runs]
    assert [readers(run) for run in runs] == [READS.get(name, 0)] * 2
    assert [volume["names"] for volume in cluster.volumes().values()] == [4, 4]
    assert [results(cluster, run) for run in runs] == [[expected[1]], [expected[2]]]
    for run in runs:
        run.pass_time(FREED_AFTER[name])
    assert nothing_is_left(cluster, baseline)


@pytest.mark.parametrize("name", VINEYARD)
def test_given_a_step_that_fails_when_time_has_passed_then_memory_is_free(cluster, name):
    baseline = cluster.node.usage()
    cluster.broken.add("train.py")
    run = submit(name, cluster, data_multiplier=1).complete()

    assert run.phase == "Failed" and len(cluster.volumes()) == 1
    run.pass_time(FREED_AFTER[name])
    assert nothing_is_left(cluster, baseline)


@pytest.mark.parametrize("name", VINEYARD)
def test_given_runs_under_way_when_they_are_deleted_then_the_memory_of_each_is_free(cluster, name):
    baseline = cluster.node.usage()
    numbers = (1, 2) if name in ALONE else (1,)
    runs = [submit(name, cluster, number, data_multiplier=number) for number in numbers]
    for number, run in enumerate(runs, 1):
        turn = run.advance()
        while len(cluster.volumes()) < number:
            next(turn)
    assert cluster.node.usage() > baseline

    for number, run in enumerate(runs, 1):
        run.delete()
        if name == "pipeline-kfp-v2-with-vineyard":
            # CreatePVC makes a claim that nobody owns: whoever deletes such a run deletes its claim by hand.
            assert run.name in cluster.made_claims()
            cluster.delete_claim(run.name)
        assert len(cluster.volumes()) == len(runs) - number
    assert nothing_is_left(cluster, baseline)


def results(cluster, run):
    """The model errors that a run has written to the data volume."""
    data = cluster.claims["benchmark-data"].directory
    own = data / run.name / "output.txt"
    return (own if own.exists() else data / "output.txt").read_text().split()


def logged(run, path):
    """A run's log as `examples/kubeflow/compare` reads it."""
    path.write_text("".join(pod.log for pod in run.pods))
    return logs.read_run(path)


def readers(run):
    """How many of its pods mount a volume of theirs read-only."""
    return sum(
        volume.get("persistentVolumeClaim", {}).get("readOnly", False) for pod in run.pods for volume in pod.volumes
    )


def nothing_is_left(cluster, baseline):
    assert cluster.pods == [] and cluster.made_claims() == set()
    assert cluster.node.records() == {}
    return cluster.node.usage() == baseline
