"""Stage 1: read the table, drop outliers, split it, and hand over the four parts.

The parts go to files on the data volume, pickles unless --format says otherwise, or
to Vineyard through the volume mounted at --vineyard_dir. The table itself is always
read from the data volume.
"""

import argparse
import os
import time
from typing import Any

import numpy as np
import pandas as pd

SEPARATOR = "#" * 34
LARGEST_LIVING_AREA = 4_800
TEST_SHARE = 0.2


def log(line: str) -> None:
    """Print one line under a separator, at once."""
    print(f"{SEPARATOR}\n{line}", flush=True)


def on_off(text: str) -> bool:
    """Parse a switch: True/False, on/off, yes/no, 1/0 in any case; nothing else."""
    if text.lower() in ("true", "on", "yes", "1"):
        return True
    if text.lower() in ("false", "off", "no", "0"):
        return False
    raise argparse.ArgumentTypeError(f"expected True or False, not {text!r}")


def drop_page_cache(paths: list[str]) -> None:
    """Make the next read of these files cold. Needs no privileges and touches no other file."""
    start = time.time()
    try:
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)  # only clean pages can be dropped
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
    except (AttributeError, OSError) as error:
        log(f"page cache not dropped, going on: {error}")
    log(f"drop page cache time: {time.time() - start}")


def parse_arguments() -> argparse.Namespace:
    """Return the flags of this stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_multiplier", type=int, default=100, help="reads df_<multiplier>.pkl")
    parser.add_argument(
        "--with_vineyard", type=on_off, nargs="?", const=True, default=False, metavar="True|False",
        help="hand data over through Vineyard (default: False)",
    )  # fmt: skip
    parser.add_argument("--data_dir", default="/data", help="data volume")
    parser.add_argument("--vineyard_dir", default="/vineyard/data", help="Vineyard volume")
    parser.add_argument("--drop_caches", choices=("auto", "off"), default="auto", help="read files cold")
    parser.add_argument(
        "--flush", type=on_off, nargs="?", const=True, default=False, metavar="True|False",
        help="wait until files have reached the volume, as NFS does at every close (default: False)",
    )  # fmt: skip
    parser.add_argument("--format", choices=("pickle", "parquet", "feather"), default="pickle", help="of the files")
    parser.add_argument("--seed", type=int, default=42, help="seed of the split")
    return parser.parse_args()


def store(args: argparse.Namespace, parts: dict[str, Any]) -> None:
    """Write every part under its file name."""
    for name, value in parts.items():
        if args.with_vineyard:
            import vineyard.csi

            vineyard.csi.write(value, os.path.join(os.path.abspath(args.vineyard_dir), name))
        else:
            write_file(value, file_path(args, name), args.format)


def file_path(args: argparse.Namespace, name: str) -> str:
    """Return where a part of this name is on the data volume."""
    return os.path.join(args.data_dir, name if args.format == "pickle" else name.replace(".pkl", f".{args.format}"))


def write_file(value: pd.DataFrame | pd.Series, path: str, kind: str) -> None:
    """Write one part with its index. Feather has no index, so there it is a column."""
    if kind == "pickle":
        value.to_pickle(path)
        return
    table = value.to_frame() if isinstance(value, pd.Series) else value
    if kind == "parquet":
        table.to_parquet(path)
    else:
        table.reset_index().to_feather(path)


def flush(paths: list[str]) -> None:
    """Wait until the files have left the page cache for the volume."""
    start = time.time()
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    log(f"flush pickles time: {time.time() - start}")


def size_of(value: pd.DataFrame | pd.Series) -> int:
    """Return the bytes of the values and of the index."""
    usage = value.memory_usage(index=True)
    return int(usage if isinstance(value, pd.Series) else usage.sum())


def split(table: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows without outliers in two tables, TEST_SHARE of them at random in the second.

    The rows stay in their order, so each column is read from end to end: several times as fast as shuffling them.
    """
    rows = np.flatnonzero(table["GrLivArea"].to_numpy() <= LARGEST_LIVING_AREA)
    chosen = np.random.default_rng(seed).permutation(rows.size)[: round(rows.size * TEST_SHARE)]
    is_test = np.zeros(rows.size, dtype=bool)
    is_test[chosen] = True
    return table.take(rows[~is_test]), table.take(rows[is_test])


def main() -> None:
    """Run the stage."""
    args = parse_arguments()
    if args.with_vineyard:
        import_start = time.time()
        import vineyard.csi  # noqa: F401  paid before the clock starts

        log(f"import vineyard time: {time.time() - import_start}")
    table_path = os.path.join(args.data_dir, f"df_{args.data_multiplier}.pkl")
    if args.drop_caches == "auto":
        drop_page_cache([table_path])

    log("Preprocessing data...")
    start = time.time()
    table = pd.read_pickle(table_path)
    log(f"read dataframe pickle time: {time.time() - start}")

    table_bytes = table.memory_usage(index=False).sum()
    train, test = split(table, args.seed)
    del table
    # The price is the last column: what is left of it is a slice and stays one piece of memory.
    x_train, y_train = train.iloc[:, :-1], train["SalePrice"]
    x_test, y_test = test.iloc[:, :-1], test["SalePrice"]

    parts = {"x_train.pkl": x_train, "x_test.pkl": x_test, "y_train.pkl": y_train, "y_test.pkl": y_test}
    write_start = time.time()
    store(args, parts)
    if args.flush and not args.with_vineyard:
        flush([file_path(args, name) for name in parts])
    end = time.time()
    log(f"write training and testing data time: {end - write_start}")
    log(f"Preprocessing data time: {end - start}")
    log(f"dataframe size: {table_bytes}")
    log(f"training and testing data size: {sum(map(size_of, parts.values()))}")


if __name__ == "__main__":
    main()
