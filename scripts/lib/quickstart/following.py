"""What to do after the quickstart."""


def steps(multiplier: int, fitting: int, is_built: bool = True) -> list[tuple[str, str]]:
    """Return purposes and how to get there: commands, or pages of the documentation.

    Args:
        is_built: whether the store that ran is the program that the quickstart has built.
    """
    larger = min(fitting, 10 * multiplier)
    found = [("try it with more data", f"scripts/quickstart --data-multiplier {larger}")] if larger > multiplier else []
    if is_built:
        found.append(("put the program on your PATH", "sudo install .build/release/vineyardctl /usr/local/bin/"))
    return [
        *found,
        ("run a store and use it from Python", "README.md, Run the store"),
        ("put it on a cluster", "docs/deploy.md; vineyardctl check --pre"),
        ("change a pipeline of yours", "examples/kubeflow/README.md"),
    ]
