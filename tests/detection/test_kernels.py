"""The compiled loops and those of Python give the same to the bit."""

import itertools
import math
import subprocess
import sys
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.detection import plain, vocabulary
from pipeline.detection.background import known_shares, least_shares
from pipeline.detection.hashing import word_hash
from pipeline.detection.ids import term_ids
from pipeline.detection.kernels import ARE_COMPILED, kernels
from pipeline.detection.letters import letters
from pipeline.detection.linkage import Numbers, Settings
from pipeline.detection.names import capital_runs
from pipeline.detection.packing import Vector, ids_of, packed, weights_of
from pipeline.detection.vectors import EMPTY
from pipeline.detection.words import chunk_words, stem_of_term, term_of
from pipeline.detection.words import words as words_as_cut
from tests.running import ROOT

_ID = st.integers(0, 40) | st.integers(0, (1 << 32) - 1)
_WEIGHT = st.floats(2.0**-20, 4.0, width=32)
_WORDS = st.lists(st.text(st.characters(), max_size=40) | st.binary(max_size=40), max_size=20)


@st.composite
def vectors(draw: st.DrawFn) -> Vector:
    terms = draw(st.dictionaries(_ID, _WEIGHT, max_size=30))
    ids = sorted(terms)
    return packed(np.array(ids, np.uint32), np.array([terms[term] for term in ids], np.float32))


def arrays(*, max_size: int = 60) -> st.SearchStrategy[NDArray[np.uint32]]:
    return st.lists(st.integers(0, (1 << 32) - 1), max_size=max_size).map(lambda values: np.array(values, np.uint32))


def _as_ids(terms: list[int]) -> NDArray[np.uint32]:
    return np.array(terms, np.uint32)


def test_a_compiler_was_at_hand() -> None:
    """Where none is, the rest of this file compares Python with itself."""
    if not ARE_COMPILED:
        pytest.skip("needs a C compiler and the headers of Python; then run make clean")


_OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove"]), arrays(max_size=30) | st.lists(_ID, max_size=30).map(_as_ids))
    | st.tuples(st.just("prune"), st.floats(0.0, 4.0))
    | st.just(("halve",)),
    max_size=12,
)


@given(st.dictionaries(_ID, st.integers(1, 99), max_size=60), _OPERATIONS)
def test_counts(known: dict[int, int], operations: list[tuple[Any, ...]]) -> None:
    start = np.array([term << 32 | count for term, count in known.items()], np.uint64)
    ours, theirs = kernels.Counts(start), plain.Counts(start)
    for name, *arguments in operations:
        getattr(ours, name)(*arguments)
        getattr(theirs, name)(*arguments)
        assert ours.packed() == theirs.packed()
        assert len(ours) == len(theirs)


def test_counts_grow_and_shrink() -> None:
    # Of one home in the table, so that all stand in each other's way.
    terms = (np.arange(3_000, dtype=np.uint32) << np.uint32(20)) | np.arange(3_000, dtype=np.uint32) % np.uint32(7)
    counts = kernels.Counts(np.empty(0, np.uint64))
    counts.add(terms)
    counts.add(terms[:1_000])
    counts.remove(terms[::-1].copy())
    assert np.frombuffer(counts.packed(), np.uint64).tolist() == sorted((int(term) << 32) | 1 for term in terms[:1_000])
    counts.remove(terms)
    assert (len(counts), counts.packed()) == (0, b"")


def test_a_term_is_counted_so_often_and_no_oftener() -> None:
    counts = kernels.Counts(np.array([5 << 32 | 0xFFFFFFFF], np.uint64))
    if ARE_COMPILED:
        with pytest.raises(OverflowError, match="term 5 is counted"):
            counts.add(_as_ids([5]))


_HALF = st.floats(0.0, 60_000.0, width=16) | st.floats(0.0, 2.0**-14, width=16)


