"""Stage 0: make the synthetic house-price table and pickle it to the data volume.

A table has 10,000 x multiplier rows and 46 int64 columns of independent uniform
integers: 3.68 MB per multiplier step. The same seed makes the same table.
"""

import argparse
import os
import time

import numpy as np
import pandas as pd

ROWS_PER_STEP = 10_000
SEPARATOR = "#" * 34

# Column -> smallest and largest value, both inclusive. SalePrice is the target.
COLUMNS: dict[str, tuple[int, int]] = {
    "Id": (1, 99_999), "MSSubClass": (20, 200), "LotFrontage": (50, 150),
    "LotArea": (5_000, 20_000), "OverallQual": (1, 10), "OverallCond": (1, 10),
    "YearBuilt": (1900, 2021), "YearRemodAdd": (1900, 2021), "MasVnrArea": (0, 1_000),
    "BsmtFinSF1": (0, 2_000), "BsmtFinSF2": (0, 1_000), "BsmtUnfSF": (0, 2_000),
    "TotalBsmtSF": (0, 3_000), "1stFlrSF": (500, 4_000), "2ndFlrSF": (0, 2_000),
    "LowQualFinSF": (0, 200), "GrLivArea": (600, 5_000), "BsmtFullBath": (0, 3),
    "BsmtHalfBath": (0, 2), "FullBath": (0, 4), "HalfBath": (0, 2),
    "BedroomAbvGr": (0, 10), "KitchenAbvGr": (0, 3), "TotRmsAbvGrd": (0, 15),
    "Fireplaces": (0, 3), "GarageYrBlt": (1900, 2021), "GarageCars": (0, 4),
    "GarageArea": (0, 1_000), "WoodDeckSF": (0, 500), "OpenPorchSF": (0, 300),
    "EnclosedPorch": (0, 200), "3SsnPorch": (0, 100), "ScreenPorch": (0, 200),
    "PoolArea": (0, 300), "MiscVal": (0, 5_000), "TotalRooms": (2, 10),
    "GarageAge": (1, 30), "RemodAge": (1, 30), "HouseAge": (1, 30),
    "TotalBath": (1, 4), "TotalPorchSF": (1, 1_000), "TotalSF": (1_000, 6_000),
    "TotalArea": (1_000, 6_000), "MoSold": (1, 12), "YrSold": (2006, 2021),
    "SalePrice": (50_000, 800_000),
}  # fmt: skip


def log(line: str) -> None:
    """Print one line under a separator, at once."""
    print(f"{SEPARATOR}\n{line}", flush=True)


def make_table(multiplier: int, seed: int) -> pd.DataFrame:
    """Return the table of one multiplier: 10,000 x multiplier rows of 46 int64 columns."""
    random = np.random.default_rng(seed)
    # One block, filled in place: the peak is one table, not two.
    block = np.empty((len(COLUMNS), ROWS_PER_STEP * multiplier), dtype=np.int64)
    for column, (low, high) in zip(block, COLUMNS.values()):
        column[:] = random.integers(low, high, size=column.size, endpoint=True)
    return pd.DataFrame(block.T, columns=list(COLUMNS), copy=False)


def main() -> None:
    """Write df_<multiplier>.pkl for every multiplier asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_multiplier", type=int, nargs="+", default=[100], help="10,000 rows per step")
    parser.add_argument("--data_dir", default="/data", help="data volume")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    if min(args.data_multiplier) < 1:
        parser.error("--data_multiplier must be 1 or more")

    log("Preparing data....")
    start = time.time()
    os.makedirs(args.data_dir, exist_ok=True)
    log("Start preparing data....")
    for multiplier in args.data_multiplier:
        table = make_table(multiplier, args.seed)
        write_start = time.time()
        table.to_pickle(os.path.join(args.data_dir, f"df_{multiplier}.pkl"))
        log(f"dataframe to_pickle time: {time.time() - write_start}")
        log(f"dataframe size: {table.memory_usage(index=False).sum()}")
        del table
    log(f"preparing data time: {time.time() - start}")


if __name__ == "__main__":
    main()
