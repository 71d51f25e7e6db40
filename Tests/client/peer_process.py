"""The far end of `peer.Peer`: runs the Python source it is sent and answers in JSON lines."""

import ast
import json
import os
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import vineyard
import vineyard.csi

# stdout carries the answers only; whatever the executed code prints goes to stderr.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

names = {"np": np, "pd": pd, "pa": pa, "vineyard": vineyard, "os": os}
if len(sys.argv) > 1:
    names["client"] = vineyard.connect(sys.argv[1])
    names["client"].timeout_seconds = 60


def run(source):
    """Executes `source`; the value of a final expression is the result."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<peer>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<peer>", "eval"), names) if last else None


def tell(**answer):
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


names["tell"] = lambda value: tell(value=value)
tell(value="ready")
for line in sys.stdin:
    request = json.loads(line)
    names.update(request["names"])
    try:
        tell(value=run(request["source"]))
    except Exception as problem:
        tell(error=type(problem).__name__, message=str(problem))
