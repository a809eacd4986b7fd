"""Sentences in English: setting DRBD up."""

TEXTS: dict[str, str] = {
    # What must hold
    "drbd-no-module": "{node}: the kernel has no module drbd (modinfo drbd finds none). Install the kernel package that brings it: apt-get install linux-image-amd64, then restart the server.",
    "drbd-module-version": "{node}: the kernel's DRBD is version {version}; this version of live-cluster works with 8.4, the one in Debian's kernel.",
    "drbd-not-configured": "--{option}: {node}: DRBD is not configured for {device} there (drbdadm dump). Configure it on both heads, or let live-cluster do it: --{option} drbd:/dev/DISK",
    "drbd-protocol": "--{option}: {node}: the DRBD resource {resource} ({device}) uses protocol {protocol}: what was written would be lost with the active head. Set protocol C in its configuration and run there: drbdadm adjust {resource}",
    "drbd-without-fencing": "--{option}: {node}: the DRBD resource {resource} ({device}) has no fencing policy: after two failures in a row a head could take over with old files. Set fencing resource-and-stonith with the handlers crm-fence-peer.9.sh and crm-unfence-peer.9.sh, see man drbd.conf",
    "drbd-by-host-name": "--{option}: {node}: the DRBD resource {resource} ({device}) names its hosts ({hosts}): these must be what uname -n says, now and after a host is renamed. Sections “floating ADDRESS:PORT” do not depend on that.",
    "drbd-names-differ": "--{option}: {device} belongs to the DRBD resource {first} on one head and to {second} on the other. Give it the same name on both.",
    "drbd-disk-missing": "--{option}: {node}: {device} is not there, or no block device. Give a disk that both heads have under this name (lsblk).",
    "drbd-disk-in-use": "--{option}: {node}: {device} is in use ({holders}). DRBD needs a disk, partition or logical volume of its own.",
    "drbd-disk-not-empty": "--{option}: {node}: {device} is not empty (found: {found}), and live-cluster overwrites nothing. If nothing on it is needed any more, erase it there: wipefs --all {device}",
    "drbd-disk-small": "--{option}: {node}: {device} has {size_mib} MiB; at least {need_mib} MiB are needed.",
    "drbd-disk-smaller": "--{option}: {node}: {device} has {size_mib} MiB, and the file storage on the other head needs {need_mib} MiB. Give a disk at least as large.",
    "drbd-device-taken": "--{option}: {node}: the DRBD resource {resource} already uses {taken}, which live-cluster needs. Give that resource another device.",
    "drbd-port-taken": "--{option}: {node}: the DRBD resource {resource} already uses port {port}, which live-cluster needs. Give that resource another port.",
    # Steps
    "stage-drbd-disks": "Preparing the disks of the file storage",
    "stage-drbd-connect": "Connecting the disks of the file storage",
    "stage-drbd-equal": "Declaring two empty disks equal",
    "stage-drbd-files": "Making the file system of the file storage",
    "step-drbd-metadata": "Write DRBD's metadata to the end of the empty disk {device}",
    "step-drbd-up": "Start DRBD on {device} and connect it to the other head",
    "step-drbd-equal": "Skip the first copy: both disks are empty",
    "step-drbd-files": "Make ext4 on {device}",
}
