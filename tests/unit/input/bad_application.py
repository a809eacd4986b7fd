"""Wrong inputs about the application: license, certificate, mail, SMS, calls."""

from bad_input import KEY, application

APPLICATION = [
    application("license file gone", "--license-file={directory}/none", shows=["file-missing license-file"]),
    application(
        "license file is a directory", "--license-file={directory}", shows=["file-not-regular license-file"]
    ),
    application(
        "license file empty",
        "--license-file={directory}/a.crt",
        shows=["file-empty license-file"],
        files={"a.crt": ""},
    ),
    application(
        "license file with an endless name",
        "--license-file=/" + "a" * 300,
        shows=["file-unreadable license-file"],
    ),
    application(
        "certificate without key",
        "--ssl-certificate-file={directory}/a.crt",
        shows=["option-needed ssl-private-key-file"],
        files=KEY,
    ),
    application(
        "key without certificate",
        "--ssl-private-key-file={directory}/a.key",
        shows=["option-needed ssl-certificate-file"],
        files=KEY,
    ),
    application(
        "mail server with port",
        "--external-mail-server-hostname=mail.example.com:smtp",
        shows=["not-a-number external-mail-server-hostname"],
    ),
    application(
        "mail user without server",
        "--external-mail-server-username=u",
        shows=[
            "option-needed external-mail-server-hostname",
            "username-without-password external-mail-server-password",
        ],
    ),
    application(
        "mail password without user",
        "--external-mail-server-hostname=m",
        "--external-mail-server-password=it's",
        shows=[
            "option-needed external-mail-server-username",
            "secret-on-command-line external-mail-server-password",
        ],
    ),
    application(
        "mail on and off",
        "--external-mail-disable",
        "--external-mail-server-hostname=m",
        shows=["disable-contradicts external-mail-disable"],
    ),
    application(
        "SMS in the article's spelling",
        "--smcsc-sender-address=адрес с пробелом",
        shows=["option-needed smsc-host", "option-needed smsc-port"],
    ),
    application("SMS without port", "--smsc-host=smsc.example.com", shows=["option-needed smsc-port"]),
    *(
        application(f"SMS port {text!r}", "--smsc-host=s", f"--smsc-port={text}", shows=[f"{code} smsc-port"])
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
    *(
        application(
            f"outgoing proxy {text!r}",
            f"--outgoing-sip-proxy={text}",
            shows=["not-a-sip-uri outgoing-sip-proxy"],
        )
        for text in ("proxy.example.com", "http://proxy", "sip:", "sip:a b", "sip:proxy:99999", "sip:proxy:")
    ),
    application(
        "header of two lines",
        "--default-sip-from-header=sip:a\r\nTo: sip:b",
        shows=["value-control-character default-sip-from-header"],
    ),
]
