"""The sketch: all that detection keeps of an article."""

from functools import cached_property
from threading import Lock

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import CopyConfig, DetectionConfig, StoryConfig
from pipeline.detection.clock import to_micros
from pipeline.detection.hashing import short_digest
from pipeline.detection.ids import forget_ids, term_ids
from pipeline.detection.kernels import kernels
from pipeline.detection.languages import detect_language
from pipeline.detection.minhash import bucket_keys, low_bytes, signature
from pipeline.detection.names import whole_names
from pipeline.detection.terms import Terms, salient_terms
from pipeline.detection.vocabulary import Vocabularies
from pipeline.records import Article

_MOST_REPEATS = 12
_TITLE_CHARACTERS = 300


class Sketch(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """What stays of an article once its text is gone. About 1.4 KB with 64 terms."""

    article_id: str
    source: str
    language: str
    observed_at: int
    """Event time, microseconds since 1970."""
    digest: str
    """Of title and text: tells a revision from a repeat."""
    title: str
    outlet: str | None
    url: str | None
    deleted: bool
    terms: Terms
    names: tuple[str, ...]
    """Names of more than one word, as they stand in the text."""
    copy_signature: NDArray[np.uint8]
    """MinHash of the word shingles, the low bytes, shape ``(copies.bands * copies.rows,)``; last, so that it is
    found in the bytes.
    """

    @cached_property
    def ids(self) -> NDArray[np.uint32]:
        """The hash of each term's stem; asked for several times while the article is decided, and not written."""
        return term_ids(self.terms.forms)


_LOCK = Lock()


class _Shared:
    """What this process knows of words."""

    vocabularies = Vocabularies()


def sketch_article(article: Article, config: DetectionConfig) -> Sketch:
    """Reduce an article to its sketch; the text's language is detected unless the article names it."""
    language = article.language or detect_language(article.title, article.text)
    with _LOCK:
        terms, ids, hashes = _read(article, language, config)
    sketch = Sketch(
        article_id=article.id,
        source=article.source,
        language=language,
        observed_at=to_micros(article.observed_at),
        digest=short_digest(article.title, article.text),
        title=(article.title or article.text)[:_TITLE_CHARACTERS],
        outlet=article.outlet,
        url=article.url,
        deleted=article.deleted,
        terms=terms,
        names=whole_names(article.text, language),
        copy_signature=_copy_signature(hashes, config.copies),
    )
    # They are known here; of a sketch that was read they are worked out.
    vars(sketch)["ids"] = ids
    return sketch


def forget_words() -> None:
    """Begin with an empty vocabulary, as a new process does."""
    with _LOCK:
        _Shared.vocabularies = Vocabularies()
        forget_ids()


def _read(
    article: Article, language: str, config: DetectionConfig
) -> tuple[Terms, NDArray[np.uint32], NDArray[np.uint32]]:
    """Give an article's salient terms, their ids and the hashes of its words; one thread at a time."""
    vocabulary = _Shared.vocabularies.of(language)
    title, text = vocabulary.read(article.title), vocabulary.read(article.text)
    return *salient_terms(title, text, vocabulary, config.sketch), vocabulary.hashes(title + text)


def _copy_signature(hashes: NDArray[np.uint32], config: CopyConfig) -> NDArray[np.uint8]:
    return low_bytes(signature(shingles(hashes, config.shingle_words), _num_perm(config)))


def shingles(hashes: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Hash every run of `size` words to 32 bits; a shorter text is one shingle, no text is none.

    Parameters
    ----------
    hashes
        Of the words in lower case: outlets set the same agency text in their own style. Shape ``(n,)``.
    size
        Words of a shingle.

    Returns
    -------
    NDArray[np.uint32]
        Shape ``(n - size + 1,)``, or ``(min(n, 1),)`` where there are less than `size` words.
    """
    if not hashes.size:
        return hashes
    size = min(size, len(hashes))
    combined = np.empty(len(hashes) - size + 1, np.uint32)
    kernels.shingles(hashes, size, combined)
    return combined


def copy_keys(sketch: Sketch, config: CopyConfig) -> NDArray[np.uint32]:
    """Buckets of the copy layer, shape ``(copies.bands,)``."""
    return bucket_keys(sketch.copy_signature, config.rows)


def story_keys(sketch: Sketch, config: StoryConfig) -> NDArray[np.uint32]:
    """Buckets of the story layer, shape ``(stories.bands,)``."""
    return bucket_keys(signature(weighted_elements(sketch), _num_perm(config)), config.rows)


def weighted_elements(sketch: Sketch) -> NDArray[np.uint32]:
    """Turn an article's weighted terms into a plain set by repeating each in proportion to its weight.

    The Jaccard similarity of two such sets is the weighted Jaccard similarity of the articles, to the rounding of
    weights to whole repeats. A term's salience is its weight times its background idf; twelve repeats stand for the
    greatest salience in the article.

    Returns
    -------
    NDArray[np.uint32]
        One 32-bit hash for each repeat of each term.

    References
    ----------
    O. Chum, J. Philbin, A. Zisserman, *Near duplicate image detection: min-hash and tf-idf weighting*, 2008.
    """
    ids, terms = sketch.ids, sketch.terms
    elements = np.empty(_MOST_REPEATS * len(ids), np.uint32)
    return elements[: kernels.elements(ids, terms.weights, terms.backgrounds, elements)]


def _num_perm(lsh: CopyConfig | StoryConfig) -> int:
    return lsh.bands * lsh.rows
