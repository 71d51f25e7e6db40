"""The pipeline on a Pipeline Run Workspace that is a Vineyard volume, for KFP 2.15 and newer.

`python3 pipeline-kfp-v2-workspace.py` writes the YAML to upload. Kubeflow makes the workspace's claim with the run and
deletes it with the run, so no step has to: two pods fewer than with CreatePVC and DeletePVC.
"""

from pathlib import Path

from kfp import compiler, dsl, kubernetes

REGISTRY = "localhost/csidriver-example"
STORAGE_CLASS = "vineyard-system.vineyardd-sample.csi"
RUN = dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER
KEEP_SECONDS = 3600


@dsl.container_component
def PreProcess(data_multiplier: int, workspace: str):
    """Read the table, split it, write four objects."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/preprocess-data",
        command=["python3"],
        args=[
            "preprocess.py",
            f"--data_multiplier={data_multiplier}",
            "--with_vineyard=True",
            f"--vineyard_dir={workspace}",
        ],
    )


@dsl.container_component
def Train(run: str, workspace: str):
    """Map the training part, save the model in the run's directory."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/train-data",
        command=["python3"],
        args=["train.py", f"--data_dir=/data/{run}", "--with_vineyard=True", f"--vineyard_dir={workspace}"],
    )


@dsl.container_component
def Test(run: str, workspace: str):
    """Map the test part, write the model's error to output.txt in the run's directory."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/test-data",
        command=["python3"],
        args=["test.py", f"--data_dir=/data/{run}", "--with_vineyard=True", f"--vineyard_dir={workspace}"],
    )


def step(task: dsl.PipelineTask, image: str) -> dsl.PipelineTask:
    """Give a task its image and the data volume; it runs in every run, since what it hands over is not in the cache."""
    task.set_container_image(image).set_caching_options(False)
    kubernetes.set_image_pull_policy(task, "IfNotPresent")
    return kubernetes.mount_pvc(task, pvc_name="benchmark-data", mount_path="/data")


WORKSPACE = dsl.WorkspaceConfig(
    size="1Gi",  # the limit of the volume; a multiplier of 100 hands 340 MiB over
    kubernetes=dsl.KubernetesWorkspaceConfig(
        pvcSpecPatch={"storageClassName": STORAGE_CLASS, "accessModes": ["ReadWriteMany"]}
    ),
)


@dsl.pipeline(
    name="machine-learning-pipeline-workspace",
    description="House prices, handed over through a workspace in Vineyard",
    pipeline_config=dsl.PipelineConfig(workspace=WORKSPACE, ttl_seconds_after_finished=KEEP_SECONDS),
)
def machine_learning_pipeline(data_multiplier: int = 100, registry: str = REGISTRY):
    """Preprocess, train and test, in a workspace and a directory of the run's own."""
    # A step that is told the workspace's path has it mounted there.
    place = dsl.WORKSPACE_PATH_PLACEHOLDER
    preprocess = step(PreProcess(data_multiplier=data_multiplier, workspace=place), f"{registry}/preprocess-data")
    train = step(Train(run=RUN, workspace=place), f"{registry}/train-data").after(preprocess)
    step(Test(run=RUN, workspace=place), f"{registry}/test-data").after(train)


if __name__ == "__main__":
    compiler.Compiler().compile(machine_learning_pipeline, str(Path(__file__).with_suffix(".yaml")))
