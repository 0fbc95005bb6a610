"""Help texts that several commands share."""

from taxonomy.labels import shipped_names

SETS = ", ".join(shipped_names())
LABELS = f"a shipped set ({SETS}), a text or CSV file, or a folder of class folders"
TREE = "a tree file, a run's folder, or a shipped tree such as icons/wordnet"
NETWORK = "a run's folder, a network's file, or a shipped network such as icons/tree"
DRY_RUN = "say what a language model would be asked and what that costs; send nothing"
SPLIT = "the test split once, when everything is chosen [val]"
TASKS = "a task list [the shipped one of these classes]"
CLASSES = "only these classes, separated by commas; a name with a comma stands in double quotes"
