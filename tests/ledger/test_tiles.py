import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.ledger.tiles import (
    EntryBundleInvalidError,
    Level,
    TileAddress,
    TilePathInvalidError,
    entries_path,
    entry_bundle,
    parse_entry_bundle,
    parse_path,
    tile_path,
)

LEVELS = st.integers(0, 63) | st.just("entries")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0, 256), "tile/0/000"),
        (tile_path(0, 999, 256), "tile/0/999"),
        (tile_path(0, 1000, 256), "tile/0/x001/000"),
        (tile_path(2, 1_234_067, 256), "tile/2/x001/x234/067"),
        (tile_path(63, 1_234_067, 1), "tile/63/x001/x234/067.p/1"),
        (tile_path(0, 2**63 - 1, 255), "tile/0/x009/x223/x372/x036/x854/x775/807.p/255"),
        (entries_path(0, 256), "tile/entries/000"),
        (entries_path(70_000, 112), "tile/entries/x070/000.p/112"),
    ],
)
def test_a_path_is_spelled_as_the_specification_says(path: str, expected: str) -> None:
    assert path == expected


@given(LEVELS, st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_is_read_back_as_it_was_written(level: Level, index: int, width: int) -> None:
    address = TileAddress(level, index, width)

    assert parse_path(address.path()) == address


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x000/x001/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/٠٠٠",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x009/x223/x372/x036/x854/x775/807",
        "tile/0/../0/000",
        "tile/8/0/000",
    ],
)
def test_a_second_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(TilePathInvalidError) as refused:
        parse_path(path)

    assert refused.value.facts == {"found": path}


@given(st.text(alphabet="tile/entries0123456789x.p-", max_size=40))
def test_no_text_but_the_written_one_is_a_path(text: str) -> None:
    try:
        address = parse_path(text)
    except TilePathInvalidError:
        return

    assert address.path() == text


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_back_its_entries(leaves: list[bytes]) -> None:
    assert parse_entry_bundle(entry_bundle(leaves)) == tuple(leaves)


def test_an_entry_stands_behind_its_length_in_two_bytes() -> None:
    assert entry_bundle([b"\xaa" * 32, b"\xbb"]) == b"\x00\x20" + b"\xaa" * 32 + b"\x00\x01\xbb"


@pytest.mark.parametrize("size", [1, 32, 65_535])
def test_a_bundle_cut_anywhere_near_its_end_is_refused(size: int) -> None:
    bundle = entry_bundle([b"\xcc" * size])

    for cut in {1, 2, size, size + 1}:
        with pytest.raises(EntryBundleInvalidError):
            parse_entry_bundle(bundle[:-cut])


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"\x00",
        b"\x00\x20",
        entry_bundle([b"\xdd" * 32]) + b"\x00",
        entry_bundle([b"\xdd" * 32] * 256) + entry_bundle([b"\xdd" * 32]),
        b"\x00\x00" * 10_000,
    ],
)
def test_bytes_that_are_not_a_bundle_are_refused(bundle: bytes) -> None:
    with pytest.raises(EntryBundleInvalidError):
        parse_entry_bundle(bundle)


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_refusal_of_a_log_file_has_its_words(language: catalogue.Language) -> None:
    refusals = [TilePathInvalidError(found="x"), EntryBundleInvalidError(entries=1, bundle_bytes=1)]

    assert all(catalogue.problem(refusal, language).detail for refusal in refusals)
