"""What is sealed opens with its key, for what it was sealed for, and in no other way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.keys import sealing
from registry.keys.sealing import KeyMissing, Sealer, Tampered
from registry.settings import Settings

OLD, NEW = sealing.new_key(), sealing.new_key()
BOUND = "connector/7@desk.example"


def sealer(*keys: str) -> Sealer:
    return Sealer.of(Settings(secret_key="\n".join(keys)))


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_again(secret: bytes, bound: str) -> None:
    one = sealer(NEW)
    sealed = one.seal(secret, bound=bound)
    assert one.unseal(sealed, bound=bound) == secret
    assert len(secret) < 4 or secret not in sealed.encode()


def test_the_same_secret_is_never_sealed_alike() -> None:
    one = sealer(NEW)
    assert len({one.seal(b"secret", bound=BOUND) for _ in range(100)}) == 100


@pytest.mark.parametrize("bound", ["connector/8@desk.example", "connector/7@evil.example", "", BOUND + " "])
def test_it_opens_for_nothing_else(bound: str) -> None:
    with pytest.raises(Tampered):
        sealer(NEW).unseal(sealer(NEW).seal(b"secret", bound=BOUND), bound=bound)


def test_any_character_changed_is_noticed() -> None:
    one = sealer(NEW)
    sealed = one.seal(b"secret", bound=BOUND)
    for at, was in enumerate(sealed[:-4]):  # the last bits of a base64url text may mean nothing
        other = sealed[:at] + ("B" if was == "A" else "A") + sealed[at + 1 :]
        with pytest.raises((Tampered, KeyMissing)):
            one.unseal(other, bound=BOUND)
    for cut in range(len(sealed)):
        with pytest.raises((Tampered, KeyMissing)):
            one.unseal(sealed[:cut], bound=BOUND)


def test_h16_a_key_takes_the_place_of_another_and_old_secrets_stay_readable() -> None:
    sealed = sealer(OLD).seal(b"secret", bound=BOUND)
    both = sealer(NEW, OLD)
    assert both.unseal(sealed, bound=BOUND) == b"secret"
    again = both.reseal(sealed, bound=BOUND)
    assert sealing.key_of(again) == both.ids[0] != sealing.key_of(sealed)
    assert both.reseal(again, bound=BOUND) == again
    assert sealer(NEW).unseal(again, bound=BOUND) == b"secret"


def test_h16_a_key_that_is_gone_is_named() -> None:
    sealed = sealer(OLD).seal(b"secret", bound=BOUND)
    with pytest.raises(KeyMissing, match=sealer(OLD).ids[0]):
        sealer(NEW).unseal(sealed, bound=BOUND)
    with pytest.raises(KeyMissing, match="keys new sealing"):
        sealer().seal(b"secret", bound=BOUND)
    with pytest.raises(KeyMissing):
        sealer().reseal(sealed, bound=BOUND)


@pytest.mark.parametrize(
    "key",
    ["short", "A" * 43, "å" * 43, NEW + "AA", "!" * 43],
    ids=["short", "one letter", "not ASCII", "long", "signs"],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="REGISTRY_SECRET_KEY") as told:
        sealer(key)
    assert key not in str(told.value)


def test_key_files(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{NEW}\n\n  {OLD}\n")
    file.chmod(0o600)
    assert Sealer.of(Settings(secret_key_file=str(file))).ids == sealer(NEW, OLD).ids
    loose = tmp_path / "loose"
    loose.write_text(NEW)
    loose.chmod(0o666)
    other = tmp_path / "other"
    other.write_text("\n")
    for path, said in ((loose, "changed by others"), (other, "empty"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(ValueError, match=said) as told:
            Sealer.of(Settings(secret_key_file=str(path)))
        assert NEW not in str(told.value)
    with pytest.raises(ValueError, match="twice"):
        sealer(NEW, NEW)
