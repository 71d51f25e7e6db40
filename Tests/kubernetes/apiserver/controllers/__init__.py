"""The controllers of a cluster, as small as clients allow."""
