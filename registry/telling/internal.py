"""What a record holds that the public does not read, each with the reason; everything else is published."""

from __future__ import annotations

#: By pattern of JSON Pointer (`*`: any position in a list); what lies below one is covered by it.
INTERNAL: dict[str, str] = {
    # about the text, not about the data
    "/provenance": "where a statement was read; of it the notice shows only its status, and whether it was concluded",
    "/document/source": "the file that the record was taken from",
    "/document/sections": "the headings of the source",
    "/document/cited_laws": "a matter for the checks",
    "/document/claims_conformity_with": "a claim about the text; repeated it would become ours",
    "/document/placeholders": "leftovers of a template; that a point is unfinished is said at the point",
    "/document/earliest_possible_date": "concluded from the acts cited, for the checks",
    "/consent_statements": "how the wording about consent was classified",
    "/identification_claim": "a claim that the checks judge",
    "/purposes/*/section": "where in the source it stands",
    "/data_subjects/*/explicit": "quality of the wording",
    "/data_categories/*/example_only": "quality of the wording",
    "/data_categories/*/open_ended": "quality of the wording",
    "/data_categories/*/listed_in_content_section": "quality of the wording",
    # people
    "/contact_points/*/name": "a person's name; the role is published",
    "/responsible_persons/*/name": "a person's name; the role is published",
    "/dpo/name": "a person's name; the role is published",
    "/controller/dpo/name": "a person's name; the role is published",
    # references into the organisation's own files
    "/joint_controllers/*/arrangement_ref": "a file reference; the essence of the arrangement is published",
    "/partners/*/arrangement_ref": "a file reference",
    "/purposes/*/compatibility_ref": "a file reference",
    "/legal_bases/*/contract_ref": "a file reference",
    "/legal_bases/*/assessment_ref": "a file reference; the interest itself is published",
    "/legal_bases/*/consent_record_ref": "a file reference",
    "/processors/*/contract_ref": "a file reference",
    "/processors/*/contract_date": "a matter between the parties",
    "/processors/*/sub_processor_list_hash": "for comparing lists",
    "/transfers/items/*/tia_ref": "a file reference",
    "/transfers/items/*/contract_date": "a matter between the parties",
    "/retention/*/policy_ref": "a file reference",
    "/systems/*/inventory_id": "a file reference",
    # how the organisation governs itself
    "/legal_bases/*/legacy_article": "what stands in the place of a basis in old notices is none",
    "/legal_bases/*/text": "the words of the source; the article is published",
    "/legal_bases/*/outside_public_task": "a point of law for the checks",
    "/data_categories/*/statutory_rule_ref": "a point of law for the checks",
    "/retention/*/floor_ref": "a point of law for the checks",
    "/retention/*/ceiling_ref": "a point of law for the checks",
    "/retention/*/effective_max": "computed, for the checks",
    "/retention/*/followed": "whether the organisation keeps to its rule is found out by the checks",
    "/retention/*/deviation_reason": "whether the organisation keeps to its rule is found out by the checks",
    "/processors/*/involvement_text": "how far the provider touches data, for the checks",
    "/register/importance": "a matter of the organisation",
    "/register/operations": "said in people's words by the purposes and the data",
    "/data_scale": "a measure of risk",
    "/assessments": "impact assessments are not public",
    "/breaches": "breaches are told to those whom they concern",
    "/controller/public_body": "a point of law for the checks",
    "/controller/review_interval": "a matter of the organisation",
    "/controller/notice_languages": "a setting",
    "/controller/time_zone": "a setting",
    "/controller/language": "a setting",
    "/controller/provenance": "as /provenance",
    # what would help somebody to get in
    "/access/roles/*/domains": "how accounts are recognised",
    "/access/roles/*/account_filter": "how accounts are recognised",
    "/access/roles/*/permission": "what an account may do",
    "/systems/*/url": "where to log in",
    "/systems/*/client_install": "a technical matter",
    # terms and ids for machines
    "/purposes/*/id": "an id; references are published as the texts they mean",
    "/purposes/*/category": "a term for machines",
    "/legal_bases/*/id": "an id",
    "/data_categories/*/id": "an id",
    "/data_categories/*/pd": "a term for machines; shown where the data has no text",
    "/retention/*/id": "an id",
    "/security_measures/*/dpv": "a term for machines",
}


def internal(pointer: str) -> bool:
    """Whether what stands at a JSON Pointer of a record (`/controller/…` and `/systems/0/…` included) stays inside."""
    steps = ["*" if step.isdigit() else step for step in pointer.split("/")]
    return any("/".join(steps[:length]) in INTERNAL for length in range(2, len(steps) + 1))
