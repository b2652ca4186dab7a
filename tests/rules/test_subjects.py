"""Which subjects a scheme knows."""

from pathlib import Path

import pytest

from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import SubjectUnknownError, require_subject
from tests.house.tree import ROOT


def chain(scheme: str, *files: Path) -> PackChain:
    packs = [load_pack(file.read_bytes(), file=file.name) for file in files]
    return chain_of(scheme, {pack.id: pack for pack in packs})


WEIHAI = chain(
    "cn-3710", *(ROOT / "seeds" / "packs" / f"{name}.toml" for name in ("cn", "cn-37", "cn-3710"))
)


@pytest.mark.parametrize("subject", ["professional", "public", "public.general"])
def test_a_subject_with_a_minimum_and_what_lies_below_it_are_known(subject: str) -> None:
    require_subject(subject, WEIHAI)


@pytest.mark.parametrize("subject", ["professionals", "total", "elective", "publics.general"])
def test_a_subject_beside_them_is_refused_and_the_known_ones_are_named(subject: str) -> None:
    with pytest.raises(SubjectUnknownError) as refusal:
        require_subject(subject, WEIHAI)

    assert refusal.value.facts == {
        "found": subject, "wanted": ["professional", "public"], "scheme": "cn-3710",
    }  # fmt: skip


def test_a_scheme_that_names_no_subject_takes_any(tmp_path: Path) -> None:
    silent = tmp_path / "cn.toml"
    text = (ROOT / "seeds" / "packs" / "cn.toml").read_text(encoding="utf-8")
    silent.write_text(text.split("\n[[rule]]")[0], encoding="utf-8")

    require_subject("anything", chain("cn", silent))
