"""Measures our vineyardd beside the PyPI one, with the same unmodified client.

Layers, downward only: `rows` (one module per group of the budgets table) use
`bench` (daemons, alternation, client processes), which uses `daemon`, `procfs`
and `resources`. What runs inside a fresh client process lives in `workload`.
"""
