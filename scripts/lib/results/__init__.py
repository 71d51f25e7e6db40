"""Measured tables of handing data over, see scripts/results."""
