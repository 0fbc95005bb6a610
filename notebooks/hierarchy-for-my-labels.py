# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A hierarchy for my labels
#
# You have a list of classes and want a tree of them: to look at, to compare with another tree, or to shape a
# network. This notebook takes forty words from kitchen and garden. It runs offline in under a minute and
# needs the extras `embeddings`, `plots` and `train`.

# %%
import taxonomy as tx

words = """
apron, basil, blender, bowl, bucket, carrot, colander, compost, corkscrew, fork, frying pan, garden hose,
garlic, greenhouse, hedge, kettle, knife, ladle, lavender, lawn mower, lettuce, napkin, oven, parsley, plate,
potato, rake, refrigerator, rosemary, saucepan, shovel, sieve, spoon, tablecloth, toaster, tomato, trowel,
watering can, wheelbarrow, whisk
"""
labels = tx.get_labels([word.strip() for word in words.split(",")])
labels

# %% [markdown]
# `get_labels` takes a text or CSV file or a folder of class folders as well.
#
# ## A tree from embeddings
#
# Embeddings of the words need nothing else. The builder `shaped` searches for the tree within bounds that
# keeps most of the similarity: here seven groups.

# %%
from_embeddings = tx.generate(labels, source="embedding", builder="shaped", groups=(7,))
print(from_embeddings.tree.to_text())

# %% [markdown]
# Most groups make sense: tableware, garden plants, garden tools. But *ladle* stands among the herbs, *whisk* among
# the garden tools, and *compost, greenhouse, refrigerator* are leftovers.
#
# ## A picture of it

# %%
import tempfile
from pathlib import Path

from IPython.display import Image

folder = Path(tempfile.mkdtemp())
tx.plot_tree(from_embeddings.tree, folder / "tree.png")
Image(folder / "tree.png", width=420)

# %% [markdown]
# ## What the words mean
#
# WordNet knows the words' senses, and has to be told which one is meant: a *plate* can be a dish or a sheet of
# metal. `propose` makes a proposal for every name and marks those that need a look.

# %%
from taxonomy.wordnet.senses import propose, require

for proposal in propose(labels):
    if proposal.unsure:
        best = proposal.best
        print(f"{proposal.label.id}: {best.name} ({best.score:.0%}) {best.definition}")

# %% [markdown]
# The marked ones are right but for the *bowl*, which here is a dish. Your choices win:

# %%
choices = {"bowl": "bowl.n.03"}
meant = require(propose(labels, choices=choices))
meant.save(folder / "labels.csv")  # every command reads it
meant["bowl"]

# %% [markdown]
# ## A tree from WordNet

# %%
from_wordnet = tx.generate(meant, source="wordnet", builder="shaped", groups=(7,))
print(from_wordnet.tree.to_text())

# %% [markdown]
# WordNet sorts by what a thing *is*: food plants, containers, implements, whether they belong to the kitchen or the
# garden. Its leftovers are *apron, greenhouse, hedge* and *compost, garden hose, lavender*. Neither tree is what you
# would draw; to have both views, try `source="mixture", of="wordnet; embedding"`.
#
# ## How different are the two?
#
# `compare` has one row a pair of trees. 1 means equal for all of these metrics but `robinson_foulds` and
# `triplet_distance`, which are distances.

# %%
trees = {"embedding": from_embeddings.tree, "WordNet": from_wordnet.tree}
tx.compare(trees).round(2).T

# %% [markdown]
# Which words changed their company most?

# %%
from taxonomy.comparison import moved

moved(*trees.values()).head(5)

# %% [markdown]
# ## What the tree means for a network
#
# A network over this tree has one branch a group, and an expert keeps the branches that it needs. The cost is
# computed in closed form, without building anything: here for an expert of three herbs, and for one of three
# classes from different groups.

# %%
spec = tx.NetSpec.tree(trunk=((16, 0), (32, 1)), levels=((48, 1),))
tree = from_wordnet.tree
whole = tx.cost(spec, tree)
for classes in (["basil", "parsley", "rosemary"], ["basil", "oven", "rake"]):
    part = tx.cost(spec, tree, classes)
    print(f"{', '.join(classes)}: {part.macs / whole.macs:.0%} of the MACs")

# %% [markdown]
# Save the tree, and train on your own pictures with `tx.train("runs/mine", tree, data="photos/")`, or
# `taxonomy train --hierarchy tree.json --data photos/`.

# %%
tree.save(folder / "tree.json")
tx.Hierarchy.load(folder / "tree.json") == tree
