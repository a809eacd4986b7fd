"""Sentences in English: reaching servers, and what must hold before anything is touched."""

TEXTS: dict[str, str] = {
    "connection-lost": (
        "{node}: the connection was lost ({reason}). Check that the server runs, then repeat the command: it goes on from here."
    ),
    "server-unreachable": "{node} ({address}): no connection: {reason}",
    "not-on-a-head": (
        "This is neither of the head servers: its addresses are {addresses}. Run the command on a server whose address "
        "is --head-node-1-ip or --head-node-2-ip."
    ),
    "profile-unusable": "The application profile {path} cannot be used: {reason}",
    "system-unsupported": "{node}: {system} is not supported. Debian 12 or 13 is needed.",
    "clock-differs": "{node}: its clock differs by {seconds} s from this server's. Set up time synchronisation (chrony) first.",
    "disk-full": "{node}: only {free_mib} MiB are free under {path}; at least {need_mib} MiB are needed. Make room first.",
    "product-missing": "{node}: {product} is not installed completely: {missing} is missing. Install it there first.",
    "service-unit-missing": "{node}: there is no unit {unit}, which the profile names as a clustered service. Install it there, or correct the profile.",
    "service-time-overridden": "{node}: {path} sets {setting} of {unit}, which counts for more than {key} = {seconds} of the profile. Remove the line there, or take {key} out of the profile: then the unit's own time counts.",
    "package-missing": "{node}: the package {package} is not installed. Install it there: apt-get install {package}",
    "database-versions": (
        "{node}: exactly one PostgreSQL cluster named main is needed, found versions: {versions}. See pg_lsclusters."
    ),
    "database-open-to-all": (
        "{node}: the firewall opens port {port} to everybody (a rule in /etc/iptables-config/ipv4/filter.d). live-cluster opens "
        "it for this cluster's servers itself: remove that rule."
    ),
    "port-taken": "{node}: port {port} is in use by {process}. Stop that program: the cluster needs the port.",
    "device-missing": (
        "{node}: {device} (--filestorage-device) is not a block device there. Both heads must see the same LUN under the same name."
    ),
    "device-not-ext4": (
        "{node}: {device} (--filestorage-device) holds no ext4 file system (found: {found}). If it is the right one and empty: "
        "mkfs.ext4 {device} on one head, or repeat the command with --format-filestorage"
    ),
    "devices-differ": (
        "The heads see different disks under --filestorage-device (UUID {first} and {second}). Both must see the same LUN."
    ),
    "foreign-cluster": (
        "{node}: already belongs to the cluster “{cluster}” with {count} resources, which live-cluster did not make. Take the "
        "server out of it first."
    ),
    "account-differs": (
        "{node}: the account {user} has the numbers {second} (user:group) here and {first} on the first head. Files on the shared "
        "storage belong to numbers: give the account the same ones on both heads (usermod -u, groupmod -g; then chown its files)."
    ),
    "versions-differ": "The heads have different versions of {what}: {first} and {second}. Install the same one on both.",
    "database-silent": (
        "{node}: its database does not answer, and it is the one whose data the cluster goes on with. Start it there "
        "(systemctl start postgresql) and repeat the command."
    ),
    "database-on-other-head": (
        "{other} has a database with {rows} rows of user data, and that of {node} is empty; the cluster would go on with the empty "
        "one. Swap --head-node-1-ip and --head-node-2-ip, so that the server with the data comes first."
    ),
    "no-room-for-copy": (
        "{node}: a copy of the database needs {need_mib} MiB under /var/lib/postgresql beside what is there, {free_mib} MiB are free."
    ),
    "address-not-here": "{node}: {address} (--{option}) is not an address of this server.",
    "address-not-connected": (
        "{node}: {address} (--{option}) is in none of its networks ({networks}). A floating address must be in a network of both heads."
    ),
    "interfaces-differ": (
        "{address} (--{option}): the heads reach it by different interfaces or networks ({found}). They must be the same on both."
    ),
    "address-taken": "{address} (--{option}) is in use already (by {holder}). Choose a free address.",
    "ping-target-silent": (
        "{node}: its default gateway {address} does not answer pings. By it a head that loses the other one tells whether it is "
        "itself cut off; without an answer both may go on alone, and what one of them accepts is lost. Let the gateway answer "
        "pings of both heads."
    ),
    "head-ping-silent": (
        "{node}: the other head does not answer pings at {address}. The heads have to answer each other's pings on every network: by that a "
        "head tells a dead peer from one that is only out of sight. See the cable, and the packet filters on both heads and between them."
    ),
    "head-not-in-cluster": "{node}: this head is not in the cluster (yet, or any more). Run `live-cluster configure` first.",
    "arbiter-package-missing": (
        "{node}: the package {package} is not installed. The arbiter (--arbiter-ip) needs it, and live-configure does not bring it along. "
        "Install it there: apt-get install {package}"
    ),
    "arbiter-without-certificate": (
        "{node}: corosync-qnetd has no certificate of its own there. Make one there: corosync-qnetd-certutil -i -G && "
        "chgrp -R coroqnetd /etc/corosync/qnetd/nssdb"
    ),
    "arbiter-taken": (
        "{node}: this arbiter (--{option}) already serves another pair of heads made by live-cluster ({heads}). An arbiter "
        "serves one such pair: choose another server."
    ),
    "media-server-off": "{node} ({address}) is off or cannot be reached: nothing is done there. Everything else goes on. When it is back, unlock it and repeat the command; or take it out with --remove-media-node {address}",
    "done-in-part": "The cluster is configured, but for the media servers named above. Repeat the command when they are back.",
}
