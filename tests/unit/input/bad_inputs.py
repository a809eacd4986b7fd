"""Wrong inputs, each with all the problems that it must show, and no others.

Texts in words may name {directory}, where `files` are written; `stored` is what an earlier run left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from input_cases import GOOD, good_but


@dataclass(frozen=True, kw_only=True)
class BadInput:
    name: str
    words: list[str]
    shows: list[str]
    files: dict[str, str | bytes] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""


def bad(name: str, words: list[str], *shows: str, **world: object) -> BadInput:
    return BadInput(name=name, words=words, shows=sorted(shows), **world)  # type: ignore[arg-type]


def address(text: str, code: str) -> BadInput:
    return bad(f"address {text!r}", good_but(public_ip=text), f"{code} public-ip")


def fqdn(text: str, code: str) -> BadInput:
    return bad(f"name {text[:20]!r}", good_but(public_fqdn=text), f"{code} public-fqdn")


def device(text: str, code: str, *more: str) -> BadInput:
    return bad(f"storage {text!r}", good_but(filestorage_device=text), f"{code} filestorage-device", *more)


def later(name: str, *words: str, shows: list[str] | None = None, **world: object) -> BadInput:
    """Right, but this version cannot do it yet."""
    options = [word[2:].partition("=")[0] for word in words if word.startswith("--")]
    return bad(
        name, [*good_but(), *words], *(shows or [f"not-available-yet {one}" for one in options]), **world
    )


def config(name: str, text: str | bytes, *shows: str, words: list[str] | None = None) -> BadInput:
    used = good_but() if words is None else words
    return bad(name, [*used, "--config", "{directory}/c.toml"], *shows, files={"c.toml": text})


STORED = {
    "stored/cluster.toml": "".join(
        f'{name} = "{text}"\n' for name, text in GOOD.items() if not name.startswith("media")
    )
}
FILE_URI = "file:///etc/passwd"
KEY = {"a.crt": "certificate", "a.key": "key"}

ADDRESSES = [
    address("", "value-empty"),
    address("10.81.0.300", "not-an-address"),
    address("10.81.0", "not-an-address"),
    address("10.81.0.1.1", "not-an-address"),
    address("video.example.com", "not-an-address"),
    address("10.81.0.100:443", "not-an-address"),
    address("10.81.0.100/99/1", "address-with-prefix"),
    address("10.81.0.100/24", "address-with-prefix"),
    address("10.81.0.0100", "address-leading-zeros"),
    address("010.081.000.100", "address-leading-zeros"),
    address("::1", "address-ipv6"),
    address("2001:db8::1", "address-ipv6"),
    address("[2001:db8::1]", "address-ipv6"),
    address(" 10.81.0.100", "value-spaces-around"),
    address("10.81.0.100\n", "value-control-character"),
    address("10.81.0.\udcff", "value-not-utf8"),
    address("١٠.٨١.٠.١٠٠", "not-an-address"),
    address("0.0.0.1", "address-unspecified"),
    address("127.0.0.1", "address-loopback"),
    address("224.0.0.18", "address-multicast"),
    address("255.255.255.255", "address-broadcast"),
    address("250.1.1.1", "address-reserved"),
    address("--", "not-an-address"),
]

NAMES = [
    fqdn("https://video.example.com", "not-a-host"),
    fqdn("video.example.com:443", "not-a-host"),
    fqdn("video_1.example.com", "not-a-host"),
    fqdn("-video.example.com", "not-a-host"),
    fqdn("video..example.com", "not-a-host"),
    fqdn("video.example.com.", "not-a-host"),
    fqdn("a" * 64 + ".example.com", "not-a-host"),
    fqdn("a.b" * 100, "not-a-host"),
    fqdn("видео.рф", "host-not-ascii"),
    fqdn("10.81.0.300", "not-an-address"),
    fqdn("127.0.0.1", "address-loopback"),
    fqdn("2001:db8::1", "address-ipv6"),
    fqdn("video example com", "not-a-host"),
    fqdn("v" * 1025, "value-too-long"),
]

STORAGES = [
    device("", "value-empty"),
    device("sdb", "storage-unknown"),
    device("/srv/files", "storage-not-device"),
    device("/dev", "storage-not-device"),
    device("/dev/", "storage-not-device"),
    device("/dev/../etc/passwd", "storage-not-device"),
    device("/dev/диск", "storage-not-device"),
    device("/dev/lun ", "value-spaces-around"),
    device("/dev/lu\0n", "value-control-character"),
    device(FILE_URI, "storage-unknown"),
    device("\\\\nas\\video", "storage-backslashes"),
    device("//nas", "storage-without-share"),
    device("///video", "storage-without-share"),
    device("nas:/", "storage-without-share"),
    device("cifs://user:secret@nas/video", "storage-with-credentials"),
    device("nfs://[2001:db8::1]/video", "address-ipv6"),
    device("//nas_1/video", "not-a-host"),
    device("//nas/../etc", "storage-unknown"),
    device("drbd:sdb", "storage-not-device"),
    device("//nas.example.com/video", "not-available-yet"),
    device("smb://nas/видео записи", "not-available-yet"),
    device("nas.example.com:/export/video", "not-available-yet"),
    device("drbd:/dev/vg0/video", "not-available-yet"),
    device("/dev/drbd0", "not-available-yet"),
    bad(
        "login for a block device",
        [*good_but(), "--filestorage-username", "u", "--filestorage-password-file", "{directory}/p"],
        "credentials-without-share filestorage-password",
        "credentials-without-share filestorage-username",
        "not-available-yet filestorage-password",
        "not-available-yet filestorage-username",
        files={"p": "secret\n"},
    ),
    bad(
        "login without storage",
        [*good_but(filestorage_device=None), "--filestorage-password-file", "{directory}/p"],
        "option-needed filestorage-device",
        "option-needed filestorage-username",
        "not-available-yet filestorage-password",
        files={"p": "secret\n"},
    ),
]

ACROSS = [
    bad(
        "nothing on a first run",
        [],
        *(f"option-missing {one}" for one in GOOD if one in {"head-node-1-ip", "head-node-2-ip"}),
        "option-missing public-ip",
        "option-missing database-ip",
        "option-missing filestorage-ip",
    ),
    bad("one mandatory missing", good_but(database_ip=None), "option-missing database-ip"),
    bad(
        "one secondary address",
        good_but(head_node_2_secondary_ip=None),
        "option-needed head-node-2-secondary-ip",
    ),
    bad("both heads the same", good_but(head_node_2_ip="10.81.0.1"), "address-repeated head-node-2-ip"),
    bad(
        "a secondary address that is the primary",
        good_but(head_node_1_secondary_ip="10.81.0.1"),
        "address-repeated head-node-1-secondary-ip",
    ),
    bad(
        "one address for everything that floats",
        good_but(database_ip="10.81.0.100", filestorage_ip="10.81.0.100"),
        "address-repeated database-ip",
        "address-repeated filestorage-ip",
    ),
    bad(
        "a media server on a head's address",
        good_but(media_node_2_ip="10.81.0.2"),
        "address-repeated media-node-2-ip",
    ),
    bad("a gap in the media servers", good_but(media_node_1_ip=None), "media-gap media-node-2-ip"),
    bad(
        "media server 0",
        [*good_but(), "--media-node-0-ip", "10.81.0.13"],
        "option-unknown-similar media-node-0-ip",
    ),
    bad(
        "media server N",
        [*good_but(), "--media-node-N-ip", "10.81.0.13"],
        "option-unknown-similar media-node-N-ip",
    ),
    bad(
        "media server far away",
        [*good_but(), "--media-node-9999-ip=10.81.0.13"],
        "media-gap media-node-9999-ip",
    ),
    bad(
        "another name for a public address",
        [*good_but(public_fqdn="10.81.0.99"), "--token", "10"],
        "fqdn-other-address public-fqdn",
        "number-out-of-range token",
    ),
    bad("token too short", [*good_but(), "--token", "300"], "token-too-short token"),
    bad("exactly 30 ms each", [*good_but(), "--token", "306"], "token-too-short token"),
    bad(
        "too many retransmits",
        [*good_but(), "--token-retransmits", "100"],
        "token-too-short token-retransmits",
    ),
    bad("token is no number", [*good_but(), "--token", "3s"], "not-a-number token"),
    bad("negative token", [*good_but(), "--token", "-3000"], "not-a-number token"),
    bad("token 0", [*good_but(), "--token", "0"], "number-out-of-range token"),
    bad("token endless", [*good_but(), "--token", "9" * 5000], "value-too-long token"),
    bad("no retransmits", [*good_but(), "--token-retransmits=0"], "number-out-of-range token-retransmits"),
    bad("fraction", [*good_but(), "--token-retransmits", "10.5"], "not-a-number token-retransmits"),
    bad(
        "a head that moves",
        ["--head-node-2-ip", "10.81.0.3"],
        "head-address-changed head-node-2-ip",
        files=STORED,
    ),
    bad(
        "heads that change places",
        ["--head-node-1-ip", "10.81.0.2", "--head-node-2-ip", "10.81.0.1"],
        "head-address-changed head-node-1-ip",
        "head-address-changed head-node-2-ip",
        files=STORED,
    ),
    bad(
        "a stored address is now taken",
        ["--media-node-1-ip", "10.81.0.100"],
        "address-repeated media-node-1-ip",
        files=STORED,
    ),
]

LATER = [
    later("license file", "--license-file={directory}/a.crt", files=KEY),
    later("license id", "--license-server-instance-id", "id 1"),
    later(
        "license file gone",
        "--license-file={directory}/none",
        shows=["file-missing license-file", "not-available-yet license-file"],
    ),
    later(
        "license file is a directory",
        "--license-file={directory}",
        shows=["file-not-regular license-file", "not-available-yet license-file"],
    ),
    later(
        "license file empty",
        "--license-file={directory}/a.crt",
        shows=["file-empty license-file", "not-available-yet license-file"],
        files={"a.crt": ""},
    ),
    later(
        "license file with an endless name",
        "--license-file=/" + "a" * 300,
        shows=["file-unreadable license-file", "not-available-yet license-file"],
    ),
    later(
        "certificate and key",
        "--ssl-certificate-file={directory}/a.crt",
        "--ssl-private-key-file={directory}/a.key",
        files=KEY,
    ),
    later(
        "certificate without key",
        "--ssl-certificate-file={directory}/a.crt",
        shows=["option-needed ssl-private-key-file", "not-available-yet ssl-certificate-file"],
        files=KEY,
    ),
    later(
        "key without certificate",
        "--ssl-private-key-file={directory}/a.key",
        shows=["option-needed ssl-certificate-file", "not-available-yet ssl-private-key-file"],
        files=KEY,
    ),
    later("mail", "--external-mail-server-hostname", "mail.example.com"),
    later("mail off", "--external-mail-disable"),
    later(
        "mail server with port",
        "--external-mail-server-hostname=mail.example.com:25",
        shows=["not-a-host external-mail-server-hostname", "not-available-yet external-mail-server-hostname"],
    ),
    later(
        "mail user without server",
        "--external-mail-server-username=u",
        shows=[
            "option-needed external-mail-server-hostname",
            "not-available-yet external-mail-server-username",
            "username-without-password external-mail-server-password",
        ],
    ),
    later(
        "mail password without user",
        "--external-mail-server-hostname=m",
        "--external-mail-server-password=it's",
        shows=[
            "option-needed external-mail-server-username",
            "secret-on-command-line external-mail-server-password",
            "not-available-yet external-mail-server-hostname",
            "not-available-yet external-mail-server-password",
        ],
    ),
    later(
        "mail on and off",
        "--external-mail-disable",
        "--external-mail-server-hostname=m",
        shows=[
            "disable-contradicts external-mail-disable",
            "not-available-yet external-mail-disable",
            "not-available-yet external-mail-server-hostname",
        ],
    ),
    later("SMS", "--smsc-host=smsc.example.com", "--smsc-port=2775", "--smsc-sender-address=IVCS 1"),
    later(
        "SMS in the article's spelling",
        "--smcsc-sender-address=адрес с пробелом",
        shows=["option-needed smsc-host", "option-needed smsc-port", "not-available-yet smsc-sender-address"],
    ),
    later("SMS off in the article's spelling", "--smc-disable", shows=["not-available-yet smsc-disable"]),
    later(
        "SMS without port",
        "--smsc-host=smsc.example.com",
        shows=["option-needed smsc-port", "not-available-yet smsc-host"],
    ),
    *(
        later(
            f"SMS port {text!r}",
            "--smsc-host=s",
            f"--smsc-port={text}",
            shows=[f"{code} smsc-port", "not-available-yet smsc-host", "not-available-yet smsc-port"],
        )
        for text, code in (
            ("0", "number-out-of-range"),
            ("65536", "number-out-of-range"),
            ("02775", "not-a-number"),
            ("+2775", "not-a-number"),
            ("smpp", "not-a-number"),
            ("", "value-empty"),
            ("²", "not-a-number"),
        )
    ),
    later("outgoing proxy", "--outgoing-sip-proxy", "sip:proxy.example.com:5060;transport=tcp"),
    *(
        later(
            f"outgoing proxy {text!r}",
            f"--outgoing-sip-proxy={text}",
            shows=["not-a-sip-uri outgoing-sip-proxy", "not-available-yet outgoing-sip-proxy"],
        )
        for text in ("proxy.example.com", "http://proxy", "sip:", "sip:a b", "sip:proxy:99999", "sip:proxy:")
    ),
    later("headers", '--default-sip-from-header="A" <sip:a@b>', '--default-h323-from-header="A" <h323:a@b>'),
    later(
        "header of two lines",
        "--default-sip-from-header=sip:a\r\nTo: sip:b",
        shows=[
            "value-control-character default-sip-from-header",
            "not-available-yet default-sip-from-header",
        ],
    ),
    later(
        "header without address",
        "--default-sip-from-header=IVCS",
        shows=["header-without-uri default-sip-from-header", "not-available-yet default-sip-from-header"],
    ),
]

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
        "not-available-yet smsc-sender-address",
        "not-available-yet smsc-host",
        "not-available-yet smsc-port",
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
        "not-available-yet filestorage-password",
        "not-available-yet filestorage-username",
        "not-available-yet filestorage-device",
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
        "not-available-yet filestorage-password",
        "not-available-yet filestorage-username",
        "not-available-yet filestorage-device",
        files={"p": "a\nb\n"},
    ),
    bad(
        "two passwords from standard input",
        [*good_but(), "--smsc-password-file=-", "--external-mail-server-password-file=-"],
        "stdin-wanted-twice external-mail-server-password",
        "option-needed smsc-host",
        "option-needed smsc-port",
        "option-needed smsc-username",
        "not-available-yet smsc-password",
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
        "not-available-yet smsc-password",
    ),
    bad(
        "broken UTF-8 in the environment",
        good_but(),
        "value-not-utf8 smsc-password",
        "option-needed smsc-host",
        "option-needed smsc-port",
        "option-needed smsc-username",
        "not-available-yet smsc-password",
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
        "not-available-yet smsc-sender-address",
        "not-available-yet smsc-host",
        "not-available-yet smsc-port",
    ),
    bad("stored file broken", good_but(), "settings-file-syntax", files={"stored/cluster.toml": "x"}),
    bad(
        "stored value broken",
        [],
        "not-an-address public-ip",
        files={"stored/cluster.toml": STORED["stored/cluster.toml"].replace("10.81.0.100", "10.81.0.300")},
    ),
]

BAD_INPUTS = [*ADDRESSES, *NAMES, *STORAGES, *ACROSS, *LATER, *WORDS, *SECRETS, *FILES]
