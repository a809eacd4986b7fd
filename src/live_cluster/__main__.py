"""Entry of the command `live-cluster`."""

import sys

from live_cluster.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
