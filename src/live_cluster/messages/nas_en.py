"""Sentences in English: file storage on a NAS."""

TEXTS: dict[str, str] = {
    # What was written
    "share-name-comma": "{place}: mount.cifs(8) cannot pass on a user name with a comma. Use another account of the NAS.",
    "share-name-long": "{place}: the user name is longer than the {limit} bytes that mount.cifs(8) takes. Use another account of the NAS.",
    "share-password-long": "{place}: the password is longer than the {limit} bytes that mount.cifs(8) takes (a comma counts twice). Give the account a shorter one.",
    # What the servers say to it
    "share-client-missing": "{node}: for {share} (--{option}) the package {package} is needed. Install it there: apt-get install {package}",
    "share-kernel-lacks": "{node}: the running kernel has no file system {fstype}, which {share} (--{option}) needs. Boot Debian's own kernel, or reboot if the kernel was updated since the last boot.",
    "share-account-missing": "{node}: the account {owner} or the group {group}, to which the files belong, is not there. Install the product on {node} first.",
    "share-name-unknown": "{node}: the name {host} (--{option}) is not known there ({detail}). Check the name, the name servers and /etc/hosts on {node}.",
    "share-silent": "{node}: the NAS {host} (--{option}) does not answer at port {port} ({detail}). Check that it is on, its address, and the network and firewalls between {node} and it.",
    "share-refuses": "{node}: {host} (--{option}) is there, but nothing listens at its port {port}. Switch the service on at the NAS (CIFS/SMB: 445, NFS: 2049), or check the address.",
    "share-login-wrong": "{node}: the NAS {host} does not accept the user {user} with this password ({detail}). Check --filestorage-username and --filestorage-password-file; a domain is written DOMAIN\\user.",
    "share-login-wrong-guest": "{node}: the NAS {host} lets nobody in without a login ({detail}). Give one with --filestorage-username and --filestorage-password-file.",
    "share-not-allowed-cifs": "{node}: the NAS {host} accepts the login, but the user {user} may not use {share} (--{option}; {detail}). Allow it at the NAS, or give another --filestorage-username.",
    "share-not-allowed-guest": "{node}: the NAS {host} does not open {share} (--{option}) to guests ({detail}). Give a login with --filestorage-username and --filestorage-password-file.",
    "share-not-allowed-nfs": "{node}: the NAS {host} does not let {node} ({address}) use {share} (--{option}). Export it to the addresses of both heads, for writing: rw,no_root_squash",
    "share-share-missing-cifs": "{node}: the NAS {host} answers, but has no {share} (--{option}; {detail}). Check the share's name at the NAS; a folder below the share must exist, too.",
    "share-share-missing-nfs": "{node}: the NAS {host} answers, but has no {share} for {node} ({address}) (--{option}). Check the path of the export at the NAS, and that it is exported to both heads.",
    "share-too-old": "{node}: the NAS {host} does not speak a protocol that can be used for {share} (--{option}; {detail}): SMB 2.1 or later, or NFS version 4, is needed. Switch it on at the NAS.",
    "share-not-mounted": "{node}: {share} (--{option}) cannot be mounted: {detail}",
    "share-not-writable-cifs": "{node}: the user {user} can read {share} (--{option}), but not write there ({detail}). Give this user the right to write at the NAS.",
    "share-not-writable-nfs": "{node}: {share} (--{option}) can be mounted, but not written to ({detail}). Export it for writing and let root of the heads be root: rw,no_root_squash",
    "share-owner-refused": "{node}: the NAS does not let {node} give files on {share} (--{option}) to {owner}:{group} ({numbers}); they belong to {detail}. Export it with no_root_squash to both heads, or with all_squash and these numbers as anonuid and anongid.",
    # Steps
    "step-share-login-former": "Remove an earlier login to the NAS",
    # State
    "health-nas-silent": "NAS {host} does not answer: files can neither be read nor written until it does. Everything goes on by itself when the NAS is back",
    "health-files-fail": "file storage {resource} is mounted, but cannot be written to",
    "hazard-nas-unreached": "NAS {host} does not answer this server: it could not take the files over",
}
