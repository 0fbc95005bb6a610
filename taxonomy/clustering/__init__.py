"""Clustering: a similarity in, a tree out.

`agglomeration` merges what is most alike, ties at once, and `sparse` does so over neighbours only;
`natural` keeps the best of a dendrogram's groups, `levels` makes trees with a given number of
groups a level, and `shaped` trees within bounds on their groups; `wanted` makes the tree whose
experts are cheapest for a list of tasks. `stability` tells how much of a tree survives noise, and
`canonical` orders items whatever they are called.
`partition`, `refinement` and `connectivity` are the searches that these share, `linkage` says how
near two groups are, and `groups` turns nested groups into trees and back.
"""
