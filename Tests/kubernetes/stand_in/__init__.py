"""Stands in for what a bare control plane lacks: nodes, their kubelets, and the operator."""
