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
# # Cut, check, deploy
#
# A toy farm gets a camera. It has to tell five animals apart, and the board behind the camera has room for a file
# of some hundred kilobytes and for Python with `numpy` and `onnxruntime`, nothing more.
#
# A network for 212 kinds of icons ships with this package. We cut the five animals out of it, check that nothing
# was lost, and put the rest onto the "device": an empty folder and a Python that sees neither this package nor
# PyTorch. Nothing is trained and nothing is downloaded. This runs in under a minute and needs the extras `train`,
# `onnx` and `plots`.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from PIL import Image

import taxonomy as tx

net = tx.get_net("icons/tree")
farm = ["cat", "cow", "dog", "horse", "pig"]
place = Path(tempfile.mkdtemp())

icons = tx.get_data("icons").part("val")
animals = icons.restrict(tuple(farm))


def picture(pixels, size=32):
    """Return one picture of the data set on white."""
    drawn = Image.fromarray(pixels.transpose(1, 2, 0), "RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("RGB").resize((size, size))


sheet = Image.new("RGB", (13 * 50, 2 * 50), "white")
for number, pixels in enumerate(animals.images):
    sheet.paste(picture(pixels, 46), (number % 13 * 50 + 2, number // 13 * 50 + 2))
print(f"{len(animals)} validation pictures, none of which the network was trained on:")
sheet

# %% [markdown]
# ## What would it cost?
#
# The network is a tree. Every class needs the trunk and the branches on its own path from the root; so before
# anything is built, a formula says what some classes cost, and which others could join almost for free.

# %%
explained = tx.design.explain_cost(net.spec, net.hierarchy, farm)
print(explained)

# %% [markdown]
# All five live on one branch: they were put there together by a language model's scores when the tree was made.
# Five classes from all over the tree are another story:

# %%
scattered = ["alien", "bus", "cat", "dice", "umbrella"]
whole = tx.cost(net.spec, net.hierarchy)
for classes in (farm, scattered):
    part = tx.cost(net.spec, net.hierarchy, classes)
    shares = f"{part.params / whole.params:.0%} of the parameters, {part.macs / whole.macs:.0%} of the MACs"
    print(f"{', '.join(classes)}: {shares}")

# %% [markdown]
# ## Cut
#
# `extract` keeps what the five classes need. It is slicing, not training: the outputs are the network's own.

# %%
import torch

expert = tx.extract(net, farm)
pictures = torch.randn(16, 3, 32, 32)
mine = expert(pictures)
theirs = net(pictures)[:, net.hierarchy.positions(expert.classes)]
print("the same outputs:", torch.allclose(mine, theirs, atol=1e-4))

# %% [markdown]
# ## Bundle
#
# A *bundle* is a folder with a model for a runtime and everything around it: labels, preprocessing, a self-test, a
# card, and a program that runs it. `reject="both"` adds a threshold below which the camera may say *none of these*.
# The second bundle is the same in whole numbers, calibrated on training pictures of these five classes alone.

# %%
bundles = {
    precision: tx.bundle(
        "icons/tree", place / precision, "onnx", classes=farm, precision=precision, reject="both"
    )
    for precision in ("float", "int8")
}
print(*sorted(file.name for file in bundles["int8"].path.iterdir()), sep="\n")

# %%
rows = {
    name: {
        "bytes": made.manifest["cost"]["bytes"],
        "right, of 100": 100 * made.manifest["measured"]["accuracy"]["top1"],
        "from": 100 * made.manifest["measured"]["accuracy"]["interval_95"][0],
        "to": 100 * made.manifest["measured"]["accuracy"]["interval_95"][1],
        "milliseconds here": made.manifest["measured"]["latency"]["median_ms"],
    }
    for name, made in bundles.items()
}
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# With 26 pictures the interval is wide, and the card says so. Had the whole numbers cost more than half a point, and
# were the pictures enough to tell, there would be no second folder: a bundle gets its name only after its model was
# run and compared.
#
# ## On the device
#
# `run.py` needs `numpy` and `onnxruntime`. Here it runs with `-I`, so that it cannot see this checkout; without
# arguments it checks every file's sha256, repeats the self-test, and times the machine it is on.

# %%
import subprocess
import sys


def run(folder, *words):
    """Run a bundle's program as a device would, and return what it says."""
    command = [sys.executable, "-I", folder / "run.py", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()


device = bundles["int8"].path
run(device)

# %% [markdown]
# Now a picture. It may be of any size and format: `run.py` fits it as the training did.

# %%
shown = picture(animals.images[animals.targets.tolist().index(animals.classes.index("horse"))], 160)
shown.save(place / "photo.png")
shown

# %%
answer = run(device, place / "photo.png", "--top", "2")
answer[1:3]

# %% [markdown]
# ## None of these
#
# A classifier of five animals calls everything an animal. What does it make of a bus?

# %%
bus = icons.restrict(("bus",))
picture(bus.images[1], 160).save(place / "bus.png")
run(device, place / "bus.png", "--top", "2")[1:3]

# %% [markdown]
# The threshold accepts 95 % of the validation pictures of the five. Of what else is shown it lets through:

# %%
measured = bundles["float"].manifest["reject"]["measured"]
pd.DataFrame(measured).drop(columns="split").T

# %% [markdown]
# *near* are the classes beside ours on the same branch (a bird, a fish …), *far* all others. A few still get
# through: better known than not.
#
# ## A file that was damaged on the way
#
# One bit in the middle of the model changes:

# %%
model = device / "model.onnx"
good = model.read_bytes()
middle = len(good) // 2
model.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
print(*run(device), sep="\n")
model.write_bytes(good)
# %% [markdown]
# ## Tomorrow it is other classes
#
# If the farm keeps changing, pack the whole network as a *bank* instead: the trunk once, a small file a branch, and
# a few bytes a class. The device opens what it needs and copies only what it lacks.

# %%
from taxonomy.export import pack

bank = pack("icons/tree", place / "packs")
sys.path.insert(0, str(bank.path))
from bank import ExpertBank  # the program that lies in the folder

barn = ExpertBank.open(bank.path, farm)
print(f"open: {', '.join(barn.classes)}, {barn.bytes:,} bytes")
for name in ("bird", "bus"):
    print(f"to add {name}: {barn.bytes_of_change([name]):,} bytes")

# %% [markdown]
# A bird sits on the animals' branch, which is there already. The bus needs a branch of its own.

# %%
barn.add(["bird"])
barn.remove(["pig"])
[f"{name} {share:.0%}" for name, share in barn.answer(place / "photo.png", top=2)]

# %% [markdown]
# ## Where next
#
# - Other runtimes: `target="tflite"` for LiteRT and microcontrollers, `"openvino"`, `"torch-export"`,
#   `"executorch"`; the guide *On a device* has a section for each.
# - Which network, format and precision? `tx.recommend(farm, max_bytes=100_000)`, or
#   `taxonomy recommend --classes cat,cow,dog,horse,pig --target onnx`.
# - All of this from the shell:
#   `taxonomy extract icons/tree --classes cat,cow,dog,horse,pig --target onnx --precision int8 --reject both --out farm/`