@given(st.lists(st.tuples(_ID, _HALF, _HALF), max_size=30), _OPERATIONS, _OPERATIONS, st.integers(0, 999))
def test_weighted_terms(
    terms: list[tuple[int, float, float]],
    live: list[tuple[Any, ...]],
    of_outlet: list[tuple[Any, ...]],
    num_of_outlet: int,
) -> None:
    ids = _as_ids([term for term, *_ in terms])
    weights, backgrounds = (np.array([row[column] for row in terms], np.float16) for column in (1, 2))
    found = []
    for module in (kernels, plain):
        counts = module.Counts(np.empty(0, np.uint64)), module.Counts(np.empty(0, np.uint64))
        for table, operations in zip(counts, (live, of_outlet), strict=True):
            for name, *arguments in operations:
                getattr(table, name)(*arguments)
        stream = counts[0], 300.0, 50, 0.6
        found += [
            module.weighted(ids, weights, backgrounds, *stream, outlet, num_of_outlet) for outlet in (counts[1], None)
        ]
    assert found[:2] == found[2:]
    for vector in found:
        assert sorted(set(ids_of(vector).tolist())) == ids_of(vector).tolist()
        if vector and len(set(ids.tolist())) == len(ids):
            assert float(np.square(weights_of(vector).astype(float)).sum()) == pytest.approx(1.0, abs=1e-5)


@given(vectors(), st.lists(vectors(), max_size=6))
def test_products(vector: Vector, others: list[Vector]) -> None:
    found = kernels.dots(vector, others)
    assert found == plain.dots(vector, others)
    # Whichever of the two comes first.
    assert found == [kernels.dots(other, [vector])[0] for other in others]


@given(vectors(), vectors(), st.integers(0, 9), st.randoms())
def test_the_heaviest_terms_that_two_vectors_share(one: Vector, other: Vector, most: int, shuffler: Random) -> None:
    ids = [*ids_of(one).tolist(), 7, 7]
    shuffler.shuffle(ids)
    places = kernels.heaviest_shared(one, other, _as_ids(ids), most)
    assert places == plain.heaviest_shared(one, other, _as_ids(ids), most)
    weights = [dict(zip(ids_of(vector).tolist(), weights_of(vector).tolist(), strict=True)) for vector in (one, other)]
    products = [weights[0][ids[place]] * weights[1][ids[place]] for place in places]
    assert products == sorted(products, reverse=True)
    assert len(places) == min(most, len(weights[0].keys() & weights[1].keys()))


@given(st.lists(vectors(), max_size=6))
def test_products_of_each_two(centres: list[Vector]) -> None:
    ours, theirs = np.ones((2, len(centres), len(centres)))
    kernels.sums_across(centres, ours)
    plain.sums_across(tuple(centres), theirs)
    assert ours.tobytes() == theirs.tobytes()


@given(vectors(), vectors())
def test_sums_and_differences(first: Vector, second: Vector) -> None:
    for name in ("add", "subtract"):
        found = getattr(kernels, name)(first, second)
        assert found == getattr(plain, name)(first, second)
        assert np.all(weights_of(found) > 0.0)


def test_a_vector_taken_from_itself_leaves_nothing() -> None:
    vector = packed(np.array([1, 7], np.uint32), np.array([0.5, 1.0], np.float32))
    assert kernels.subtract(vector, vector) == EMPTY


@given(st.dictionaries(_ID, st.tuples(st.floats(0.0, 9.0, width=16), st.floats(2.0**-20, 1.0, width=16)), max_size=20))
def test_weighted_sets(terms: dict[int, tuple[float, float]]) -> None:
    ids = np.array(list(terms), np.uint32)
    weights, backgrounds = np.array(list(terms.values()), np.float16).reshape(-1, 2).T.copy()
    ours, theirs = np.empty((2, 12 * len(ids)), np.uint32)
    size = kernels.elements(ids, weights, backgrounds, ours)
    assert size == plain.elements(ids, weights, backgrounds, theirs)
    assert ours[:size].tolist() == theirs[:size].tolist()
    assert len(ids) <= size <= 12 * len(ids)


_TRICKY = "abéẹሀ,3_.:;'’‘“…-ΣσςİıßŉǰʼªµÀĳǅ \u00a0\u1680\x1c\ufeff\u200b\u0301\u0345\u0640\ud800²½東アกכ״"
_CHARACTERS = st.characters(max_codepoint=0x2FFF) | st.sampled_from(_TRICKY) | st.characters()
_TEXTS = st.text(st.sampled_from("aeIt1'’.,:_-( ")) | st.text(_CHARACTERS, max_size=100)
_LANGUAGES = st.sampled_from(["en", "fr", "tr", "yo", "am"])


