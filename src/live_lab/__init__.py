"""Whole servers on one machine: containers or virtual machines, switches, a shared block device, faults."""

from live_lab.errors import HostIsOff, LabCommandFailed, LabError, LabInUse, WaitTimeout
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.process import Background, Completed
from live_lab.topology import Scheme
from live_lab.wait import slowness, wait_until

__all__ = [
    "Background",
    "Completed",
    "Host",
    "HostIsOff",
    "Lab",
    "LabCommandFailed",
    "LabError",
    "LabInUse",
    "Scheme",
    "WaitTimeout",
    "slowness",
    "wait_until",
]
