"""Stage 2: read the training part, fit a linear regression, save the model.

The model always goes to the data volume. Input files are deleted once they are
read; Vineyard objects live as long as their volume.
"""

import argparse
import os
import time
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

SEPARATOR = "#" * 34
INPUTS = ("x_train.pkl", "y_train.pkl")


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
    parser.add_argument(
        "--with_vineyard", type=on_off, nargs="?", const=True, default=False, metavar="True|False",
        help="take data from Vineyard (default: False)",
    )  # fmt: skip
    parser.add_argument("--data_dir", default="/data", help="files and model, on the data volume")
    parser.add_argument("--vineyard_dir", default="/vineyard/data", help="Vineyard volume")
    parser.add_argument("--drop_caches", choices=("auto", "off"), default="auto", help="read files cold")
    parser.add_argument("--format", choices=("pickle", "parquet", "feather"), default="pickle", help="of the files")
    return parser.parse_args()


def load(args: argparse.Namespace) -> list[Any]:
    """Return the inputs in order, from where the switch says."""
    if args.with_vineyard:
        import vineyard.csi

        return [vineyard.csi.read(os.path.join(os.path.abspath(args.vineyard_dir), name)) for name in INPUTS]
    return [read_file(path, args.format) for path in file_paths(args)]


def file_paths(args: argparse.Namespace) -> list[str]:
    """Return where the inputs are on the data volume."""
    return [
        os.path.join(args.data_dir, name if args.format == "pickle" else name.replace(".pkl", f".{args.format}"))
        for name in INPUTS
    ]


def read_file(path: str, kind: str) -> pd.DataFrame | pd.Series:
    """Return one part as preprocess had it: a frame with its index, or a series where there is one column."""
    if kind == "pickle":
        return pd.read_pickle(path)
    table = pd.read_parquet(path) if kind == "parquet" else pd.read_feather(path).set_index("index")
    return table.iloc[:, 0] if table.shape[1] == 1 else table


def numbers(table: pd.DataFrame) -> np.ndarray:
    """Return a table as the model computes with it, in one pass over its columns.

    The model itself would first bring the columns into one piece of memory, unless they are in one already, then make
    numbers of them, then copy these.
    """
    return table.to_numpy(dtype=np.float64)


def main() -> None:
    """Run the stage."""
    args = parse_arguments()
    files = [] if args.with_vineyard else file_paths(args)
    if args.with_vineyard:
        import_start = time.time()
        import vineyard.csi  # noqa: F401  paid before the clock starts

        log(f"import vineyard time: {time.time() - import_start}")
    if args.drop_caches == "auto":
        drop_page_cache(files)

    log("Training model...")
    start = time.time()
    x_train, y_train = load(args)
    log(f"read x_train and y_train data time: {time.time() - start}")
    for path in files:
        os.remove(path)

    features = numbers(x_train)
    del x_train
    model = LinearRegression(copy_X=False).fit(features, y_train)
    os.makedirs(args.data_dir, exist_ok=True)
    joblib.dump(model, os.path.join(args.data_dir, "model.pkl"))
    log(f"Training model data time: {time.time() - start}")


if __name__ == "__main__":
    main()