def words_of(module: Any, language: str, cut: Any = chunk_words, describe: Any = None) -> Any:
    describe = describe or partial(vocabulary.describe, language=language)
    return module.Words(letters(), least_shares(language), known_shares(language), cut, describe)


def what_is_said(words: Any, title: str, text: str, settings: NDArray[np.float64], most: int) -> tuple[Any, ...]:
    numbers = words.read(title), words.read(text)
    hashes = np.empty(len(words.forms(numbers[0] + numbers[1])), np.uint32)
    words.hashes(numbers[0] + numbers[1], hashes)
    columns = np.zeros(most, np.uint32), *np.zeros((2, most), np.float32)
    forms = words.salient(*numbers, settings, np.array([1.0, 0.7, 0.3]), *columns)
    return (*numbers, hashes.tobytes(), forms, *(column.tobytes() for column in columns))


@given(_LANGUAGES, st.lists(_TEXTS, max_size=9))
@example("en", [chr(code) for code in range(0x3000)])
@example("yo", [f"{chr(code)}{other}" for code in range(0x3000) for other in "aΣ,3é'_"])
@example("fr", [f"{other}{chr(code)}" for code in range(0x3000) for other in "aΣ,3é'_"])
@example("en", ["".join(text) for length in range(5) for text in itertools.product("ab1'.:,_-", repeat=length)])
@example("en", ["x" * 81 + " " + "ẹ" * 30 + " " + "." * 79 + "x", "1.1," * 15])
def test_words(language: str, texts: list[str]) -> None:
    told = []
    for words in (words_of(kernels, language), words_of(plain, language)):
        numbers = [words.read(text) for text in texts]
        said = what_is_said(words, "", " ".join(texts), np.ones(5), 20_000)
        told.append((numbers, said, len(words)))
        assert [words.forms(read) for read in numbers] == list(map(words_as_cut, texts))
    assert told[0] == told[1]


def test_many_words_are_kept() -> None:
    text = " ".join(f"w{number}" for number in range(5000))
    for module in (kernels, plain):
        words = words_of(module, "en")
        for _ in range(2):
            assert np.frombuffer(words.read(text), np.uint32).tolist() == list(range(5000))
        assert len(words) == 10_000


_WRITTEN = st.sampled_from(["Ferry", "ferry", "ferries", "FERRY", "3,000", "the", "Ana", "ana", "lake", "Lake's", "a"])


@given(st.data(), st.sampled_from([0.0, 1.0, 1.7]), st.integers(1, 9))
def test_salient_terms(data: st.DataObject, weight: float, most: int) -> None:
    title, text = (" ".join(data.draw(st.lists(_WRITTEN, max_size=size))) for size in (9, 40))
    settings = np.array([weight, 1.7 - weight, 0.25, 2.5, 2.0])
    words = words_of(kernels, "en")
    expected = what_is_said(words_of(plain, "en"), title, text, settings, most)
    assert what_is_said(words, title, text, settings, most) == expected
    # Nothing of one article is left to the next.
    assert what_is_said(words, title, text, settings, most) == expected


def test_what_goes_wrong_with_a_word_is_told() -> None:
    def fails(_: str) -> Any:
        raise ZeroDivisionError

    for cut, describe in ((fails, None), (None, fails)):
        with pytest.raises(ZeroDivisionError):
            words_of(kernels, "en", cut or chunk_words, describe).read("a 東京 b")
    if ARE_COMPILED:
        for cut in (lambda _: [""], lambda _: [1], lambda _: 1):
            with pytest.raises(TypeError):
                words_of(kernels, "en", cut).read("東京")
        for answer in (1, (), (1, "b", 3.0), ("a", 2, 1.0), (1, 2, "c"), (1, None, "c")):
            with pytest.raises(TypeError):
                words_of(kernels, "en", describe=lambda _, answer=answer: answer).read("東京")
        for answer in ((1 << 32, 2, 1.0), (1, 1 << 32, 1.0), (-1, 2, 1.0), (1, -1, 1.0)):
            with pytest.raises(OverflowError):
                words_of(kernels, "en", describe=lambda _, answer=answer: answer).read("東京")


