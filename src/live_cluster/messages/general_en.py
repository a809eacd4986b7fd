"""Sentences in English: what every verb may say."""

TEXTS: dict[str, str] = {
    "label-error": "Error:",
    "label-warning": "Warning:",
    "command-failed": '{node}: the command "{command}" failed with exit code {exit_code}: {output}',
    "root-required": "This command needs root. Run it with sudo: sudo {command}",
    "interrupted": "Interrupted. Nothing is lost: run the same command again, it goes on from here.",
}
