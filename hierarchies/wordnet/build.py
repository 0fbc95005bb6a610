"""Build the shipped noun graph from WordNet 3.0's files, read through nltk.

    python hierarchies/wordnet/build.py --dict DIR [--out hierarchies/wordnet/nouns.npz]

This is the only module that imports nltk, and only while it builds. Equal files give equal bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import FileFormatError, MissingExtraError
from taxonomy._core.io import canonical_json, file_digest, save_npz
from taxonomy.wordnet.graph import NAME_INFIX
from taxonomy.wordnet.strings import StringTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOG = logging.getLogger(__name__)
_PARTS_OF_SPEECH = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
# The manual page lexnames(5WN); nltk needs the list as a file, which some packages leave out.
_LEXNAMES = """
adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location
noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process
noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change
verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation
verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather
adj.ppl
"""
_SOURCES = ("data.noun", "index.noun", "noun.exc", "cntlist.rev")
# nltk opens the other parts of speech too.
_ALSO_READ = (
    *("data.adj", "data.adv", "data.verb", "index.adj", "index.adv", "index.verb"),
    *("adj.exc", "adv.exc", "verb.exc"),
)
Arrays = dict[str, npt.NDArray[Any]]


@contextlib.contextmanager
def nltk_reader(folder: Path) -> Iterator[Any]:
    """Open WordNet's files with nltk's ``WordNetCorpusReader``.

    nltk reads only below its registered data folders and wants a ``lexnames`` file, so the files
    are copied to a temporary folder that is registered while the reader is open.

    Args:
        folder: the folder that holds ``data.noun``, ``index.noun`` and the others.

    Raises:
        FileFormatError: a file is missing, or the files are not WordNet 3.0's.
        MissingExtraError: nltk is not installed.
    """
    try:
        import nltk
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
    except ImportError as error:
        raise MissingExtraError("Building the noun graph needs: pip install nltk") from error

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        def map_wn(self, version: str = "wordnet") -> None:
            """Skip the map to other versions, for which nltk would need its own data."""

    _check_version(folder)
    with tempfile.TemporaryDirectory() as staged:
        for file in sorted(folder.iterdir()):
            if file.is_file():
                shutil.copyfile(file, Path(staged, file.name))
        lines = (
            f"{number:02d}\t{name}\t{_PARTS_OF_SPEECH[name.split('.')[0]]}\n"
            for number, name in enumerate(_LEXNAMES.split())
        )
        Path(staged, "lexnames").write_text("".join(lines))
        nltk.data.path.append(staged)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="The multilingual functions")
                reader = Reader(staged, None)
            yield reader
        finally:
            nltk.data.path.remove(staged)


def _check_version(folder: Path) -> None:
    for name in (*_SOURCES, *_ALSO_READ):
        if not (folder / name).is_file():
            raise FileFormatError(f"{folder}: lacks {name}; give WordNet 3.0's dict folder.")
    with (folder / "data.noun").open(encoding="utf8") as file:
        licence = "".join(next(file, "") for _ in range(29))
    if "WordNet 3.0 Copyright" not in licence:
        raise FileFormatError(f"{folder / 'data.noun'}: not WordNet 3.0, whose offsets are needed.")


def noun_arrays(reader: Any, folder: Path) -> Arrays:
    """Return the arrays of :meth:`NounGraph.from_arrays` for all nouns of a reader."""
    synsets = sorted(reader.all_synsets("n"), key=lambda synset: int(synset.offset()))
    names = sorted(reader.all_lemma_names("n"), key=lambda lemma: str(lemma) + NAME_INFIX)
    lexnames = sorted({synset.lexname() for synset in synsets})
    irregular = reader._exception_map["n"]  # noqa: SLF001 (nltk has no other way to it)
    exceptions = sorted(" ".join((plural, *singulars)) for plural, singulars in irregular.items())
    arrays: Arrays = {
        "offsets": np.array([synset.offset() for synset in synsets], dtype=np.int32),
        "lexname_ids": np.array([lexnames.index(s.lexname()) for s in synsets], dtype=np.uint8),
        "source": np.frombuffer(canonical_json(_source(folder)).encode(), dtype=np.uint8),
        **_hypernym_arrays(synsets, folder),
        **_member_arrays(reader, synsets, names),
        **_table_arrays("definition", [synset.definition() for synset in synsets]),
        **_table_arrays("exception", exceptions),
        **_table_arrays("lemma", names),
        **_table_arrays("lexname", lexnames),
    }
    return arrays


def _source(folder: Path) -> dict[str, Any]:
    return {
        "made_by": "taxonomy.wordnet.build",
        "wordnet": "3.0",
        "sha256": {name: file_digest(folder / name) for name in _SOURCES},
    }


def _hypernym_arrays(synsets: Sequence[Any], folder: Path) -> Arrays:
    """Return the links in the order of WordNet's file.

    nltk keeps pointers in a set of (str, int) pairs, whose order changes from process to process;
    the file's order is the lexicographers', so it is read from the file and compared with nltk's.
    """
    numbers = {int(synset.offset()): number for number, synset in enumerate(synsets)}
    in_file = _hypernyms_in_file(folder / "data.noun")
    counts: list[int] = []
    indices: list[int] = []
    is_instance: list[bool] = []
    for synset in synsets:
        general, instances = in_file[synset.offset()]
        for offsets, from_nltk in (
            (general, synset.hypernyms()),
            (instances, synset.instance_hypernyms()),
        ):
            if sorted(offsets) != sorted(other.offset() for other in from_nltk):
                raise FileFormatError(f"{folder}: nltk and data.noun disagree on {synset}.")
        counts.append(len(general) + len(instances))
        indices.extend(numbers[offset] for offset in (*general, *instances))
        is_instance.extend([False] * len(general) + [True] * len(instances))
    return {
        "hypernym_counts": np.array(counts, dtype=np.uint8),
        "hypernym_indices": np.array(indices, dtype=np.int32),
        "hypernym_is_instance": np.array(is_instance, dtype=np.bool_),
    }


def _hypernyms_in_file(path: Path) -> dict[int, tuple[list[int], list[int]]]:
    """Return every synset's hypernym and instance hypernym offsets, see wndb(5WN)."""
    found = {}
    for line in path.read_text(encoding="utf8").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ", 1)[0].split()
        first = 5 + 2 * int(fields[3], 16)
        pointers = [fields[at : at + 4] for at in range(first, len(fields) - 3, 4)]
        found[int(fields[0])] = (
            [int(offset) for symbol, offset, _, _ in pointers if symbol == "@"],
            [int(offset) for symbol, offset, _, _ in pointers if symbol == "@i"],
        )
    return found


