"""'EU-only' storage and use of non-EU providers in the same record.

Why it matters
One of the two statements is wrong, and the reader cannot tell which (GDPR 5(1)(a)). If data does leave the EU and
EEA, the notice must say where to and on which ground (13(1)(f), 44); if not, there is no transfer to declare.

How to fix
Find out from the vendor where the data is stored and from where it is reached. Then take out either "only in the EU"
or the transfer.
"""

from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._whereabouts import eu_only, transfer_declared

RULE = Rule(
    code="CON101",
    severity="error",
    title={
        "fi": 'Samassa selosteessa "vain EU:ssa" ja EU:n ulkopuolisia palveluntarjoajia',
        "sv": '"Endast inom EU" och leverantörer utanför EU i samma register',
        "en": "'EU-only' storage and use of non-EU providers in the same record",
    },
    law=("GDPR 5(1)(a)", "GDPR 13(1)(f)", "GDPR 44"),
    certainty="exact",
    needs=(
        "/storage_locations/*/exclusive",
        "/storage_locations/*/area",
        "/transfers/status",
        "/transfers/items/*/importer",
    ),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """An exclusive claim of an area inside the EEA, against a declared transfer."""
    claim = eu_only(case)
    if claim is None:
        return case.na(
            "/storage_locations",
            fi="Selosteessa ei väitetä, että tietoja säilytettäisiin vain EU- tai ETA-alueella.",
            en="The record does not claim that data is kept in the EU or EEA only.",
        )
    if transfer_declared(case):
        return case.fail(
            claim,
            fi="Tietoja sanotaan säilytettävän vain EU- tai ETA-alueella, mutta siirto sen ulkopuolelle on ilmoitettu. "
            "Selvitä, kumpi pitää paikkansa, ja korjaa toinen.",
            en="Data is said to be kept in the EU or EEA only, yet a transfer out of it is declared. "
            "Find out which is true, and correct the other.",
        )
    return case.passes(
        claim,
        fi="Vain EU- tai ETA-alueella säilyttämistä vastaan ei ole ilmoitettu siirtoja.",
        en="No transfer is declared against keeping data in the EU or EEA only.",
    )
