"""Identity numbers and names: what is accepted, what is refused and why, and that nothing leaks."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.errors import CreditBankError
from creditbank.people.documents import (
    Document,
    DocumentBirthDateError,
    DocumentCharactersError,
    DocumentCheckError,
    DocumentInvalidError,
    DocumentKind,
    DocumentLengthError,
    DocumentNumberMissingError,
    DocumentPrefixError,
    DocumentProvinceError,
    NameCharactersError,
    NameInvalidError,
    NameMissingError,
    NameTooLongError,
    is_demo_number,
    masked,
    read_document,
    read_name,
    resident_id_check_character,
)

#: The sample printed in GB 11643-1999.
SAMPLE = "11010519491231002X"
ID = DocumentKind.RESIDENT_ID


def number(body: str) -> str:
    return body + resident_id_check_character(body)


demo_numbers = st.builds(
    lambda region, born, sequence: number(f"9999{region:02d}{born:%Y%m%d}{sequence:03d}"),
    st.integers(0, 99),
    st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    st.integers(0, 999),
)


def test_the_sample_number_of_the_standard_is_accepted() -> None:
    assert read_document(ID, SAMPLE) == Document(ID, SAMPLE)


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 110105 19491231 002X\n",
        "110105-19491231-002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "\u202d11010519491231002X\u202c",
        "110105\u201319491231\u2212002X",
    ],
)
def test_the_ways_people_type_a_number_give_one_number(typed: str) -> None:
    assert read_document(ID, typed).number == SAMPLE


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", DocumentNumberMissingError),
        (" - ", DocumentNumberMissingError),
        (SAMPLE[:17], DocumentLengthError),
        (SAMPLE + "1", DocumentLengthError),
        ("110105491231002", DocumentLengthError),
        ("1101051949123100OX", DocumentCharactersError),
        ("X10105194912310021", DocumentCharactersError),
        ("11010519491231002٣", DocumentCharactersError),
        ("110105194912310021", DocumentCheckError),
    ],
)
def test_a_wrong_number_is_refused_for_its_first_fault(
    typed: str, refusal: type[DocumentInvalidError]
) -> None:
    with pytest.raises(refusal):
        read_document(ID, typed)


@pytest.mark.parametrize("born", ["19000101", "20240229", "19991231"])
def test_a_real_birth_date_since_1900_is_accepted(born: str) -> None:
    assert read_document(ID, number(f"999999{born}001"))


@pytest.mark.parametrize("born", ["18991231", "20230229", "19991301", "19990631", "00000101"])
def test_a_birth_date_that_never_was_is_refused(born: str) -> None:
    with pytest.raises(DocumentBirthDateError):
        read_document(ID, number(f"999999{born}001"))


@pytest.mark.parametrize("region", ["371002", "330602", "650104", "810000", "820000", "830000"])
def test_a_county_younger_than_the_person_is_no_reason_to_refuse(region: str) -> None:
    assert read_document(ID, number(f"{region}19700101001"))


@pytest.mark.parametrize("region", ["000000", "100000", "160000", "999899", "840000"])
def test_a_number_of_no_province_is_refused(region: str) -> None:
    with pytest.raises(DocumentProvinceError):
        read_document(ID, number(f"{region}19700101001"))


def test_only_the_unassigned_prefix_is_a_demo_number() -> None:
    assert is_demo_number(read_document(ID, number("99999919850131001")))
    assert not is_demo_number(read_document(ID, SAMPLE))
    assert not is_demo_number(read_document(DocumentKind.PASSPORT, "9999ABC"))


@given(demo_numbers, st.data())
def test_any_single_wrong_character_is_caught(right: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    other = data.draw(
        st.sampled_from([c for c in "0123456789" + "X" * (place == 17) if c != right[place]])
    )

    with pytest.raises(DocumentInvalidError):
        read_document(ID, right[:place] + other + right[place + 1 :])


@given(demo_numbers, st.integers(0, 16))
def test_two_swapped_neighbours_are_caught(right: str, place: int) -> None:
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]

    if swapped == right:
        assert read_document(ID, swapped).number == right
    else:
        with pytest.raises(DocumentInvalidError):
            read_document(ID, swapped)


@given(st.sampled_from(DocumentKind), st.text(max_size=40))
def test_any_text_is_read_or_refused_and_reading_twice_changes_nothing(
    kind: DocumentKind, typed: str
) -> None:
    try:
        document = read_document(kind, typed)
    except DocumentInvalidError:
        return
    assert read_document(kind, document.number) == document


def test_a_check_character_needs_seventeen_digits() -> None:
    with pytest.raises(ValueError, match="17 digits"):
        resident_id_check_character("1101051949123100X")


@pytest.mark.parametrize("typed", ["E12345678", "e1234 5678", "12345", "A" * 20])
def test_a_passport_number_is_letters_and_digits(typed: str) -> None:
    document = read_document(DocumentKind.PASSPORT, typed)

    assert document.number == typed.replace(" ", "").upper()


@pytest.mark.parametrize("typed", ["1234", "A" * 21, "护照E1234567", "E12345ı78", "E1234*678"])
def test_a_passport_number_of_another_shape_is_refused(typed: str) -> None:
    with pytest.raises(DocumentInvalidError):
        read_document(DocumentKind.PASSPORT, typed)


KIND = DocumentKind
#: What an invented person may hold of each kind, as typed and as kept.
INVENTED = [
    (ID, number("99999919850131001"), number("99999919850131001")),
    (KIND.HMT_RESIDENCE, number("81999919850131001"), number("81999919850131001")),
    (KIND.HMT_RESIDENCE, number("83999919850131002").lower(), number("83999919850131002")),
    (KIND.HM_PERMIT, "x9999-0001 02", "X99990001"),
    (KIND.TW_PERMIT, "X9999001", "X9999001"),
    (KIND.FOREIGN_RESIDENCE, "xxx999985013102", "XXX999985013102"),
    (KIND.FOREIGN_RESIDENCE, number("99998419850131001"), number("99998419850131001")),
    (KIND.TALENT_RESIDENCE, "Ｘ９９９９ 0001", "X99990001"),
    (KIND.PASSPORT, "X99990001", "X99990001"),
]


@pytest.mark.parametrize(("kind", "typed", "kept"), INVENTED)
def test_every_kind_has_numbers_of_invented_people(
    kind: DocumentKind, typed: str, kept: str
) -> None:
    document = read_document(kind, typed)

    assert document == Document(kind, kept)
    assert is_demo_number(document)
    assert {kind for kind, *_ in INVENTED} == set(DocumentKind)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (KIND.HMT_RESIDENCE, number("81000019850131001"), number("81000019850131001")),
        (KIND.HM_PERMIT, "H0012345601", "H00123456"),
        (KIND.HM_PERMIT, "m00123456", "M00123456"),
        (KIND.TW_PERMIT, "00123456", "00123456"),
        (KIND.TW_PERMIT, "0012345601B", "0012345601B"),
        (KIND.FOREIGN_RESIDENCE, "FRA110185013101", "FRA110185013101"),
        (KIND.FOREIGN_RESIDENCE, number("91125019850131001"), number("91125019850131001")),
    ],
)
def test_a_number_of_its_kind_is_nobody_invented(kind: DocumentKind, typed: str, kept: str) -> None:
    document = read_document(kind, typed)

    assert document == Document(kind, kept)
    assert not is_demo_number(document)


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000", "819999"])
def test_a_residence_permit_is_one_document_under_either_name(prefix: str) -> None:
    typed = number(f"{prefix}19850131001")

    assert read_document(ID, typed) == read_document(KIND.HMT_RESIDENCE, typed)


@pytest.mark.parametrize(
    ("kind", "typed", "refusal"),
    [
        (KIND.HMT_RESIDENCE, number("37100219850131001"), DocumentPrefixError),
        (KIND.HMT_RESIDENCE, number("81000018850131001"), DocumentBirthDateError),
        (KIND.HMT_RESIDENCE, "810000198501310010"[:17] + "?", DocumentCharactersError),
        (KIND.HM_PERMIT, "H1234567", DocumentLengthError),
        (KIND.HM_PERMIT, "H123456789", DocumentLengthError),
        (KIND.HM_PERMIT, "A12345678", DocumentCharactersError),
        (KIND.HM_PERMIT, "X12345678", DocumentCharactersError),
        (KIND.TW_PERMIT, "X1234567", DocumentCharactersError),
        (KIND.TW_PERMIT, "123456789", DocumentLengthError),
        (KIND.TW_PERMIT, "12345678901", DocumentCharactersError),
        (KIND.FOREIGN_RESIDENCE, number("37100219850131001"), DocumentPrefixError),
        (KIND.FOREIGN_RESIDENCE, number("91125019851331001"), DocumentBirthDateError),
        (KIND.FOREIGN_RESIDENCE, "F1A110185013101", DocumentCharactersError),
        (KIND.FOREIGN_RESIDENCE, "FRA11018501310", DocumentLengthError),
        (KIND.TALENT_RESIDENCE, "上海123456", DocumentCharactersError),
    ],
)
def test_a_number_of_another_kind_is_refused_for_its_first_fault(
    kind: DocumentKind, typed: str, refusal: type[DocumentInvalidError]
) -> None:
    with pytest.raises(refusal):
        read_document(kind, typed)


@pytest.mark.parametrize("kind", [KIND.HMT_RESIDENCE, KIND.FOREIGN_RESIDENCE])
def test_the_check_character_is_that_of_resident_numbers(kind: DocumentKind) -> None:
    right = next(typed for each, typed, _ in INVENTED if each is kind and len(typed) == 18)

    for last in set("0123456789X") - {right[-1].upper()}:
        with pytest.raises(DocumentCheckError):
            read_document(kind, right[:17] + last)


def test_a_mask_shows_the_kind_and_the_last_four() -> None:
    assert masked(Document(ID, SAMPLE)) == "resident_id ****002X"
    assert masked(Document(DocumentKind.PASSPORT, "12345")) == "passport ****45"


@given(demo_numbers)
def test_a_document_never_prints_its_number(right: str) -> None:
    document = read_document(ID, right)

    for shown in (repr(document), str(document), f"{document}", repr([document])):
        assert right[-4:] not in shown


@given(demo_numbers, st.data())
def test_a_refusal_never_repeats_the_number(right: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    typed = right[:place] + data.draw(st.sampled_from("0123456789Z")) + right[place + 1 :]

    try:
        read_document(ID, typed)
    except DocumentInvalidError as error:
        shown = repr(error) + catalogue.problem(error, "zh").detail
        assert typed[:14] not in shown
        assert typed[8:] not in shown


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" 张三 ", "张三"),
        ("张　三", "张三"),
        ("欧阳 𬭊", "欧阳𬭊"),
        ("䶮〇𰻝", "䶮〇𰻝"),
        ("\U000323b0\U00031350", "\U000323b0\U00031350"),
        ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 · 买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉.买买提", "阿卜杜拉·买买提"),
        ("Jean-Luc   O'Brien", "Jean-Luc O'Brien"),
        ("John F. Kennedy", "John F. Kennedy"),
        ("ＬＩ Ｍｉｎｇ", "LI Ming"),
        ("Jose\u0301", "José"),
        ("名" * 60, "名" * 60),
    ],
)
def test_a_name_is_brought_into_one_form(typed: str, name: str) -> None:
    assert read_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", NameMissingError),
        (" \u3000\n", NameMissingError),
        ("名" * 61, NameTooLongError),
        ("张三1", NameCharactersError),
        ("张三１", NameCharactersError),
        ("张\x00三", NameCharactersError),
        ("张\n三", NameCharactersError),
        ("张\u200b三", NameCharactersError),
        ("=张三", NameCharactersError),
        ("张三\ud800", NameCharactersError),
        ("张\ue863", NameCharactersError),
        ("·", NameCharactersError),
        ("Жан", NameCharactersError),
    ],
)
def test_what_is_no_name_is_refused(typed: str, refusal: type[NameInvalidError]) -> None:
    with pytest.raises(refusal) as caught:
        read_name(typed)

    assert "张" not in repr(caught.value.facts)


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_refused_and_reading_twice_changes_nothing(typed: str) -> None:
    try:
        name = read_name(typed)
    except NameInvalidError:
        return
    assert read_name(name) == name


def every_refusal(of: type[CreditBankError]) -> list[type[CreditBankError]]:
    return [of, *(deeper for below in of.__subclasses__() for deeper in every_refusal(below))]


@pytest.mark.parametrize(
    "refusal", [*every_refusal(DocumentInvalidError), *every_refusal(NameInvalidError)]
)
def test_every_refusal_has_words_in_both_languages(refusal: type[CreditBankError]) -> None:
    words = catalogue.entries()[refusal.code]

    assert all(words[part][language] for part in ("title", "next") for language in ("zh", "en"))
