"""The pipeline with pickles on the data volume, for KFP SDK 2: `python3 pipeline-kfp-v2.py` writes the YAML to upload.

One run at a time: all runs hand their pickles over in /data.
"""

from pathlib import Path

from kfp import compiler, dsl, kubernetes

REGISTRY = "localhost/csidriver-example"


@dsl.container_component
def PreProcess(data_multiplier: int):
    """Read the table, split it, write four pickles."""
    return dsl.ContainerSpec(
        image=f"{REGISTRY}/preprocess-data",
        command=["python3"],
        args=["preprocess.py", f"--data_multiplier={data_multiplier}"],
    )


@dsl.container_component
def Train():
    """Read the training part, save the model."""
    return dsl.ContainerSpec(image=f"{REGISTRY}/train-data", command=["python3"], args=["train.py"])


@dsl.container_component
def Test():
    """Read the test part, append the model's error to output.txt."""
    return dsl.ContainerSpec(image=f"{REGISTRY}/test-data", command=["python3"], args=["test.py"])


def step(task: dsl.PipelineTask, image: str) -> dsl.PipelineTask:
    """Give a task its image and the data volume; it runs in every run, since its files are not in the cache."""
    task.set_container_image(image).set_caching_options(False)
    kubernetes.set_image_pull_policy(task, "IfNotPresent")
    return kubernetes.mount_pvc(task, pvc_name="benchmark-data", mount_path="/data")


@dsl.pipeline(name="machine-learning-pipeline", description="House prices, handed over as pickles")
def machine_learning_pipeline(data_multiplier: int = 100, registry: str = REGISTRY):
    """Preprocess, train and test, one after the other."""
    preprocess = step(PreProcess(data_multiplier=data_multiplier), f"{registry}/preprocess-data")
    train = step(Train(), f"{registry}/train-data").after(preprocess)
    step(Test(), f"{registry}/test-data").after(train)


if __name__ == "__main__":
    compiler.Compiler().compile(machine_learning_pipeline, str(Path(__file__).with_suffix(".yaml")))
