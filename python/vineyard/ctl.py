"""`python3 -m vineyard.ctl`: the program `vineyardctl`."""

import sys

from vineyard.deploy.ctl import main

if __name__ == "__main__":
    main(sys.argv[1:])
