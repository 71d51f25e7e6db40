"""What to do after the quickstart."""


def steps(multiplier: int, fitting: int) -> list[tuple[str, str]]:
    """Return purposes and how to get there: commands, or pages of the documentation."""
    larger = min(fitting, 10 * multiplier)
    found = [("try it with more data", f"scripts/quickstart --data-multiplier {larger}")] if larger > multiplier else []
    return [
        *found,
        ("put the program on your PATH", "sudo install .build/release/vineyardctl /usr/local/bin/"),
        ("run a store and use it from Python", "README.md, Run the store"),
        ("put it on a cluster", "docs/deploy.md; vineyardctl check --pre"),
        ("change a pipeline of yours", "examples/kubeflow/README.md"),
    ]
