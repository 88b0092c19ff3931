"""What went wrong in a run, and what is to be done about it, by the stable code that the run counts it under."""

from __future__ import annotations

from collections.abc import Mapping

from registry.connectors.observed.unread import UNREAD

_TLS = "Have its certificate renewed or set right; there is no way round it here."
_AGAIN = "It is tried again by itself."
_OWN = "Tell whoever keeps the source."

#: What it is, and what to do. A source may count under codes of its own, which say what they can by their names.
MEANS: Mapping[str, str] = {
    # the credential
    "no_secret": "No credential was given: `registry connector secret`, or PUT /v1/connectors/…/secrets.",
    "credential_refused": "The system refused the credential: look whether it has expired, and give another.",
    "forbidden": "The credential may not see this: docs/connectors.md says which rights it takes.",
    "secret_key_missing": "The key that it was sealed with is not here: put it back into REGISTRY_SECRET_KEY_FILE.",
    "secret_tampered": "The sealed secret was changed or moved: give it anew, and find out who did.",
    "secret_in_answer": "The system shows our own secret, which was not stored: give another, and have it mended.",
    # the way there
    "dns_failed": f"The name of the host leads nowhere: is it spelt right in the settings? {_AGAIN}",
    "dns_timeout": f"Nobody said where the host is. {_AGAIN}",
    "connection_failed": f"The host does not answer there: is it up, and may this machine reach it? {_AGAIN}",
    "timeout": f"The system did not answer in time. {_AGAIN}",
    "address_refused": "That network may not be reached: the operator names it in REGISTRY_OUTBOUND_NETWORKS.",
    "host_refused": f"The source asked a host that the settings do not name. {_OWN}",
    "port_refused": f"The source asked at a port that the settings do not name. {_OWN}",
    "scheme_refused": "What is not encrypted is asked on this machine alone: write https.",
    "redirect_refused": "It sends on to another address, and that is not followed: put it into the settings.",
    "too_large": "An answer is longer than is taken.",
    "encoding_refused": "An answer is packed in a way that is not taken.",
    "tls_expired": f"Its certificate has expired. {_TLS}",
    "tls_not_yet_valid": "Its certificate is not valid yet: look at the clock of this machine, and of that.",
    "tls_wrong_name": f"Its certificate is another host's: is the name in the settings the one in it? {_TLS}",
    "tls_self_signed": "Its certificate is signed by itself: name its authority in REGISTRY_OUTBOUND_CA_FILE.",
    "tls_unknown_issuer": "Who issued its certificate is not known: name the authority in REGISTRY_OUTBOUND_CA_FILE.",
    "tls_revoked": f"Its certificate was revoked. {_TLS}",
    "tls_revocation_unknown": "The list of revoked certificates is too old: renew it in REGISTRY_OUTBOUND_CA_FILE.",
    "tls_too_old": "It speaks no TLS of 1.2 or newer: have that switched on there.",
    "tls_weak": f"Its certificate or its keys are too weak. {_TLS}",
    "tls_not_spoken": "It speaks no TLS at that port: is the port right?",
    "tls_not_trusted": f"Its certificate cannot be trusted. {_TLS}",
    "tls_failed": "No safe connection came about.",
    "tls_ca_file": "REGISTRY_OUTBOUND_CA_FILE cannot be read: tell the operator.",
    "encryption_required": "It wants an encrypted connection: set security.",
    "starttls_refused": "The directory will not begin TLS: use ldaps, or have that switched on there.",
    # what came
    "rate_limited": f"The system asked to wait. {_AGAIN}",
    "source_unavailable": f"The system failed four times. {_AGAIN}",
    "unexpected_status": "The system answered as its documents do not say: is the address right?",
    "no_such_endpoint": "The system has no such place to ask: is it of that version, or that plan?",
    "not_json": "The answer is none of the interface: is the address right, is the system being mended?",
    "wrong_shape": f"The answer is not as documented. {_OWN}",
    "not_understood": f"The answer is not as documented. {_OWN}",
    "item_not_understood": "Single items are not as documented, and were left out: what was seen is not whole.",
    "page_repeats": f"The pages of a list go in a circle: the rest was not read. {_OWN}",
    "next_page_elsewhere": f"A list goes on at another host, which is not asked. {_OWN}",
    "total_changed": "A list changed while it was read: it is whole the next time, or the time after.",
    "total_differs": "There are more or fewer items than the list says: what was seen is not whole.",
    "too_many_items": "There are more items than a run takes.",
    "too_many_groups": "There are more groups than an observation holds.",
    "out_of_time": f"The run took longer than it may. {_AGAIN}",
    "clock_differs": "The clocks of the system and of this machine are five minutes apart or more: set the wrong one.",
    # what is looked for
    "role_not_found": "A role of the settings is not there: is it spelt as the system does?",
    "member_not_found": "A group has members that the directory does not show: may the credential see them?",
    "app_not_found": "The application of the settings is not there.",
    "no_such_bucket": "There is no such bucket.",
    "no_such_table": "A table of the settings is not there: is it spelt schema.table?",
    "no_such_column": "A column of the settings is not there.",
    "no_right": "The role may not read this: docs/connectors.md says which rights it takes.",
    "no_date_column": "A table has no column of dates: name one in dated, or null where its rows go with another's.",
    "nothing_looks_personal": "No column looks personal: is it the right database, and the right schemas?",
    "page_gone": "A page is gone: correct its address.",
    "page_moved": "A page has moved, and redirects are not followed: put the new address into the settings.",
    "page_not_shown": "A page is not shown to everybody.",
    "not_mentioned": "The page does not have the name in mentions: is it still the list?",
    "too_many_links": "There are more links on the page than are tried.",
    "too_many_tables": "There are more tables than a run takes: name the system's own in schemas.",
    "too_many_fields": "There are more fields than an observation holds: name the system's own schemas.",
    "too_many_requests": "There are more requests than an observation holds; those that took longest are in it.",
    "too_many_apps": "There are more apps than an observation holds.",
    "groups_too_deep": "Groups lie in groups deeper than is followed.",
    "limit_reached": "The directory gives no more at a time to this account: raise its limit there.",
    "referral_refused": "Some of it lies on another server, which is not asked.",
    "statement_timeout": f"The database took too long. {_AGAIN}",
    "lock_timeout": f"The database is busy with that table. {_AGAIN}",
    # ours
    "hosts_changed": "The settings lead elsewhere than when they were given: see that they are right, "
    "then registry connector change NUMBER, and give the secrets anew.",
    "settings_refused": "The settings no longer fit the source: registry connector change NUMBER.",
    "unknown_source": "The source is not installed here any more.",
    "system_gone": "The system has ended: registry connector remove NUMBER.",
    "source_defect": f"The source has a defect; the log says where. {_OWN}",
    "payload_refused": f"The source saw what no observation of that kind can be. {_OWN}",
    "not_announced": f"The source saw what it does not say that it sees. {_OWN}",
    **{code: why.en for code, why in UNREAD.items()},
}  # fmt: skip
