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
# # A language model against WordNet
#
# The paper that this project starts from asks a language model how similar its classes are. Is the tree it gives
# better than WordNet's? This notebook compares three trees of the 212 icon classes: from a language model's
# scores, from WordNet, and from embeddings. **Nothing is asked**: the answers ship with the package and are
# replayed. It runs in under a minute and needs the extras `plots` and `train`.

# %%
import taxonomy as tx

labels = tx.get_labels("icons")
levels = (12, 48)
trees = {
    "LLM": tx.generate(labels, source="llm", transcript="icons/llm-rows", levels=levels).tree,
    "WordNet": tx.generate(labels, source="wordnet", levels=levels).tree,
    "embedding": tx.get_tree("icons/embedding"),
    "random": tx.get_tree("icons/random"),
}
trees

# %% [markdown]
# To ask about your own classes, give a model and a price instead of a transcript; `taxonomy generate LABELS
# --source llm --model NAME --price 0.15,0.60 --dry-run` says first what would be sent and what it costs.
#
# ## The same things, grouped by each

# %%
some = ["cat", "dog", "car", "truck", "suitcase", "wallet", "apple", "carrot", "cup", "spoon"]
for name in ("LLM", "WordNet"):
    print(name)
    print(trees[name].restrict(some, unary="collapse").to_text())
    print()

# %% [markdown]
# ## How similar are the trees?
#
# A report compares them in every way, says of each pair what that comes to, and has all numbers as data frames.

# %%
metrics = ("adjusted_mutual_information", "triplet_distance", "ancestor_f1")
report = tx.comparison.ComparisonReport(trees, metrics)
print(report)

# %%
report.table[["a", "b", *metrics]].round(2)

# %% [markdown]
# All three differ from the random tree in the same way, and agree with one another about equally: more than by
# chance, and far from fully. Where do the language model and WordNet differ most, and what is each class near?

# %%
report.moved.query("a == 'LLM' and b == 'WordNet'").head(6)

# %% [markdown]
# `report.save("report")` writes tables for papers, curves, tanglegrams and a map of the trees, with one page to
# read them from. Here is a part of such a picture: the classes that moved farthest, with those near them.

# %%
import matplotlib.pyplot as plt

far = report.moved.query("a == 'LLM' and b == 'WordNet'").head(8)
near = {*far["label"], *far["near_a"].explode(), *far["near_b"].explode()}
pair = [trees[name].restrict(sorted(near), unary="collapse") for name in ("LLM", "WordNet")]
axes = plt.figure(figsize=(7, 0.18 * len(near) + 1)).add_axes((0, 0, 1, 1))
tx.plots.plot_tanglegram(*pair, names=("LLM", "WordNet"), axes=axes)
# %% [markdown]
# ## What the trees are worth
#
# Accuracy hardly depends on the tree; the cost of experts does. The same network over each tree, and the mean cost
# of the experts of the 1,612 shipped tasks, in closed form:

# %%
import pandas as pd

from taxonomy.design import expert_costs

spec = tx.NetSpec.tree(trunk=((16, 0), (32, 1)), levels=((48, 1), (32, 1)))
tasks = tx.get_tasks("icons")
rows = []
for name, tree in trees.items():
    for kind in ("coherent", "random", "named"):
        chosen = tasks.select(kind)
        macs = expert_costs(spec, tree, chosen).macs.mean()
        rows.append({"tree": name, "tasks": kind, "million MACs": macs / 1e6})
costs = pd.DataFrame(rows).pivot(index="tree", columns="tasks", values="million MACs")
costs.loc[list(trees)].round(2)

# %%
axes = costs.loc[list(trees)].plot.barh(figsize=(7, 2.8), ylabel="")
axes.set_xlabel("mean cost of an expert, million MACs")
axes.legend(title="tasks", loc="center left", bbox_to_anchor=(1, 0.5))
axes.invert_yaxis()
plt.tight_layout()

# %% [markdown]
# **Read with care.** Coherent tasks were drawn from WordNet's own tree and from a grouping by the same language
# model, which flatters both. The `named` tasks (kitchen, street, …) were written by hand, but they are only twelve.
# `docs/results/expected-cost.md` has the full table with more sources, ten seeds of random trees and the bound.
