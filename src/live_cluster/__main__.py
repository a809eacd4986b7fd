"""Entry of the command `live-cluster`."""

import sys


def main() -> int:
    """Run one verb."""
    if sys.argv[1:] in (["status"], ["status", "--json"]):
        # Asked often, and to take little more than crm_mon: the command line's library alone costs 26 ms.
        from live_cluster.cli.status_show import main as status

        return status(as_json="--json" in sys.argv)
    from live_cluster.cli.main import main as program

    return program()


if __name__ == "__main__":
    sys.exit(main())
