"""Sentences in English: block devices of the file storage."""

TEXTS: dict[str, str] = {
    # What the heads say about the device
    "device-is-path": (
        "{node}: {device} (--filestorage-device) is one path of the multipath device {whole}. Give that one: when a single path "
        "fails, the others go on."
    ),
    "device-in-use": (
        "{node}: {device} (--filestorage-device) is used by {users}. The file storage needs a device of its own, without "
        "partitions or volumes on it (or give the volume itself)."
    ),
    "device-mounted": "{node}: {device} (--filestorage-device) is mounted at {where}. Unmount it there, and take it out of /etc/fstab.",
    "device-read-only": "{node}: {device} (--filestorage-device) can only be read. Let the storage system give this head write access.",
    "device-not-empty": (
        "{node}: {device} (--filestorage-device) is not empty (found: {found}): --format-filestorage leaves it alone. If nothing on it "
        "is needed any more, empty it on one head: wipefs --all {device}, then blkdiscard --zeroout {device}"
    ),
    "device-has-errors": (
        "{node}: the file system on {device} (--filestorage-device) is damaged (state: {state}). Check it while it is mounted nowhere "
        "(`live-cluster stop-resources`): e2fsck -f {device}"
    ),
    "device-single-path": (
        "{node}: {device} (--filestorage-device) is the same unit as {others}: the head has several paths to it, and this is one. When it "
        "fails, the file storage does. Set up multipath (multipath-tools) and give the multipath device."
    ),
    "device-sizes-differ": "The heads see --filestorage-device in different sizes ({first} and {second} bytes). Scan for the new size on both (rescan-scsi-bus.sh, multipathd resize).",
    "devices-are-copies": (
        "The heads see different units of the storage system under --filestorage-device ({first} and {second}) with the same file system: one "
        "is a copy of the other. Give both heads the same LUN."
    ),
    "device-name-may-change": (
        "{device} (--filestorage-device) may be another disk after the next boot. Names that stay, the same on both heads: {common}. "
        "({first}; {second})"
    ),
    "device-other-names": "{device} (--filestorage-device) is not the same device on both heads. Names that are on both heads: {names}",
    "format-without-device": "--format-filestorage is for a block device of the SAN; the file storage is another kind. Leave it out.",
    # What is done
    "stage-format": "Making the file system",
    "step-format": "Make an ext4 file system on {device} (UUID {uuid})",
    "step-format-seen": "See the new file system on {device}, too (UUID {uuid})",
    "ask-format": "{device} ({gib} GiB) is empty on both heads; it will get a new ext4 file system (UUID {uuid}). Go on?",
}
