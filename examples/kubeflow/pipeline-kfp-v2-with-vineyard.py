"""The pipeline through Vineyard, for KFP SDK 2: `python3 pipeline-kfp-v2-with-vineyard.py` writes the YAML to upload.

Each run makes a claim with the run's name, and deletes it in the end even if a step failed. The claim goes once no pod
of the run is left, an hour later or when the run is deleted.
"""

from pathlib import Path

from kfp import compiler, dsl, kubernetes

REGISTRY = "localhost/csidriver-example"
STORAGE_CLASS = "vineyard-system.vineyardd-sample.csi"
RUN = dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER
KEEP_SECONDS = 3600


@dsl.container_component
def PreProcess(data_multiplier: int):
    """Read the table, split it, write four objects."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/preprocess-data",
        command=["python3"],
        args=["preprocess.py", f"--data_multiplier={data_multiplier}", "--with_vineyard=True"],
    )


@dsl.container_component
def Train():
    """Map the training part, save the model."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/train-data", command=["python3"], args=["train.py", "--with_vineyard=True"]
    )


@dsl.container_component
def Test():
    """Map the test part, append the model's error to output.txt."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/test-data", command=["python3"], args=["test.py", "--with_vineyard=True"]
    )


def step(task: dsl.PipelineTask, image: str, claim: dsl.PipelineTask) -> dsl.PipelineTask:
    """Give a task its image and both volumes; it runs in every run, since what it hands over is not in the cache."""
    task.set_container_image(image).set_caching_options(False)
    kubernetes.set_image_pull_policy(task, "IfNotPresent")
    kubernetes.mount_pvc(task, pvc_name="benchmark-data", mount_path="/data")
    return kubernetes.mount_pvc(task, pvc_name=claim.outputs["name"], mount_path="/vineyard/data")


@dsl.pipeline(
    name="machine-learning-pipeline-with-vineyard",
    description="House prices, handed over through Vineyard",
    pipeline_config=dsl.PipelineConfig(ttl_seconds_after_finished=KEEP_SECONDS),
)
def machine_learning_pipeline(data_multiplier: int = 100, registry: str = REGISTRY):
    """Make the volume; preprocess, train and test; delete the volume."""
    # A claim that an earlier run made is gone, so nothing about it may come from the cache.
    deletepvc = kubernetes.DeletePVC(pvc_name=RUN).set_caching_options(False)
    with dsl.ExitHandler(deletepvc, name="with-a-volume"):
        createpvc = kubernetes.CreatePVC(
            pvc_name=RUN,
            access_modes=["ReadWriteMany"],
            size="4Gi",  # what a multiplier of 1000 hands over fits
            storage_class_name=STORAGE_CLASS,
        ).set_caching_options(False)
        preprocess = step(PreProcess(data_multiplier=data_multiplier), f"{registry}/preprocess-data", createpvc)
        train = step(Train(), f"{registry}/train-data", createpvc).after(preprocess)
        step(Test(), f"{registry}/test-data", createpvc).after(train)


if __name__ == "__main__":
    compiler.Compiler().compile(machine_learning_pipeline, str(Path(__file__).with_suffix(".yaml")))
