"""Sentences in English: the plan, its steps, the run."""

TEXTS: dict[str, str] = {
    "connecting": "Looking at {count} servers …",
    "plan-title": "Steps to be done: {count}",
    "plan-in-full": "Every step with its difference: the same command with --dry-run. As it is done: --verbose.",
    "plan-impact": "Worst impact of all steps: {impact}.",
    "impact-none": "nobody notices",
    "impact-reload": "a service reads its settings again",
    "impact-restart": "a service restarts",
    "impact-failover": "the service moves to the other head",
    "impact-outage": "the service is down for a while",
    "impact-replaces-data": "data on this server is set aside and replaced",
    "split-brain-possible": (
        "There is neither an arbiter (--{option}) nor fencing. If the heads lose sight of each other while both reach the users, both become active "
        "(split brain), and what one of them accepted in that time is lost. A media server can be the arbiter."
    ),
    "ask-replace-data": (
        "The database on {node} holds data of its own, or does not answer. It will be set aside on that server, not deleted, and replaced "
        "by a copy of the database on {first}. Go on?"
    ),
    "declined": "Nothing was changed, as you answered no.",
    "cannot-ask": "{question} There is no terminal to ask at: repeat the command with --yes to agree.",
    "nothing-to-do": "Nothing to do: the cluster is as described ({seconds} s).",
    "dry-run-ends": "Dry run: nothing was touched.",
    "run-summary": "Steps changed: {changed}, done already: {unchanged}. Time: {seconds} s.",
    "what-next": (
        "The cluster is configured. See it with: live-cluster status. Then close the access on every server: "
        "live-configure lock-configurator"
    ),
    "run-failed": "Steps failed: {failed}, not reached: {left}. What was done stays; after removing the cause the same command goes on from here.",
    "run-in-progress": "{node}: another run is at work ({holder}). Wait until it ends, then repeat the command.",
    "history-not-written": "{node}: the record of this run could not be written to {path}: {reason}.",
    "file-failed": "{node}: {path} could not be written: {reason}. Remove the cause and repeat the command.",
    "service-fails-everywhere": "{resource} starts on no server ({nodes}). Its last words: {words}. Everything else runs on. Remove the cause (journalctl -u {unit} on each), then repeat the command.",
    "step-without-effect": (
        "{node}: “{step}” did not come about within {seconds} s. Last seen: {seen}. See `live-cluster status` and "
        "`journalctl -u pacemaker` on that server, then repeat the command: it goes on from here."
    ),
    "step-progress": "{state}, {percent} % ({mib} MiB)",
    "seconds": "{number} s",
    "step-file": "Write {path}",
    "step-file-absent": "Remove {path}",
    "step-folder": "Make the folder {path}",
    "step-hostname": "Name the server {name}",
    "step-service-handed-over": "Hand {unit} over to the cluster",
    "step-service-running": "Start {units}, now and at boot",
    "step-smb-account": "Set up the file storage account {user}",
    "step-storage-owner": "Give {path} to {owner}",
    "step-database-handed-over": "Hand {unit} over to the cluster",
    "step-database-copy-requested": "Set the database aside and copy that of {first}",
    "step-replication-role": "Set up the database role {role}",
    "step-corosync-reload": "Let Corosync read its settings again",
    "step-default-cluster-stopped": "Stop the one-server cluster of a fresh installation",
    "step-first-cib": "Prepare Pacemaker's first start",
    "step-members-online": "Wait until both heads are online",
    "step-arbiter-knows-heads": "Let the arbiter know the heads' certificate",
    "step-arbiter-running": "Start corosync-qnetd, now and at boot",
    "step-arbiter-certificates": "Make the database of certificates for the arbiter",
    "step-arbiter-votes": "Start corosync-qdevice, now and at boot, and wait for the vote of {address}",
    "step-arbiter-left": "Stop asking the former arbiter",
    "step-arbiter-retired": "Stop being the arbiter",
    "step-cib": "Configure the cluster's resources",
    "step-database-promoted": "Wait until the database has a primary",
    "step-resources-running": "Wait until all resources run",
    "step-standby-synchronous": "Wait until the standby has all data and is synchronous",
    "stage-prepare": "Preparing the servers",
    "stage-hand-over": "Handing the services over to the cluster",
    "stage-arbiter-left": "Leaving the former arbiter",
    "stage-arbiter": "Getting the arbiter's vote",
    "stage-start": "Starting Corosync and Pacemaker",
    "stage-members": "Forming the cluster",
    "stage-resources": "Configuring the resources",
    "stage-database": "Starting the database",
    "stage-replication": "Preparing replication",
    "stage-complete": "Bringing everything up",
    "stage-storage": "Preparing the file storage, waiting for the standby",
    "stage-former": "Cleaning up the media servers that left",
    "step-sessions-ended": "End what {addresses} has open at the database and the file storage",
    "stage-settings": "Keeping the settings",
    "corosync-silent": "Corosync does not run on this server. Start it: systemctl start corosync pacemaker",
    "timeouts-now": "token: {token} ms, repeated up to {retransmits} times, every {interval} ms\nconsensus: {consensus} ms\nA lost server is noticed after about {noticed} s; the services are expected on the other one after 0.75*token+token = {total} s.",
}
