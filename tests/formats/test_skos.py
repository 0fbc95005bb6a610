"""SKOS and OWL as they are published."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import FileFormatError
from taxonomy.formats import read_tree, write_tree
from taxonomy.trees import Hierarchy

rdflib = pytest.importorskip("rdflib")

TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <http://example.org/kinds/> .
ex:animal a skos:Concept ; skos:prefLabel "Tier"@de, "animal"@en ; skos:narrower ex:dog .
ex:tool a skos:Concept ; skos:prefLabel "tool"@en .
ex:bat a skos:Concept ; skos:broader ex:animal, ex:tool ; skos:prefLabel "bat"@en .
ex:hammer skos:broader ex:tool .
"""
OWL = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
         xmlns:owl="http://www.w3.org/2002/07/owl#">
  <owl:Class rdf:about="http://example.org/Animal"/>
  <owl:Class rdf:about="http://example.org/Cat">
    <rdfs:label>cat</rdfs:label>
    <rdfs:subClassOf rdf:resource="http://example.org/Animal"/>
    <rdfs:subClassOf><owl:Restriction/></rdfs:subClassOf>
  </owl:Class>
  <owl:Class rdf:about="http://example.org/Dog">
    <rdfs:subClassOf rdf:resource="http://example.org/Animal"/>
  </owl:Class>
</rdf:RDF>
"""


def test_a_concept_with_two_parents(tmp_path):
    (tmp_path / "t.ttl").write_text(TURTLE)
    with pytest.raises(FileFormatError, match="'bat' has 2 parents: 'animal', 'tool'"):
        read_tree(tmp_path / "t.ttl")
    tree = read_tree(tmp_path / "t.ttl", parents="first")
    assert tree == Hierarchy.from_nested({"animal": ["bat", "dog"], "tool": ["hammer"]})
    german = read_tree(tmp_path / "t.ttl", "skos", parents="first", language="de")
    assert sorted(german.name)[-2:] == ["Tier", "tool"]


def test_classes_of_owl(tmp_path):
    (tmp_path / "t.owl").write_text(OWL)
    tree = read_tree(tmp_path / "t.owl")
    assert tree == Hierarchy.from_nested({"name": "Animal", "leaves": ["cat", "Dog"]})


@pytest.mark.parametrize("ending", [".ttl", ".rdf", ".nt"])
def test_names_that_repeat_come_back(tmp_path, ending):
    tree = Hierarchy.from_nested([{"pets": ["cat", "näme"]}, {"pets": ["a/b", "<&>"]}, ["x", "y"]])
    assert write_tree(tree, tmp_path / f"t{ending}") == ()
    assert read_tree(tmp_path / f"t{ending}") == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@prefix : <urn:x> . :a :b :c .", "holds no skos:broader"),
        ("this is no turtle", "not readable as RDF"),
        ("[" * 5000, "nested more than 100 deep"),
        (TURTLE + "ex:animal skos:broader ex:dog .", "has a cycle: 'animal' → 'dog' → 'animal'"),
    ],
)
def test_refused(tmp_path, text, message):
    (tmp_path / "t.ttl").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_tree(tmp_path / "t.ttl", parents="first")
