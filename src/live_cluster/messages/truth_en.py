"""Sentences (English): the settings in force, both heads at once, whose data is the source, a peer out of sight."""

TEXTS: dict[str, str] = {
    # Settings in force
    "health-database-setting": "the database on {node} runs with {name} = {value} ({place}), with which a commit that was acknowledged may be lost or this head may not take over as it should: {remedy}",
    "health-database-setting-pending": "the database on {node} takes {name} = {value} ({place}) at its next start, and may then not work as one of a pair: {remedy}",
    "health-database-file": "the database on {node} cannot read {file}, line {line} ({reason}), so its next start may fail: correct that line, then run there: sudo -u postgres psql -c 'SELECT pg_reload_conf()'",
    "database-overridden-setting": "{node}: the database takes {name} = {value} ({place}), which wins over what live-cluster writes and breaks the promise that an acknowledged commit is on both heads: {remedy}. Then repeat the command.",
    "database-overridden-setting-pending": "{node}: the database takes {name} = {value} at its next start ({place}), which wins over what live-cluster writes: {remedy}. Then repeat the command.",
    "database-overridden-file": "{node}: the database cannot read {file}, line {line} ({reason}), so its next start may fail. Correct that line, then run there: sudo -u postgres psql -c 'SELECT pg_reload_conf()'. Then repeat the command.",
    "setting-in-file": "{file}, line {line}",
    "setting-by-order": "{order}",
    "setting-by-source": "source: {source}",
    "setting-remedy-order": "take it back with sudo -u postgres psql -c '{order}' -c 'SELECT pg_reload_conf()' there",
    "setting-remedy-line": "remove that line, then run there: sudo -u postgres psql -c 'SELECT pg_reload_conf()'",
    "setting-remedy-configure": "see that postgresql.conf there has the line include_dir = 'conf.d', and run sudo live-cluster configure",
    # Whose data is the source
    "data-sides-differ": "No cluster says any more whose database is the latest, and neither head's has everything of the other's. {first} {second} Choose: the data that is given up is set aside whole, and what only it has is gone from the service. On the head whose data is to be given up: sudo touch {order}. Then repeat the command.",
    "data-side": "{node}: {state}, {alone}; timeline {timeline} (left before: {history}), ends at {end}, last checkpoint {checkpoint}, rows of users: {rows}, system {system}.",
    "data-side-primary": "runs as a primary",
    "data-side-standby": "runs as a standby",
    "data-side-stopped": "does not run",
    "data-side-alone": "has acknowledged writes alone",
    "data-side-not-alone": "has acknowledged nothing alone",
    # Both heads at once
    "health-two-primaries": "the database is primary on both heads ({nodes}): what one of them accepts now will be lost. If maintenance mode is on, end it at once (sudo live-cluster maintenance off), so that the cluster stops one; if not, see journalctl -u pacemaker on both",
    "health-two-databases": "the databases of both heads ({nodes}) take writes, although the cluster knows of one primary only: what one of them accepts now will be lost. Restore the networks between the heads and end maintenance mode; see journalctl -u pacemaker on both",
    "health-runs-twice": "{resource} runs on both heads ({nodes}), which must never be: end maintenance mode if it is on, so that the cluster stops one",
    "health-address-twice": "{node} holds the floating address(es) {addresses}, although the cluster runs them on {other}: clients reach now one head, now the other. End maintenance mode if it is on; else take them away here with ip address del",
    "health-mounted-twice": "{node} has {device} mounted, although the cluster has it mounted on {other}: a file system that is mounted twice is destroyed. End maintenance mode if it is on; else unmount it here at once",
    "health-configuration-gone": "the cluster's configuration is gone: Pacemaker runs, but knows none of the resources that live-cluster configure has made. Nothing watches the services that still run, and nobody takes over. Make it again: sudo live-cluster configure (without options; both heads unlocked). It compares both databases first and goes on with the one that has everything of the other",
    # A peer out of sight
    "peer-out-of-sight": "{peer} is not in the cluster as this head sees it, but may be running and serving on its own. When the heads see each other again, one configuration takes the place of the other as a whole: a change made here may undo what {peer} has done since, a takeover included. Look at sudo live-cluster status on {peer}, and change it there if that head serves; or restore the networks between the heads first. If {peer} is certainly off, repeat the command with --force.",
    "heads-apart": "{first} and {second} run, but do not see each other in the cluster. When they do again, one configuration takes the place of the other as a whole: a change made now may undo what the other head has done, a takeover included. Restore the networks between them first (sudo live-cluster check --network); or repeat the command with --force.",
    "keep-out-of-sight": "{peer} is not in the cluster as this head sees it. If it is running and serving on its own, both will be primary now, and what one of them accepts is lost. Go on only if {peer} is certainly off.",
    "heads-apart-waits": "{first} and {second} run, but do not see each other in the cluster. The run waits until they do before it changes the cluster; what it puts in order before that may help. If it waits in vain: sudo live-cluster check --network.",
}