def _member_arrays(reader: Any, synsets: Sequence[Any], names: Sequence[str]) -> Arrays:
    """Return each synset's lemmas with their sense numbers, counts and spellings."""
    lemma_ids = {name: number for number, name in enumerate(names)}
    sense_order = reader._lemma_pos_offset_map  # noqa: SLF001 (nltk has no other way to it)
    ids: list[int] = []
    senses: list[int] = []
    uses: list[int] = []
    spelled: list[int] = []
    spellings: list[str] = []
    for synset in synsets:
        for lemma in synset.lemmas():
            folded = lemma.name().lower()
            if lemma.name() != folded:
                spelled.append(len(ids))
                spellings.append(lemma.name())
            ids.append(lemma_ids[folded])
            offsets = sense_order[folded]["n"]
            senses.append(offsets.index(synset.offset()) + 1)
            uses.append(lemma.count())
    return {
        "member_counts": np.array([len(s.lemmas()) for s in synsets], dtype=np.uint8),
        "member_lemmas": np.array(ids, dtype=np.int32),
        "member_senses": np.array(senses, dtype=np.uint8),
        "member_uses": np.array(uses, dtype=np.int32),
        "spelling_members": np.array(spelled, dtype=np.int32),
        **_table_arrays("spelling", spellings),
    }


def _table_arrays(name: str, strings: Sequence[str]) -> Arrays:
    data, lengths = StringTable.of(strings).arrays()
    return {f"{name}_bytes": data, f"{name}_lengths": lengths}


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the file that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build the shipped noun graph of WordNet 3.0.")
    parser.add_argument("--dict", type=Path, required=True, help="folder of WordNet 3.0's files")
    parser.add_argument("--out", type=Path, default=Path("hierarchies/wordnet/nouns.npz"))
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with nltk_reader(options.dict) as reader:
        arrays = noun_arrays(reader, options.dict)
    save_npz(options.out, arrays)
    _LOG.info("%s sha256 %s", options.out, file_digest(options.out))
    _LOG.info("made from %s", json.dumps(_source(options.dict)["sha256"], indent=1))


if __name__ == "__main__":
    main()
