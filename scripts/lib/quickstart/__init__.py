"""Runs the house-price pipeline with pickles and with Vineyard, and compares the two."""
