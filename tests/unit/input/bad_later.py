"""Right, but not applied by this version."""

from __future__ import annotations

from bad_input import KEY, later

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
