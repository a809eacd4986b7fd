"""Entry of the command `live-cluster`."""

import os
import sys


def main() -> int:
    """Run one verb."""
    if sys.argv[1:] in (["status"], ["status", "--json"]):
        # Asked often, and to take little more than crm_mon: the command line's library alone costs 26 ms.
        from live_cluster.cli.status_show import main as status

        code = status(as_json="--json" in sys.argv)
        # Nothing is left to be tidied up, and Python would take 2 ms for that.
        os._exit(code)
    from live_cluster.cli.main import main as program

    return program()


if __name__ == "__main__":
    sys.exit(main())
