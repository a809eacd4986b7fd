"""Entry of the command `live-configure`."""

import sys

from live_cluster.cli.configurator_cli import main

if __name__ == "__main__":
    sys.exit(main())
