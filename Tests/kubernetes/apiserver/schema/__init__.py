"""Schemas of built-in and custom kinds, read as one kind of node."""
