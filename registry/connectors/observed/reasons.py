"""Why something was not seen, by word."""

#: Why nothing was seen: no or no good credential, no right, no such place to ask, no answer, an answer not understood.
REASONS = (
    "unauthorised", "forbidden", "no_such_endpoint", "unavailable", "not_understood", "not_supported", "other"
)  # fmt: skip

#: Why it cannot be told what a credential may do beyond reading: the system shows it to nobody, not to this credential,
#: or only some of it, or only that it was given more than was asked for. And why it may do more: the system shows what
#: is looked at to none that may only read.
BECAUSE = ("not_shown", "not_permitted", "in_part", "wider", "needed")
