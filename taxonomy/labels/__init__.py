"""What a user calls classes: labels, sets of them, and the reader of the lists that are about."""

from taxonomy.labels.label import MOST_CHARACTERS, SYNSET, WNID, Label, fault_of
from taxonomy.labels.label_set import (
    LabelSet,
    check_classes,
    check_same_labels,
    class_names,
    get_labels,
    joined_names,
    shipped_names,
    unknown_class,
)

__all__ = [
    "MOST_CHARACTERS",
    "SYNSET",
    "WNID",
    "Label",
    "LabelSet",
    "check_classes",
    "check_same_labels",
    "class_names",
    "fault_of",
    "get_labels",
    "joined_names",
    "shipped_names",
    "unknown_class",
]
