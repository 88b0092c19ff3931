"""Asking other hosts safely: whatever is fetched from, or sent to, another system goes through here.

Who asks says which hosts and ports may be reached (`Allow`). Every address that a name resolves to is checked, and a
checked one is connected to: nothing on our own machine or in our own networks, unless the operator of this deployment
named the network (REGISTRY_OUTBOUND_NETWORKS). No redirect is followed, no proxy, netrc or cookie is used, the
certificate is always verified, and the whole of it has one deadline and one cap.
"""

from registry.outbound.addresses import Refused
from registry.outbound.allowing import Allow, addresses, permit
from registry.outbound.asking import Answer, ask, check
from registry.outbound.trust import ca_file, trusting

__all__ = ["Allow", "Answer", "Refused", "addresses", "ask", "ca_file", "check", "permit", "trusting"]
