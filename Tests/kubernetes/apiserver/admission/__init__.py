"""Admission: what changes or refuses a write between decoding and validation."""
