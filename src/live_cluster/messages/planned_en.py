"""Sentences (English): planned work by the administrator: switchover, standby, maintenance, rejoin, events."""

TEXTS: dict[str, str] = {
    # switchover
    "unknown-head": "{option}: there is no head server {name} in this cluster. It has: {names}.",
    "switchover-no-primary": "The database has no primary now, so there is nothing to move. See: sudo live-cluster status.",
    "switchover-refused": "Everything cannot move to {node} now: {reason}.",
    "switchover-overtaken": "{node} has lost the primary in the meantime: nothing was ordered. See: sudo live-cluster status.",
    "reason-failed-action": "a failed action is on record ({resource}: {task} on {node}: {reason}). Remove the cause and clear it with crm_resource --cleanup, or wait until it expires",
    "switchover-impact": "The primary and with it all addresses, files and services move from {source} to {target}. Users are interrupted for some seconds: writes wait, open connections break; calls through the application's own services are cut.",
    "switchover-question": "Move everything to {target} now?",
    "switchover-checkpoint": "Asking {node} for a checkpoint, so that it stops quickly.",
    "switchover-no-checkpoint": "No checkpoint ({reason}): the switch-over may take longer.",
    "switchover-interrupted": "Interrupted. If the move had begun, Pacemaker brings it to its end; nothing of the order is left behind. See: sudo live-cluster status.",
    "switchover-already": "{node} has the primary already: nothing to do.",
    "switchover-done": "Everything runs on {target} now, {source} is the synchronous standby. After {demoted} s {source} was no primary any more, after {promoted} s {target} was, after {services} s everything ran, after {synchronous} s replication was synchronous again.",
    "switchover-not-demoted": "{source} is still the primary: nothing has moved, and the order has been withdrawn. See journalctl -u pacemaker on both heads.",
    "switchover-not-promoted": "{source} gave up the primary, but {node} has not taken it over in time. Pacemaker goes on by itself, with whichever head has the latest data. See: sudo live-cluster status.",
    "switchover-not-services": "{node} is the primary, but not everything runs there yet. See: sudo live-cluster status.",
    "switchover-not-synchronous": "Everything runs on {node}, but {source} is not a synchronous standby again yet. See: sudo live-cluster status.",
}
