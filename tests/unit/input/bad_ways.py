"""Wrong words, secrets and files."""

from __future__ import annotations

from bad_input import STORED, bad, config
from input_cases import good_but

WORDS = [
    bad("unknown option", [*good_but(), "--frobnicate", "1"], "option-unknown frobnicate"),
    bad("a letter too few", [*good_but(), "--databse-ip=10.81.0.5"], "option-unknown-similar databse-ip"),
    bad("underscores", [*good_but(), "--public_ip", "1"], "option-unknown-similar public_ip"),
    bad("one hyphen", [*good_but(), "-public-ip", "1"], "option-unknown-similar public-ip"),
    bad("long dashes", [*good_but(), "—public-ip", "1"], "argument-long-dash public-ip"),
    bad("short option", [*good_but(), "-x"], "option-unknown x"),
    bad("two hyphens alone", [*good_but(), "--"], "option-unknown"),
    bad("no value at the end", [*good_but(token=None), "--token"], "option-without-value token"),
    bad("no value in the middle", ["--token", *good_but()], "option-without-value token"),
    bad(
        "a mandatory one without value is not missing as well",
        ["--public-ip", *good_but(public_ip=None)],
        "option-without-value public-ip",
    ),
    bad("switch with value", [*good_but(), "--dry-run=yes"], "flag-with-value dry-run"),
    bad("twice, not the same", [*good_but(), "--public-ip", "10.81.0.99"], "option-repeated public-ip"),
    bad(
        "twice in both spellings",
        [
            *good_but(),
            "--smsc-sender-address=a",
            "--smcsc-sender-address=b",
            "--smsc-host=h",
            "--smsc-port=1",
        ],
        "option-repeated smsc-sender-address",
    ),
    bad(
        "value without quotes",
        [*good_but(), "--public-ip", "10.81.0.100", "и", "всё"],
        "argument-stray public-ip",
        "option-repeated-same public-ip",
    ),
    bad("a word first", ["configure", *good_but()], "argument-stray-first"),
    bad("a space after the backslash", [*good_but(), " "], "argument-blank"),
    bad("an empty argument", [*good_but(), ""], "argument-blank"),
    bad(
        "config twice",
        [*good_but(), "--config", "/a", "--config", "/b"],
        "option-repeated config",
        "settings-file-missing",
    ),
    bad(
        "config empty", [*good_but(), "--config="], "option-without-value config", "settings-file-unreadable"
    ),
    bad("broken UTF-8 as an option", [*good_but(), "--\udcff"], "option-unknown \udcff"),
]

SECRETS = [
    bad(
        "password on the command line and in a file",
        [
            *good_but(filestorage_device="//nas/v"),
            "--filestorage-username=u",
            "--filestorage-password=a",
            "--filestorage-password-file={directory}/p",
        ],
        "option-given-two-ways filestorage-password",
        "secret-on-command-line filestorage-password",
        files={"p": "a"},
    ),
    bad(
        "password file missing",
        [*good_but(), "--filestorage-password-file={directory}/p"],
        "secret-file-missing filestorage-password",
    ),
    bad(
        "password file is a directory",
        [*good_but(), "--filestorage-password-file={directory}"],
        "secret-file-unreadable filestorage-password",
    ),
    bad(
        "password file empty",
        [*good_but(), "--filestorage-password-file={directory}/p"],
        "secret-file-empty filestorage-password",
        files={"p": "\n"},
    ),
    bad(
        "password file not UTF-8",
        [*good_but(), "--filestorage-password-file={directory}/p"],
        "secret-file-not-utf8 filestorage-password",
        files={"p": b"\xff\xfe"},
    ),
    bad(
        "password file too big",
        [*good_but(), "--filestorage-password-file={directory}/p"],
        "secret-file-too-big filestorage-password",
        files={"p": "a" * 70_000},
    ),
    bad(
        "password of two lines",
        [
            *good_but(filestorage_device="//nas/v"),
            "--filestorage-username=u",
            "--filestorage-password-file={directory}/p",
        ],
        "value-control-character filestorage-password",
        files={"p": "a\nb\n"},
    ),
    bad(
        "two passwords from standard input",
        [*good_but(), "--smsc-password-file=-", "--external-mail-server-password-file=-"],
        "stdin-wanted-twice external-mail-server-password",
        "option-needed smsc-host",
        "option-needed smsc-port",
        "option-needed smsc-username",
        stdin=b"secret\n",
    ),
    bad(
        "passphrase and password from standard input",
        [*good_but(), "--passphrase-file=-", "--smsc-password-file=-"],
        "stdin-wanted-twice smsc-password",
        stdin=b"secret\n",
    ),
    bad(
        "nothing on standard input",
        [*good_but(), "--smsc-password-file=-"],
        "secret-file-empty smsc-password",
    ),
    bad(
        "part of a password without quotes",
        [*good_but(), "--smsc-password", "a", "b"],
        "argument-stray smsc-password",
        "option-needed smsc-host",
        "option-needed smsc-port",
        "option-needed smsc-username",
        "secret-on-command-line smsc-password",
    ),
    bad(
        "broken UTF-8 in the environment",
        good_but(),
        "value-not-utf8 smsc-password",
        "option-needed smsc-host",
        "option-needed smsc-port",
        "option-needed smsc-username",
        environment={"LIVE_CLUSTER_SMSC_PASSWORD": "a\udcff"},
    ),
]

