"""C6: the share."""

import configparser
from ipaddress import IPv4Address

from live_cluster.render.samba_conf import Share, samba_conf

SERVERS = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.11"))
SHARE = Share(name="filestorage", path="/srv/filestorage", user="ivcs", file_owner="store", servers=SERVERS)


def parsed() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(samba_conf(SHARE, filestorage_ip=IPv4Address("192.0.2.101")))
    return parser


def test_samba_listens_at_the_file_storage_address_only() -> None:
    whole = parsed()["global"]
    assert whole["interfaces"] == "192.0.2.101"
    assert whole["bind interfaces only"] == "yes"
    assert whole["map to guest"] == "never"


def test_the_share_is_for_its_user_and_the_files_belong_to_the_application() -> None:
    share = parsed()["filestorage"]
    assert (share["path"], share["valid users"], share["force user"]) == ("/srv/filestorage", "ivcs", "store")
    assert share["read only"] == "no"


def test_the_share_is_for_the_servers_of_this_cluster_only() -> None:
    share = parsed()["filestorage"]
    assert share["hosts allow"].split() == ["127.0.0.1", "192.0.2.1", "192.0.2.11"]
    assert share["hosts deny"] == "ALL"


def test_what_a_client_has_saved_is_on_the_disk() -> None:
    whole = parsed()["global"]
    assert (whole["strict sync"], whole["sync always"]) == ("yes", "yes")
