"""Sentences in English: fencing."""

TEXTS: dict[str, str] = {
    # What was written
    "fencing-quotes": "{place}: {value}: the quotes do not match ({detail}). Write it as in a shell, as one word: 'fence_ipmilan ip=192.0.2.201 username=admin'.",
    "fencing-no-agent": "{place}: it must begin with the name of a fence agent, such as fence_ipmilan, not with “{detail}”. The parameters follow: 'fence_ipmilan ip=192.0.2.201 username=admin'.",
    "fencing-no-pair": '--{option}: “{word}” is not NAME=VALUE. Put values with spaces in quotes: name="a value".',
    "fencing-password-inside": "--{option}: {parameter} does not belong here, where everybody who sees the command or the settings can read it. Give it with --{option}-password-file FILE.",
    "fencing-parameter-ours": "--{option}: {parameter} is set by live-cluster itself. Leave it out.",
    "fencing-parameter-twice": "--{option}: {parameter} is given twice. Give it once.",
    "fencing-value-empty": "--{option}: {parameter} has no value. Give one, or leave the parameter out.",
    "fencing-same-device": "--{option} is the same as --{other}: one device would cut the power of one and the same server. Each head needs its own.",
    # What the servers say to it
    "fencing-agent-missing": "{node}: the agent {agent} (--{option}) is not installed. Install it there: apt-get install fence-agents",
    "fencing-ipmitool-missing": "{node}: {agent} (--{option}) needs {path}. Install it there: apt-get install ipmitool",
    "fencing-parameter-unknown": "--{option}: {agent} knows no parameter {parameter}. See: {agent} -o metadata",
    "fencing-parameter-unknown-similar": "--{option}: {agent} knows no parameter {parameter}; perhaps {similar} is meant. See: {agent} -o metadata",
    "fencing-parameter-missing": "--{option}: {agent} needs the parameter {parameter}. See: {agent} -o metadata",
    "fencing-choice": "--{option}: {parameter}={value}: {agent} takes one of {choices}.",
    "fencing-not-boolean": "--{option}: {parameter}={value}: {agent} takes 1 or 0.",
    "fencing-not-integer": "--{option}: {parameter}={value}: {agent} takes a whole number.",
    "fencing-not-second": "--{option}: {parameter}={value}: {agent} takes a number of seconds.",
    "fencing-password-useless": "--{option}: {agent} takes no password from a program, so it could only be given in plain sight. Leave it out, or choose another agent.",
    "fencing-silent": "{node}: the fencing device of {head} (--{option}) does not answer as it should: {answer}. Check its address, the user name, the password and the network between {node} and it, then repeat the command. Fencing was not changed.",
    "fencing-other-machine": "{node}: the fencing device of {head} (--{option}) says that its server is off, but {head} runs. It belongs to another server: check the address. Fencing was not changed.",
    # Steps
    "stage-fencing": "Asking the fencing devices",
    "step-fencing-answers": "Ask the fencing device of {head}",
    # Status
    "status-fencing": "Fencing: {devices}",
    "status-fencing-off": "Fencing: not configured",
    "status-fencing-none": "Fencing: switched on, but there is no device",
    "fencing-device-runs": "{device} is watched on {node}",
    "fencing-device-failed": "{device} FAILED",
    "fencing-device-stopped": "{device} does NOT RUN",
    "status-fencing-failed": "Fencing failed: {action} of {target}, {when}{reason}",
    "health-fencing-device": "the fencing device of {node} ({device}) does not work. If {node} is lost, nothing is taken over before its power is certainly off: see sudo live-cluster check --fencing",
    "health-fencing-no-device": "fencing is switched on, but there is no device: after the loss of a server nothing would be taken over. Set it up with sudo live-cluster configure --head-node-1-fencing … --head-node-2-fencing …",
}
