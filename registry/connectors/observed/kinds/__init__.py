"""The kinds of observation and what each may say: keys, counts and dates, with no place for contents or for people.

A kind is a schema in `KINDS`; adding one is adding its class to the file where it belongs. Loading gives plain data,
ready to be made canonical: only what was said, instants and domains in their one form.
"""

# isort: off
from registry.connectors.observed.kinds.kind import KINDS, load
from registry.connectors.observed.kinds import access, keeping, collecting, parties, configuration, papers
from registry.connectors.observed.kinds import failed  # the last: it can be asked for any of the others

# isort: on

__all__ = ["KINDS", "access", "collecting", "configuration", "failed", "keeping", "load", "papers", "parties"]
