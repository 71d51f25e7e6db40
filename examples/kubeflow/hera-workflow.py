"""The Argo Workflow in Python, with Hera: `python3 hera-workflow.py` writes hera-workflow.yaml.

`workflow().create()` in a program of your own submits it to an Argo server instead.
"""

from pathlib import Path

from hera.workflows import DAG, Container, ExistingVolume, Parameter, Volume, Workflow
from hera.workflows.models import PodGC, TTLStrategy, VolumeClaimGC, VolumeMount

REGISTRY = "localhost/csidriver-example"
STORAGE_CLASS = "vineyard-system.vineyardd-sample.csi"
MOUNT = "/vineyard/data"
VINEYARD = "--with_vineyard=True"


def step(name: str, arguments: list[str], reads: bool) -> Container:
    """Return a template that runs `python3` with the arguments. One that reads objects writes to the data volume."""
    objects = "vineyard-objects-for-reading" if reads else "vineyard-objects"
    return Container(
        name=name,
        image=f"{{{{workflow.parameters.registry}}}}/{name}",
        image_pull_policy="IfNotPresent",
        command=["python3"],
        args=[*arguments, VINEYARD],
        volume_mounts=[
            VolumeMount(name="data", mount_path="/data", read_only=not reads),
            VolumeMount(name=objects, mount_path=MOUNT),
        ],
    )


def workflow(volume_size: str = "1Gi") -> Workflow:
    """Return the workflow: a claim for each run, deleted with the run's pods ten minutes after its end.

    The size is the limit of the volume; a multiplier of 100 hands 340 MiB over.
    """
    objects = Volume(
        name="vineyard-objects",
        size=volume_size,
        storage_class_name=STORAGE_CLASS,
        access_modes=["ReadWriteMany"],
    )
    with Workflow(
        generate_name="house-prices-hera-",
        entrypoint="pipeline",
        service_account_name="pipeline-runner",
        arguments=[
            Parameter(name="data_multiplier", value="100"),
            Parameter(name="registry", value=REGISTRY),
        ],
        volumes=[
            objects,
            ExistingVolume(name="data", claim_name="benchmark-data"),
            ExistingVolume(
                name="vineyard-objects-for-reading", claim_name="{{workflow.name}}-vineyard-objects", read_only=True
            ),
        ],
        volume_claim_gc=VolumeClaimGC(strategy="OnWorkflowCompletion"),
        pod_gc=PodGC(strategy="OnWorkflowCompletion", delete_delay_duration="10m"),
        ttl_strategy=TTLStrategy(seconds_after_completion=86400),
    ) as made:
        own = "--data_dir=/data/{{workflow.name}}"
        multiplier = "--data_multiplier={{workflow.parameters.data_multiplier}}"
        preprocess = step("preprocess-data", ["preprocess.py", multiplier], reads=False)
        train = step("train-data", ["train.py", own], reads=True)
        test = step("test-data", ["test.py", own], reads=True)
        with DAG(name="pipeline"):
            preprocess() >> train() >> test()
    return made


if __name__ == "__main__":
    Path(__file__).with_suffix(".yaml").write_text(workflow().to_yaml())