def test_what_is_no_words_is_refused() -> None:
    if not ARE_COMPILED:
        pytest.skip("Python takes what looks like it")
    tables, known, fading = letters(), known_shares("en"), np.ones(1)
    for wrong in ((*tables[:2], tables[2][:9]), (tables[0].astype(np.uint8), *tables[1:])):
        with pytest.raises(ValueError, match=r"lengths|items"):
            kernels.Words(wrong, least_shares("en"), known, chunk_words, len)
    with pytest.raises(ValueError, match="lengths"):
        kernels.Words(tables, np.ones(9), known, chunk_words, len)
    with pytest.raises(TypeError, match="dictionary"):
        kernels.Words(tables, least_shares("en"), [], chunk_words, len)
    words = words_of(kernels, "en")
    numbers = words.read("one two")
    for wrong in (b"1234", numbers[:-1], np.array([2], np.uint32)):
        with pytest.raises(ValueError, match=r"numbers|items"):
            words.forms(wrong)
        with pytest.raises(ValueError, match=r"numbers|items"):
            words.salient(numbers, wrong, np.ones(5), fading, np.zeros(4, np.uint32), *np.zeros((2, 4), np.float32))
    for settings, faded, room, less in ((4, 1, 4, 4), (5, 0, 4, 4), (5, 1, 3, 4), (5, 1, 4, 3)):
        columns = np.zeros(4, np.uint32), np.zeros(room, np.float32), np.zeros(less, np.float32)
        arrays = np.ones(settings), fading[:faded], *columns
        with pytest.raises(ValueError, match="lengths"):
            words.salient(numbers, numbers, *arrays)
    with pytest.raises(ValueError, match="lengths"):
        words.hashes(numbers, np.empty(3, np.uint32))
    with pytest.raises(TypeError, match="string"):
        words.read(b"one")


_NAMES = st.text(st.sampled_from("AÉbé-'’ .1²_ Ⓐ́"))


@given(_NAMES | st.text(_CHARACTERS, max_size=100))
@example("".join(chr(code) + after for code in range(0x20D0) for after in ("nna ", "Na Ana ")))
def test_capital_runs(text: str) -> None:
    assert kernels.capital_runs(text, letters().classes, capital_runs) == capital_runs(text)


_GROUPS = st.tuples(st.integers(1, 40), st.floats(0.0, 9.0), st.integers(0, 300), st.floats(0.0, 2.0))
_RULES = st.builds(
    Settings,
    cohesion_share=st.sampled_from([0.1, 0.55]),
    share_growth=st.sampled_from([0.0, 0.15, 1.0]),
    most_share=st.just(0.8),
    short_share=st.just(0.42),
    prior_cohesion=st.just(0.11),
    prior_pairs=st.sampled_from([0.1, 3.0]),
    least_likeness=st.sampled_from([0.001, 0.06]),
    crowd_factor=st.sampled_from([0.0, 2.5]),
    full_terms=st.just(64.0),
).map(np.array)


@given(st.floats(0.0, 1.0), _GROUPS, _GROUPS, _RULES)
def test_groups_that_are_one(likeness: float, first: Numbers, second: Numbers, rule: NDArray[np.float64]) -> None:
    found = kernels.are_one(likeness, first, second, rule)
    assert found is plain.are_one(likeness, first, second, rule)
    assert kernels.are_one(likeness, second, first, rule) is plain.are_one(likeness, second, first, rule)


@given(_GROUPS, _GROUPS, _RULES, st.sampled_from([-1, 0, 1]))
def test_the_bar_is_the_same_to_the_bit(first: Numbers, second: Numbers, rule: NDArray[np.float64], bits: int) -> None:
    least = _least_likeness(first, second, rule)
    likeness = least if not bits else math.nextafter(least, bits * math.inf)
    for module in (kernels, plain):
        assert module.are_one(likeness, first, second, rule) is (bits >= 0)


