#!/usr/bin/env bash
# onnxruntime: on x86, a convolution of 32 channels takes half the time of one of 30.
#
# Versions: onnxruntime 1.32.0, onnx 1.23.2, Python 3.11; a processor with AVX-512.
#
# What happens: the blocked kernels (operators of the domain com.microsoft.nchwc) are taken for a
# dense convolution that reads fewer channels than a block, or a multiple of four; all others copy
# each window and multiply. Four layers of 3x3 on 16 by 16 cells, one thread, the least of 100 times
# each, in turns: 30 channels took twice as long as 32, and 28 about as long as 32.
#
# Output seen:
#   28 channels: 4 of 4 convolutions blocked
#   30 channels: 0 of 4 convolutions blocked
#   32 channels: 4 of 4 convolutions blocked
#   30 channels take longer than 32: True
#
# Why it matters: networks whose widths are scaled by a factor (0.6 of 48 is 29) run as slowly as ones
# a third wider, and pruning from 32 to 30 channels makes a model slower. Choose multiples of four,
# better of eight or sixteen, or fill up with channels of zeros when exporting, as `--lowering auto`
# does.
#
# Fails (exit 1) if onnxruntime behaves otherwise. Needs python3, x86 and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2
cat > see.py <<'PYTHON'
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

SIDE, LAYERS = 16, 4


def session(channels):
    rng = np.random.default_rng(0)
    names = ["x", *(f"y{i}" for i in range(LAYERS))]
    nodes, weights = [], []
    for i in range(LAYERS):
        weight = rng.normal(size=(channels, channels, 3, 3)) / (9 * channels) ** 0.5
        weights.append(onnx.numpy_helper.from_array(weight.astype(np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", [names[i], f"w{i}"], [names[i + 1]], pads=[1] * 4))
    shape = [1, channels, SIDE, SIDE]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("x", names[-1])]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # that the optimised model is for this machine
    options.optimized_model_filepath = f"{channels}.onnx"
    given = (model.SerializeToString(), options)
    return onnxruntime.InferenceSession(*given, providers=["CPUExecutionProvider"])


sessions = {channels: session(channels) for channels in (28, 30, 32)}
for channels in sessions:
    nodes = onnx.load(f"{channels}.onnx").graph.node
    blocked = sum(n.op_type == "Conv" and n.domain == "com.microsoft.nchwc" for n in nodes)
    print(f"{channels} channels: {blocked} of {LAYERS} convolutions blocked")

times = {channels: [] for channels in sessions}
for _ in range(100):
    for channels, made in sessions.items():
        given = {"x": np.ones((1, channels, SIDE, SIDE), np.float32)}
        made.run(None, given)
        started = time.perf_counter()
        made.run(None, given)
        times[channels].append(time.perf_counter() - started)
print("30 channels take longer than 32:", min(times[30]) > min(times[32]))
PYTHON
venv/bin/python see.py | tee seen
diff - seen <<'SEEN'
28 channels: 4 of 4 convolutions blocked
30 channels: 0 of 4 convolutions blocked
32 channels: 4 of 4 convolutions blocked
30 channels take longer than 32: True
SEEN
