"""Entry point of `python -m uddm_mini`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