def test_of_two_lone_reports_the_second_is_the_larger() -> None:
    """A revision may leave a lone report a remnant of cohesion, so it must be the same one's wherever the loop runs."""
    rule, lone, remnant = np.array(Settings(*[0.5] * 8, full_terms=64.0)), (1, 0.0, 64, 0.0), (1, 9.0, 64, 0.0)
    for module in (kernels, plain):
        assert module.are_one(0.6, remnant, lone, rule)
        assert not module.are_one(0.6, lone, remnant, rule)


def _least_likeness(first: Numbers, second: Numbers, rule: NDArray[np.float64]) -> float:
    """Find the least likeness that is enough, by halving: positive floats are in the order of their bits."""
    low, high = 0, int(np.float64(1e6).view(np.int64))
    while low < high:
        middle = (low + high) // 2
        if plain.are_one(float(np.int64(middle).view(np.float64)), first, second, rule):
            high = middle
        else:
            low = middle + 1
    return float(np.int64(low).view(np.float64))


@given(st.lists(_GROUPS, max_size=12), st.integers(0, 1 << 32), st.sampled_from([0, 4]), _RULES)
def test_partitions(groups: list[Numbers], seed: int, steps: int, rule: NDArray[np.float64]) -> None:
    likeness = np.random.default_rng(seed).random((len(groups), len(groups)))
    # In few steps, many are equally alike.
    likeness = np.triu(np.rint(likeness * steps) / steps if steps else likeness, 1)
    sizes = np.array([group[0] for group in groups], float)
    across = (likeness + likeness.T) * np.outer(sizes, sizes)
    before = across.copy()
    found = kernels.partition(across, groups, rule)
    assert found == plain.partition(across, tuple(groups), rule)
    assert across.tobytes() == before.tobytes()
    assert all(found[first] == first <= place for place, first in enumerate(found))


@given(_WORDS)
def test_hashes(words: list[str | bytes]) -> None:
    ours, theirs = np.empty((2, len(words)), np.uint32)
    kernels.hash_words(words, ours)
    plain.hash_words(words, theirs)
    assert ours.tolist() == theirs.tolist()


@given(st.lists(st.text(_CHARACTERS, max_size=9) | st.text(_CHARACTERS, min_size=70, max_size=90), max_size=9))
@example([chr(code) for code in range(0x3000)])
@example([f"{chr(code)}{other}" for code in range(0x3000) for other in "aΣ,3é"])
@example([f"{other}{chr(code)}" for code in range(0x3000) for other in "aΣ,3é"])
def test_term_ids(forms: list[str]) -> None:
    assert term_ids(tuple(forms)).tolist() == [word_hash(stem_of_term(term_of(form))) for form in forms]


def test_who_is_asked_for_a_term_id_answers_with_one() -> None:
    for answer, error in ((1 << 32, OverflowError), (-1, OverflowError), ("a", (TypeError, ValueError))):
        with pytest.raises(error):
            kernels.term_ids(("東京",), letters(), lambda _, answer=answer: answer, np.empty(1, np.uint32))


@given(arrays(), st.integers(1, 9), arrays(max_size=9))
def test_signatures(elements: NDArray[np.uint32], num_perm: int, seeds: NDArray[np.uint32]) -> None:
    factors, offsets = np.resize(seeds, num_perm) if seeds.size else np.ones(num_perm, np.uint32), elements.copy()
    offsets = np.resize(offsets, num_perm) if offsets.size else np.zeros(num_perm, np.uint32)
    ours, theirs = np.empty((2, num_perm), np.uint32)
    kernels.signature(elements, factors, offsets, ours)
    plain.signature(elements, factors, offsets, theirs)
    assert ours.tolist() == theirs.tolist()


