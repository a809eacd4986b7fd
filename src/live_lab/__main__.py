"""`python -m live_lab` is what the script `lab` runs."""

from live_lab.cli import main

main()
