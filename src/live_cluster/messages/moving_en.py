"""Sentences in English: moving the file storage."""

TEXTS: dict[str, str] = {
    # Whether it may be
    "storage-is-another": (
        "--{option}: the files are on {former}, and {wanted} is another storage. Repeat the command with --migrate-filestorage: everything is "
        "copied and verified, and the services stop for the last changes only. Or copy by yourself: `live-cluster stop-resources`, mount "
        "both and copy, this command again, `live-cluster start-resources`."
    ),
    "storage-changed-by-hand": (
        "--{option}: the cluster will mount {wanted} instead of {former}, and nothing is copied: the former storage is not in use now. See to "
        "it that the files are there."
    ),
    "move-with-drbd": "--{option}: this version cannot move files to or from DRBD (here from {former} to {wanted}). Save them elsewhere, for example on a media server by SMB, and put them back when the new storage is in use: `live-cluster stop-resources`, this command without --migrate-filestorage, `live-cluster start-resources`.",
    "move-source-not-mounted": (
        "--{option}: nothing can be copied from {former}: no head has it mounted. Start the resources first (`live-cluster start-resources`, "
        "`live-cluster status` says what is missing)."
    ),
    "move-target-not-empty": "--{option}: {wanted} is not empty: it holds {names}. Files of others are neither mixed with those from {former} nor removed: empty it, or give another one.",
    "move-begun-from-another": "--{option}: {wanted} holds what an interrupted run has copied from {begun_from}, and now the files are on {former}. Empty it, or give another one.",
    "move-no-room": "--{option}: {wanted} has room for {free_mib} MiB, and {need_mib} MiB are to be copied from {former}.",
    "move-differs": (
        "{node}: after the last pass the copy differs from the former storage: something other than the cluster's services writes there. The "
        "services run again, on the former storage. Find the writer (fuser -vm), then repeat the command."
    ),
    "move-not-compared": "{node}: the copy could not be compared with the former storage (exit code {exit_code}): {output}",
    # What is done
    "stage-move-prepare": "Looking after an earlier move",
    "stage-move": "Moving the file storage",
    "step-move-unmount": "Unmount {path}",
    "step-move-mount": "Mount {device} at {path}",
    "step-move-copy": "Copy the files from {former} to {device}; they stay in use",
    "step-move-verify": "Compare every file on {former} and {device} by its content; they stay in use",
    "step-move-last": "Stop what writes files, copy the last changes (the services are away for about {seconds} s from here)",
    "step-move-compare": "Compare names, sizes, times, owners, modes and attributes of all files",
    "step-move-services": "See that {units} run again",
    "move-progress": "{percent} % ({done} of {total} MiB)",
}