@given(arrays(), st.integers(1, 7))
def test_shingles_and_buckets(values: NDArray[np.uint32], size: int) -> None:
    ours, theirs = np.empty((2, max(0, len(values) - size + 1)), np.uint32)
    if ours.size:
        kernels.shingles(values, size, ours)
        plain.shingles(values, size, theirs)
        assert ours.tolist() == theirs.tolist()
    whole = values[: len(values) // size * size]
    ours, theirs = np.empty((2, len(whole) // size), np.uint32)
    kernels.bucket_keys(whole, size, ours)
    plain.bucket_keys(whole, size, theirs)
    assert ours.tolist() == theirs.tolist()


_TERMS = np.zeros(3, np.uint32), *np.zeros((2, 3), np.float16)
_STREAM = kernels.Counts(np.empty(0, np.uint64)), 300.0, 0, 0.6, None, 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Counts", (np.zeros(3, np.uint32),)),
        ("weighted", (_TERMS[0][:2], *_TERMS[1:], *_STREAM)),
        ("weighted", (*_TERMS[:2], _TERMS[2][:2], *_STREAM)),
        ("weighted", (*np.zeros((3, 3), np.uint32), *_STREAM)),
        ("add", (bytes(8), bytes(9))),
        ("subtract", (np.zeros(1, np.uint64), bytes(8))),
        ("heaviest_shared", (bytes(8), bytes(7), np.ones(1, np.uint32), 2)),
        ("heaviest_shared", (bytes(8), bytes(8), np.ones(3, np.uint32), 2)),
        ("dots", (bytes(7), [])),
        ("dots", (bytes(8), [bytes(8), bytes(4)])),
        ("sums_across", ([bytes(8)], np.empty((2, 1)))),
        ("sums_across", ([bytes(8)], np.empty(1))),
        ("sums_across", ([bytes(8), np.zeros(1, np.uint64)], np.empty((2, 2)))),
        ("are_one", (0.5, (1, 0.0, 9), (1, 0.0, 9, 0.0), np.ones(9))),
        ("are_one", (0.5, (1, 0.0, 9, 0.0), [1, 0.0, 9, 0.0], np.ones(9))),
        ("are_one", (0.5, (1, 0.0, 9, 0.0), (1, 0.0, 9, 0.0), np.ones(8))),
        ("partition", (np.zeros((2, 2)), [(1, 0.0, 9, 0.0)], np.ones(9))),
        ("partition", (np.zeros(1), [(1, 0.0, 9, 0.0)], np.ones(9))),
        ("partition", (np.zeros((1, 1)), [(1, 0.0, 9)], np.ones(9))),
        ("partition", (np.zeros((1, 1)), [(1, 0.0, 9, 0.0)], np.ones(10))),
        ("hash_words", (["a"], np.empty(2, np.uint32))),
        ("term_ids", (("a",), tuple(np.zeros((3, 9), np.uint16)), len, np.empty(2, np.uint32))),
        ("term_ids", (["a"], tuple(np.zeros((3, 9), np.uint16)), len, np.empty(1, np.uint32))),
        ("signature", (np.zeros(3, np.uint32), np.zeros(3, np.uint32), *np.empty((2, 4), np.uint32))),
        ("shingles", (np.zeros(3, np.uint32), 3, np.empty(2, np.uint32))),
        ("bucket_keys", (np.zeros(3, np.uint32), 0, np.empty(2, np.uint32))),
    ],
)
def test_what_does_not_fit_is_refused(name: str, arguments: tuple[object, ...]) -> None:
    if ARE_COMPILED:
        with pytest.raises(ValueError, match=r"lengths|items|takes"):
            getattr(kernels, name)(*arguments)


_WITHOUT = "import sys; sys.modules['pipeline.detection._native'] = None"


def test_who_runs_for_long_without_compiled_loops_is_told() -> None:
    for before, told in (("pass", ""), (_WITHOUT, "install a C compiler")):
        code = f"{before}\nfrom pipeline.commands.common import tell_if_slow; tell_if_slow()"
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert told in run.stderr
        assert bool(run.stderr) == bool(told)


def test_without_compiled_loops_the_same_events_come_out(tmp_path: Path) -> None:
    replay = "from pipeline.main import main; main()"
    told = []
    for before in ("pass", _WITHOUT):
        events = tmp_path / f"{len(told)}.jsonl"
        command = [sys.executable, "-c", f"{before}\n{replay}", "replay", "samples/newswire.jsonl", "--events", events]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        told.append(events.read_bytes())
    assert told[0] == told[1] != b""


def test_only_counts_are_taken_for_counts() -> None:
    if ARE_COMPILED:
        with pytest.raises(TypeError, match=r"\{\} is no Counts"):
            kernels.weighted(*_TERMS, {}, *_STREAM[1:])
