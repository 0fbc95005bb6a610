"""Trees: the `Hierarchy`, and all that is done to one.

`hierarchy` is the immutable value and `raw_tree` what is checked before it becomes one; `checks`
says what can be wrong with it. `operations` prune, merge, split and cut, `consensus` joins several
trees into one, and `naming` names inner nodes.
"""
