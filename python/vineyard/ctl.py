"""`python3 -m vineyard.ctl`, and `vineyardctl` of the wheel that brings the program along."""

import sys

from vineyard.deploy.ctl import become


def main() -> None:
    """Become the program, with the words of this command line."""
    become(sys.argv[1:])


if __name__ == "__main__":
    main()
