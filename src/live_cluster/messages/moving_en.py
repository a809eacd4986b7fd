"""Sentences in English: moving the file storage."""

TEXTS: dict[str, str] = {
    # Whether it may be
    "storage-is-another": (
        "--{option}: the files are on {former}, and {wanted} is another storage. Repeat the command with --migrate-filestorage: everything is "
        "copied and verified, and the services stop for the last changes only. Or copy by yourself: `live-cluster stop-resources`, mount "
        "both and copy, this command again, `live-cluster start-resources`."
    ),
    "move-not-ended": (
        "--{option}: the files have just been moved from {wanted} to {former}, and new ones are written there: only the end of that run is "
        "missing. Give {former} again: live-cluster configure --{option} {former} --migrate-filestorage (for a NAS with its login)."
    ),
    "storage-changed-by-hand": (
        "--{option}: the cluster will mount {wanted} instead of {former}, and nothing is copied: the former storage is not in use now. See to "
        "it that the files are there."
    ),
    "move-source-not-mounted": (
        "--{option}: nothing can be copied from {former}: no head has it mounted. Start the resources first (`live-cluster start-resources`, "
        "`live-cluster status` says what is missing)."
    ),
    "move-target-not-empty": "--{option}: {wanted} is not empty: it holds {names}. Files of others are neither mixed with those from {former} nor removed: empty it, or give another one.",
    "move-begun-from-another": "--{option}: {wanted} holds what an interrupted run has copied from {begun_from}, and now the files are on {former}. Empty it, or give another one.",
    "move-no-room": "--{option}: {wanted} has room for {free_mib} MiB, and {need_mib} MiB are to be copied from {former}.",
    "move-room-unknown": "--{option}: {wanted} has room for {free_mib} MiB. How much the files on {former} need cannot be seen: the NAS has {need_mib} MiB in use, with whatever else is on it. If there is too little room, the copy ends with an error, and nothing has happened to the services.",
    "move-inside": "--{option}: one of {former} and {wanted} is a folder of the other. Give a folder or share beside it.",
    "move-target-mounted": "--{option}: {wanted} is in use ({where}). Unmount it there, or give another one.",
    "move-mirror-leaving": "--{option}: the files have just left {wanted}, and DRBD {resource} is still in the cluster's configuration: that run was interrupted. Repeat it first (--{option} {former}): it takes DRBD out.",
    "drbd-disk-is-another": "--{option}: {node}: DRBD mirrors {former} there, and {wanted} is another disk. For a disk in the place of a failed one give it the same name (a link of udev's in /dev/disk); to move the files to other disks, move them to another storage and from there to drbd:{wanted}.",
    "mirror-stays-on-disks": "--{option}: the files leave DRBD ({resource}). It is stopped and taken out of the cluster, and its resource file is set aside (/var/lib/live-cluster/set-aside/TIME/etc/drbd.d/); the former files stay as they are on {disks}. If you do not need them any more, erase the disks on both heads: wipefs --all DISK",
    "mirror-stays-configured": "--{option}: the files leave the DRBD resource {resource}. The cluster stops it and leaves it out; its configuration and the former files stay as they are ({disks}). To use it otherwise: drbdadm up {resource}. To give it up: drbdadm down {resource}, remove its file from /etc/drbd.d, wipefs --all DISK, on both heads.",
    "move-differs": (
        "{node}: after the last pass the copy differs from the former storage: something other than the cluster's services writes there. The "
        "services run again, on the former storage. Find the writer (fuser -vm); or, on a Windows share, the names that differ in case only, of which it keeps one. Then repeat the command."
    ),
    "move-not-copied": "{node}: not everything could be copied from {former} to {wanted} (exit code {exit_code}): {output}\nA Windows share keeps no symbolic links; a NAS may refuse owners, and a full storage everything. Remove the cause and repeat the command: it goes on with what is copied, and nothing has happened to the services.",
    "move-not-compared": "{node}: the copy could not be compared with the former storage (exit code {exit_code}): {output}",
    # What is done
    "stage-move-prepare": "Looking after an earlier move",
    "stage-move-hand-over": "Preparing DRBD for the cluster",
    "stage-drbd-stop": "Stopping DRBD, which the files have left",
    "stage-drbd-out": "Taking DRBD out of the cluster",
    "stage-drbd-aside": "Setting DRBD's file aside, closing its port",
    "stage-move": "Moving the file storage",
    "step-move-unmount": "Unmount {path}",
    "step-move-mount": "Mount {device} at {path}",
    "step-move-copy": "Copy the files from {former} to {device}; they stay in use",
    "step-move-verify": "Compare every file on {former} and {device} by its content; they stay in use",
    "step-move-mirrored": "Wait until both heads' disks have everything",
    "step-drbd-stopped": "Demote and stop DRBD on both heads",
    "step-drbd-taken-out": "Take DRBD out of the cluster's configuration",
    "step-drbd-set-aside": "Stop DRBD and set {path} aside; what is on {disk} stays",
    "step-move-last-nas": "Stop what writes files, copy the last changes (the services are away from here: at least {seconds} s, and for as long as it takes to go through all files on the NAS twice)",
    "step-move-last": "Stop what writes files, copy the last changes (the services are away for about {seconds} s from here)",
    "step-move-pause-ended": "Start the services again that an interrupted run has stopped",
    "step-move-compare": "Compare names, sizes, times, owners, modes and attributes of all files",
    "step-move-services": "See that {units} run again",
    "move-mirroring": "State of DRBD: {state}",
    "move-progress-mib": "{done} MiB",
    "move-progress": "{percent} % ({done} of {total} MiB)",
}
