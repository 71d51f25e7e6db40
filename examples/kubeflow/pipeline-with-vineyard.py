"""The pipeline through Vineyard, for KFP SDK 1.8: `python3 pipeline-with-vineyard.py` writes the YAML for Argo.

Each run has a claim of its own, which belongs to its Workflow: deleting the Workflow, by hand or an hour after its end,
deletes pods and claim, and with it what they handed over.
"""

from pathlib import Path

from kfp import compiler, dsl
from kubernetes import client as k8s

REGISTRY = "localhost/csidriver-example"
STORAGE_CLASS = "vineyard-system.vineyardd-sample.csi"
MOUNT = "/vineyard/data"
KEEP_SECONDS = 3600


def step(name: str, image: str, arguments: list[str], volumes: dict[str, dsl.PipelineVolume]) -> dsl.ContainerOp:
    """Return a step that runs `python3` with the arguments; what it takes is never an earlier run's."""
    operator = dsl.ContainerOp(
        name=name, image=image, command=["python3"], arguments=[*arguments, "--with_vineyard=True"], pvolumes=volumes
    )
    operator.container.set_image_pull_policy("IfNotPresent")
    operator.enable_caching = False
    return operator


def for_reading(objects: dsl.VolumeOp) -> dsl.PipelineVolume:
    """Return the claim as a step mounts it that only reads."""
    source = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=objects.outputs["name"], read_only=True)
    return dsl.PipelineVolume(volume=k8s.V1Volume(name="vineyard-objects", persistent_volume_claim=source))


@dsl.pipeline(name="Machine learning Pipeline", description="House prices, handed over through Vineyard")
def machine_learning_pipeline(data_multiplier: int = 100, registry: str = REGISTRY) -> None:
    """Make the volume; preprocess, train and test."""
    objects = dsl.VolumeOp(
        name="vineyard-objects",
        resource_name="vineyard-objects-pvc",
        size="4Gi",  # what a multiplier of 1000 hands over fits
        storage_class=STORAGE_CLASS,
        modes=dsl.VOLUME_MODE_RWM,
        set_owner_reference=True,
    )
    objects.enable_caching = False
    preprocess = step(
        "preprocess-data",
        f"{registry}/preprocess-data",
        ["preprocess.py", f"--data_multiplier={data_multiplier}"],
        {"/data": dsl.PipelineVolume(pvc="benchmark-data"), MOUNT: objects.volume},
    )
    train = step(
        "train-data",
        f"{registry}/train-data",
        ["train.py"],
        {"/data": preprocess.pvolumes["/data"], MOUNT: for_reading(objects)},
    )
    step(
        "test-data",
        f"{registry}/test-data",
        ["test.py"],
        {"/data": train.pvolumes["/data"], MOUNT: for_reading(objects)},
    )
    dsl.get_pipeline_conf().set_ttl_seconds_after_finished(KEEP_SECONDS)


if __name__ == "__main__":
    compiler.Compiler().compile(machine_learning_pipeline, str(Path(__file__).with_suffix(".yaml")))
