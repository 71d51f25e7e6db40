"""The pipeline with pickles on the data volume, for KFP SDK 1.8: `python3 pipeline.py` writes pipeline.yaml for Argo.

One run at a time: all runs hand their pickles over in /data.
"""

from pathlib import Path

from kfp import compiler, dsl

REGISTRY = "localhost/csidriver-example"


def step(name: str, image: str, arguments: list[str], volumes: dict[str, dsl.PipelineVolume]) -> dsl.ContainerOp:
    """Return a step that runs `python3` with the arguments; what it takes is never an earlier run's."""
    operator = dsl.ContainerOp(name=name, image=image, command=["python3"], arguments=arguments, pvolumes=volumes)
    operator.container.set_image_pull_policy("IfNotPresent")
    operator.enable_caching = False
    return operator


@dsl.pipeline(name="Machine Learning Pipeline", description="House prices, handed over as pickles")
def machine_learning_pipeline(data_multiplier: int = 100, registry: str = REGISTRY) -> None:
    """Preprocess, train and test; the data volume that one step leaves makes the next one wait for it."""
    preprocess = step(
        "preprocess-data",
        f"{registry}/preprocess-data",
        ["preprocess.py", f"--data_multiplier={data_multiplier}"],
        {"/data": dsl.PipelineVolume(pvc="benchmark-data")},
    )
    train = step("train-data", f"{registry}/train-data", ["train.py"], {"/data": preprocess.pvolumes["/data"]})
    step("test-data", f"{registry}/test-data", ["test.py"], {"/data": train.pvolumes["/data"]})


if __name__ == "__main__":
    compiler.Compiler().compile(machine_learning_pipeline, str(Path(__file__).with_suffix(".yaml")))
