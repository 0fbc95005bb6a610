#!/usr/bin/env bash
# torch-pruning: the Taylor importance of a channel leaves its batch normalisation out, silently.
#
# Versions: torch-pruning 1.6.1, torch 2.13.0, Python 3.11.
#
# What happens: `GroupTaylorImportance` adds up weight times gradient over all layers that lose a
# channel together, batch normalisations named among them (`target_types`, and a branch for them that
# says so). The branch asks for the pruning function of group normalisations, so that no batch
# normalisation ever gets there: with the scale and the gradient of one channel's normalisation 1,000
# times as large, all importances stay as they are. The magnitude's and the Hessian's importance
# see it.
#
# Output seen:
#   GroupTaylorImportance changes with the normalisation: False
#   GroupHessianImportance changes with the normalisation: True
#   GroupMagnitudeImportance changes with the normalisation: True
#
# Why it matters: scale times gradient of the normalisation is the very criterion of the paper that
# the class cites (Molchanov et al. 2019, "gates"), and other criteria of the same package, compared
# with it, read more layers than it does. Who wants it adds it in a class of their own, or prunes a
# network whose normalisations are folded into its convolutions.
#
# Fails (exit 1) if torch-pruning behaves otherwise. Needs python3 and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check torch-pruning==1.6.1 torch==2.13.0
cat > see.py <<'PYTHON'
import torch
import torch_pruning
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3))
pictures, classes = torch.randn(8, 3, 8, 8), torch.randint(2, (8,))
nn.functional.cross_entropy(net(pictures).mean((2, 3)), classes).backward()
graph = torch_pruning.DependencyGraph().build_dependency(net, pictures[:1])
group = graph.get_pruning_group(net[0], torch_pruning.prune_conv_out_channels, [0, 1, 2, 3])
assert any(part.target.module is net[1] for part, _ in group)

scale = net[1].weight
for name in ("Taylor", "Hessian", "Magnitude"):
    importance = getattr(torch_pruning.importance, f"Group{name}Importance")()
    before, kept = importance(group).clone(), (scale.data.clone(), scale.grad.clone())
    scale.data[3] *= 1000
    scale.grad[3] *= 1000
    same = torch.equal(importance(group), before)
    scale.data, scale.grad = kept
    print(f"Group{name}Importance changes with the normalisation: {not same}")
PYTHON
venv/bin/python see.py 2> /dev/null | tee seen
diff - seen <<'SEEN'
GroupTaylorImportance changes with the normalisation: False
GroupHessianImportance changes with the normalisation: True
GroupMagnitudeImportance changes with the normalisation: True
SEEN
