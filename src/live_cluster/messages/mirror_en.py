"""Sentences (English): the files' mirrored disk (DRBD) in status."""

TEXTS: dict[str, str] = {
    "status-drbd": "Files (DRBD): connected; {node}: {role}, {disk}; {peer}: {peer_role}, {peer_disk}",
    "status-drbd-apart": "Files (DRBD): NOT connected ({connection}); {node}: {role}, {disk}; written here since: {differs}; nothing is known of {peer}",
    "status-drbd-split-brain": "Files (DRBD): SPLIT-BRAIN ({connection}): both heads have written on their own; {node}: {role}, {disk}; written here since: {differs}. See both sides: sudo live-cluster filestorage resolve",
    "status-drbd-resync": "Files (DRBD): the copy of {node} is being brought up to date: {progress}",
    "drbd-resync-begins": "just beginning",
    "drbd-resync": "{percent} % done, {left} MiB left",
    "drbd-resync-until": "{percent} % done, {left} MiB left, about {remaining} to go",
    "health-drbd-not-promoted": "no head has the files' disk in use ({resource} is promoted nowhere): see the failed actions and journalctl -u pacemaker",
    "health-drbd-split-brain": "both heads have written files on their own (split-brain of DRBD), and each has what the other lacks: look at both sides and choose with sudo live-cluster filestorage resolve",
    "health-drbd-stopped": "DRBD does not run on {node}, so the files are not mirrored there",
    "health-drbd-inconsistent": "the files' copy on {node} is incomplete (Inconsistent): an interrupted resync goes on once the heads are connected",
    "health-drbd-outdated": "the files' copy on {node} is outdated: bring the replication's network back, then it catches up by itself",
    "health-drbd-diskless": "{node} has lost the disk with its copy of the files ({disk}): see dmesg there, replace the disk, then attach it: drbdadm attach",
    "health-drbd-disk": "the files' copy on {node} is not up to date ({disk})",
    "health-drbd-resync": "the files' copy on {node} is still being brought up to date ({progress})",
    "health-drbd-stands-alone": "DRBD does not try to connect the heads any more (StandAlone), and the files' copy on {node} falls behind: it has found a split-brain, or was disconnected by hand. See: sudo live-cluster filestorage resolve",
    "health-drbd-disconnected": "the files are not mirrored to {node} now (DRBD: {connection}): check the replication's network and DRBD on {node}",
    "health-drbd-unknown": "the files' copies are not both up to date ({disk} and {peer_disk}), and whether {node} has a good one cannot be told here",
    "hazard-drbd-elsewhere": "the database's primary is on {node}, but the only up-to-date copy of the files is on {other} ({node}: {disk})",
}
