"""What of the application's settings can be judged before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.subjects.application import (
    H323_FROM_HEADER,
    LICENSE_FILE,
    LICENSE_SERVER_INSTANCE_ID,
    OUTGOING_SIP_PROXY,
    SIP_FROM_HEADER,
)
from live_cluster.model.subjects.certificates import CERTIFICATE_FILE, PRIVATE_KEY_FILE
from live_cluster.model.subjects.mail import MAIL_DISABLE, MAIL_SERVICE
from live_cluster.model.subjects.network import FILESTORAGE_IP, MEDIA_ON_HEADS, NO_MEDIA_ON_HEADS, PUBLIC_FQDN
from live_cluster.model.subjects.sms import SMSC_DISABLE, SMSC_SERVICE
from live_cluster.model.subjects.storage import STORAGE_ROWS

# The profile's section that each option needs.
_NEEDS = {
    OUTGOING_SIP_PROXY.name: "application.sip_proxy",
    SIP_FROM_HEADER.name: "application.sip_header",
    H323_FROM_HEADER.name: "application.h323_header",
    LICENSE_SERVER_INSTANCE_ID.name: "application.license_instance",
    LICENSE_FILE.name: "application.license_file",
    MEDIA_ON_HEADS.name: "application.media_servers",
    NO_MEDIA_ON_HEADS.name: "application.media_servers",
    **dict.fromkeys((*MAIL_SERVICE.members, MAIL_DISABLE.name), "application.mail"),
    **dict.fromkeys((*SMSC_SERVICE.members, SMSC_DISABLE.name), "application.sms"),
    **dict.fromkeys((CERTIFICATE_FILE.name, PRIVATE_KEY_FILE.name), "certificates"),
    **dict.fromkeys((FILESTORAGE_IP.name, *(row.name for row in STORAGE_ROWS)), "filestorage"),
}


def application_problems(
    settings: ClusterSettings, profile: Profile, facts: ClusterFacts
) -> Iterator[Problem]:
    """Options that this application has no place for, and a license that it does not take."""
    for name in sorted(settings.said.named):
        section = _NEEDS.get(name)
        # A list of certificates that is empty is as good as none.
        if section is not None and not attrgetter(section)(profile):
            yield problem("profile-without-setting", option=name, product=profile.product, section=section)
    if facts.asleep:
        yield warning("application-asleep")
    if facts.license_refusal:
        yield problem("license-refused", option=LICENSE_FILE.name, reason=facts.license_refusal)
    yield from _certificates_for_other_names(settings, facts)


def _certificates_for_other_names(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Problem]:
    """The public name changes, the certificate does not: users' browsers will warn them."""
    if not facts.installed_chains:
        return
    # Only here: the module takes 0.1 s to load.
    from live_cluster.model.certificate import made_out_to_others

    for node in dict.fromkeys(name for name, _ in facts.installed_chains):
        names = [
            made_out_to_others(file.content, settings.public_fqdn)
            for name, file in facts.installed_chains
            if name == node
        ]
        others = next((one for one in names if one), "")
        if others:
            yield warning(
                "installed-certificate-for-others",
                node=node,
                option=PUBLIC_FQDN.name,
                public_name=settings.public_fqdn,
                detail=others,
            )
