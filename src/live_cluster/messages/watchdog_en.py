"""Sentences in English: fencing by watchdog."""

TEXTS: dict[str, str] = {
    # What was written
    "not-a-watchdog": '{place}: "{value}" is no watchdog. Watchdogs are called /dev/watchdog, /dev/watchdog1 and so on; see: wdctl',
    "not-a-disk": '{place}: "{value}" is no path of a disk. Give one below /dev that both heads know, such as /dev/disk/by-id/wwn-…',
    "fencing-two-kinds": "--{option} and --{other} are two kinds of fencing. Give one of them; to change from one to the other, turn the former off first: live-cluster configure --no-fencing",
    "fencing-watchdog-alone": "--{option}: two heads cannot tell which of them is cut off, so a watchdog alone would reset both, or neither. Name a third vote with --arbiter-ip, or a disk that both heads see with --fencing-disk.",
    "fencing-watchdog-token": "--{option}: with fencing by watchdog at most {most} ms are possible, not {token}: a head that was reset has to wait as long as the other one needs to take over, and systemd would not wait for it.",
    "fencing-disk-is-storage": "--{option}: {disk} is the file storage, and sbd would overwrite its beginning. Give a small disk or partition of its own; 4 MiB are enough.",
    # What the servers say to it
    "sbd-missing": "{node}: sbd (--{option}) is not installed. Install it there: apt-get install sbd; systemctl disable sbd. (The package binds it to Corosync at once; until configure has set it up it could keep Corosync from starting, or reset the server.)",
    "watchdog-missing": "{node}: there is no {device} (--{option}). Look for the watchdogs it has: wdctl; ls /dev/watchdog*. Many boards have one that is only switched off in the firmware or whose driver is not loaded (iTCO_wdt, sp5100_tco, ipmi_watchdog). Where there is none, the kernel's own can stand in: echo softdog > /etc/modules-load.d/softdog.conf; modprobe softdog",
    "watchdog-of-systemd": "{node}: systemd uses a watchdog itself (RuntimeWatchdogSec={value}), and only one program can have {device} (--{option}). Remove RuntimeWatchdogSec from /etc/systemd/system.conf and its drop-ins there, then: systemctl daemon-reexec",
    "watchdog-busy": "{node}: another program has {device} (--{option}) open. See which: fuser -v {device}; often it is the package watchdog. Stop and disable it there, or name another watchdog.",
    "watchdog-soft": "{node}: {device} is the kernel's own watchdog (softdog). It works as long as the kernel does; a server that hangs completely is not reset by it, and the other head takes over all the same. A watchdog of the board or of its management controller is safer.",
    "watchdog-stays-armed": "{node}: once armed, {device} cannot be disarmed (its driver was loaded with nowayout=1): whenever Corosync is stopped or restarted there, also by --no-fencing and by updates of its package, the server is reset. Load the driver with nowayout=0 (a line “options DRIVER nowayout=0” in /etc/modprobe.d), then reboot.",
    "watchdog-token-grows": "{node}: with this token the arbiter may take longer to answer than sbd waits ({running} s), and sbd would reset both heads when the time-outs change; it would have to wait {wanted} s. Turn fencing off first (live-cluster configure --no-fencing), then give the new token together with --{option} {device}.",
    "fencing-disk-missing": "{node}: there is no block device {disk} (--{option}). Both heads must see the disk under the same path.",
    "fencing-disk-in-use": "{node}: {disk} (--{option}) is not empty (found: {found}), and sbd would overwrite it. Give an empty disk. If nothing on it is needed, empty it yourself: wipefs --all {disk}; dd if=/dev/zero of={disk} bs=1M count=1 conv=fsync",
    "fencing-disks-differ": "--{option}: {disk} is not the same disk on both heads: sbd's marks on it are {first} and {second}. Check the SAN's mapping; a path from /dev/disk/by-id tells disks apart.",
    "fencing-disk-times": "{node}: {disk} (--{option}) was prepared for sbd with times that do not fit: watchdog {watchdog} s, msgwait {msgwait} s. msgwait must be at least twice the other and at most {most} s. Empty the disk, and it is prepared anew: dd if=/dev/zero of={disk} bs=1M count=1 conv=fsync",
    # Steps
    "stage-watchdog": "Starting the cluster's services anew on {node}, for its watchdog",
    "stage-watchdog-rests": "Letting fencing rest while the watchdogs are changed",
    "step-watchdog-disk": "Prepare the empty disk {disk} for sbd",
    "step-watchdog-disk-seen": "The disk {disk} is the one that the other head has prepared",
    "step-watchdog-enabled": "sbd starts together with Corosync",
    "step-watchdog-armed": "The watchdog is armed",
    "step-watchdog-rests": "Do not count on a reset for the time being",
    "step-watchdog-on": "Start Corosync and Pacemaker anew, with sbd, and arm the watchdog",
    "step-watchdog-off": "Start Corosync and Pacemaker anew, without sbd",
    "step-watchdog-whole": "This head is back, and its database has everything",
    # Status
    "status-watchdog": "Fencing by watchdog: {device} is armed on this server{way}",
    "status-watchdog-not-armed": "Fencing by watchdog: {device} is NOT ARMED on this server{way}: sbd does not run",
    "watchdog-arbiter": "; the arbiter decides",
    "watchdog-disk": "; messages go over {disk}",
    "health-watchdog-not-armed": "the watchdog of this server is not armed: sbd does not run, so it would not be reset when it is cut off. See journalctl -u sbd, then start the cluster's services anew: systemctl stop pacemaker; systemctl restart corosync; systemctl start corosync-qdevice pacemaker",
    # check --fencing
    "check-watchdog": "watchdog of {node}",
    "check-watchdog-armed": "{device} is armed, sbd runs",
    "check-watchdog-not-armed": "{device} is not armed: sbd does not run here. See journalctl -u sbd",
    "check-watchdog-peer": "Pacemaker runs there, which it does only together with sbd; for more ask on that head",
    "check-watchdog-peer-away": "that head is not in the cluster",
}