FILES = [
    bad("no such file", [*good_but(), "--config", "{directory}/none"], "settings-file-missing"),
    bad("a directory", [*good_but(), "--config", "{directory}"], "settings-file-unreadable"),
    bad("NUL in the path", [*good_but(), "--config", "a\0b"], "settings-file-unreadable"),
    config("not UTF-8", b'public-fqdn = "\xff"', "settings-file-not-utf8"),
    config("too big", "#" * 1_000_001, "settings-file-too-big"),
    config("no quotes", "public-ip = 10.81.0.100", "settings-file-syntax"),
    config("no value", "public-ip", "settings-file-syntax"),
    config("quote left open", 'public-ip = "10.81.0.100', "settings-file-syntax"),
    config("a key twice", "token = 3000\ntoken = 3000\n", "settings-file-syntax"),
    config("brackets without end", "a = " + "[" * 5000, "settings-file-syntax"),
    config("unknown key", "frobnicate = 1", "settings-file-key-unknown frobnicate"),
    config("misspelled key", 'databse-ip = "1"', "settings-file-key-unknown-similar databse-ip"),
    config("key with hyphens", '--public-ip = "1"', "settings-file-key-unknown-similar --public-ip"),
    config("a section", '[heads]\nhead-node-1-ip = "10.81.0.1"', "settings-file-table heads"),
    config("number for a text", "public-ip = 10", "settings-file-wrong-type public-ip"),
    config("list for a text", 'public-ip = ["10.81.0.100"]', "settings-file-wrong-type public-ip"),
    config("date for a text", "public-fqdn = 2024-01-01", "settings-file-wrong-type public-fqdn"),
    config("fraction for a number", "token = 3000.0", "settings-file-wrong-number token"),
    config("true for a number", "token = true", "settings-file-wrong-number token"),
    config("huge number", "token = " + "9" * 4000, "number-out-of-range token"),
    config("number beyond all reading", "token = " + "9" * 5000, "settings-file-syntax"),
    config("text for a switch", 'smsc-disable = "yes"', "settings-file-wrong-flag smsc-disable"),
    config("empty value", 'public-fqdn = ""', "value-empty public-fqdn", words=good_but(public_fqdn=None)),
    config(
        "line break",
        'public-fqdn = "a\\nb"',
        "value-control-character public-fqdn",
        words=good_but(public_fqdn=None),
    ),
    config("bad address", 'public-ip = "1.2.3"', "not-an-address public-ip", words=good_but(public_ip=None)),
    config(
        "both spellings",
        'smsc-sender-address = "a"\nsmcsc-sender-address = "b"\nsmsc-host = "h"\nsmsc-port = 1',
        "option-repeated smsc-sender-address",
    ),
    bad("stored file broken", good_but(), "settings-file-syntax", files={"stored/cluster.toml": "x"}),
    bad(
        "stored value broken",
        [],
        "not-an-address public-ip",
        files={"stored/cluster.toml": STORED["stored/cluster.toml"].replace("10.81.0.100", "10.81.0.300")},
    ),
]
