"""Quantises the matrix products of a transformer in ONNX to int8, with a scale of its own for each token.

ONNX Runtime's own dynamic quantisation takes one scale for all activations of a batch: a text's vector then depends on
its neighbours, and one loud token drowns the others. Here each token (row) gets its own, from standard operators only:

    x' = (x + shift) / smooth          shift for GELU's outputs, which reach from -0.17 upwards; smooth per channel
    s  = max |x'| / 127 (or max x' / 255 where shifted)
    y  = MatMulInteger(round(x' / s), W') · s · scale of W's columns    W' = smooth · W, 63 levels each way

Smoothing moves the spread between channels from the activations into the weights (Xiao et al., "SmoothQuant", 2023).
63 and not 127 levels: without VNNI, x86 adds pairs of products in 16 bits, which 8-bit weights overflow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

WEIGHT_LEVELS = 63
ALPHA = 0.5
"""How much of the spread moves into the weights; 0 none, 1 all."""
GELU_LOWEST = 0.17
"""The minimum of GELU is -0.16997."""
_SMALLEST = 1e-5
_EMBEDDING_ROWS = 10_000

Array = NDArray[np.float32]


def quantised(model: ModelProto, calibration: Sequence[Sequence[int]]) -> ModelProto:
    """A copy with every product by a constant matrix, and the table of word embeddings, in int8.

    `calibration` holds token ids of sample texts; they set `smooth` and nothing else.
    """
    copy = ModelProto()
    copy.CopyFrom(model)
    rewriter = _Rewriter(copy, _largest(model, calibration))
    nodes = [new for node in copy.graph.node for new in rewriter.rewritten(node)]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    copy.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in rewriter.constants.items())
    used = {name for node in nodes for name in node.input}
    kept = [one for one in copy.graph.initializer if one.name in used]
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(kept)
    onnx.checker.check_model(copy)
    return copy


class _Rewriter:
    """Replaces nodes one by one; products that share an input share its quantisation."""

    def __init__(self, model: ModelProto, largest: dict[str, Array]) -> None:
        self._values = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self._activations = largest
        self._weights: dict[str, Array] = {}
        for node in model.graph.node:
            if self._is_product(node):
                rows = np.abs(self._values[node.input[1]]).max(1)
                self._weights[node.input[0]] = np.maximum(self._weights.get(node.input[0], 0), rows)
        self._done: dict[str, tuple[str, Array, bool]] = {}
        self.constants: dict[str, NDArray[np.generic]] = {
            "q_one": np.array(1, np.float32),
            "q_zero": np.array(0, np.uint8),
            "q_middle": np.array(128, np.uint8),
            "q_tiny": np.array(1e-9, np.float32),
            "q_127": np.array(1 / 127, np.float32),
            "q_255": np.array(1 / 255, np.float32),
            "q_shift": np.array(GELU_LOWEST, np.float32),
        }

    def rewritten(self, node: NodeProto) -> list[NodeProto]:
        if self._is_product(node):
            return self._product(node)
        table = self._values.get(node.input[0]) if node.op_type == "Gather" else None
        if table is not None and table.ndim == 2 and len(table) > _EMBEDDING_ROWS:
            return self._lookup(node, table)
        return [node]

    def _is_product(self, node: NodeProto) -> bool:
        return node.op_type == "MatMul" and node.input[1] in self._values

    def _product(self, node: NodeProto) -> list[NodeProto]:
        nodes = [] if node.input[0] in self._done else self._activation(node)
        x, smooth, shifted = self._done[node.input[0]]
        name = node.output[0]
        weights = self._values[node.input[1]] * smooth[:, None]
        scale = np.abs(weights).max(0) / WEIGHT_LEVELS
        levels = np.rint(weights / scale).astype(np.int8)
        self.constants[f"{name}_w"] = levels
        self.constants[f"{name}_s"] = scale.astype(np.float32)
        product = f"{name}_product" if shifted else name
        nodes += [
            _node("MatMulInteger", [f"{x}_q", f"{name}_w", "q_zero" if shifted else "q_middle"], f"{name}_i"),
            _node("Cast", [f"{name}_i"], f"{name}_f", to=onnx.TensorProto.FLOAT),
            _node("Mul", [f"{name}_f", f"{name}_s"], f"{name}_columns"),
            _node("Mul", [f"{name}_columns", f"{x}_scale"], product),
        ]
        if shifted:
            # what the shift has added to every row
            self.constants[f"{name}_b"] = -((GELU_LOWEST / smooth) @ (levels * scale)).astype(np.float32)
            nodes.append(_node("Add", [product, f"{name}_b"], name))
        return nodes

    def _activation(self, node: NodeProto) -> list[NodeProto]:
        x = node.input[0]
        rows, columns = self._values[node.input[1]].shape
        shifted = rows > columns  # the second product of a feed-forward block, whose input is GELU's output
        spread = self._activations[x] + (GELU_LOWEST if shifted else 0)
        smooth = np.maximum(spread, _SMALLEST) ** ALPHA / np.maximum(self._weights[x], _SMALLEST) ** (1 - ALPHA)
        smooth = (smooth / np.exp(np.log(smooth).mean())).astype(np.float32)
        self.constants[f"{x}_smooth"] = 1 / smooth
        self._done[x] = (x, smooth, shifted)
        first = [_node("Add", [x, "q_shift"], f"{x}_shifted")] if shifted else []
        largest = f"{x}_x" if shifted else f"{x}_abs"
        return [
            *first,
            _node("Mul", [f"{x}_shifted" if shifted else x, f"{x}_smooth"], f"{x}_x"),
            *([] if shifted else [_node("Abs", [f"{x}_x"], f"{x}_abs")]),
            _node("ReduceMax", [largest], f"{x}_max", axes=[-1], keepdims=1),
            _node("Mul", [f"{x}_max", "q_255" if shifted else "q_127"], f"{x}_step"),
            _node("Add", [f"{x}_step", "q_tiny"], f"{x}_scale"),
            _node("Div", [f"{x}_x", f"{x}_scale"], f"{x}_unit"),
            _node("QuantizeLinear", [f"{x}_unit", "q_one", "q_zero" if shifted else "q_middle"], f"{x}_q"),
        ]

    def _lookup(self, node: NodeProto, table: Array) -> list[NodeProto]:
        scale = np.abs(table).max(1, keepdims=True) / 127
        name, ids = node.output[0], node.input[1]
        self.constants[f"{name}_w"] = np.rint(table / scale).astype(np.int8)
        self.constants[f"{name}_s"] = scale.astype(np.float32)
        return [
            _node("Gather", [f"{name}_w", ids], f"{name}_q"),
            _node("Cast", [f"{name}_q"], f"{name}_f", to=onnx.TensorProto.FLOAT),
            _node("Gather", [f"{name}_s", ids], f"{name}_r"),
            _node("Mul", [f"{name}_f", f"{name}_r"], name),
        ]


def _largest(model: ModelProto, calibration: Sequence[Sequence[int]]) -> dict[str, Array]:
    """Per input of a product: the largest absolute value of each channel over the sample texts."""
    probe = ModelProto()
    probe.CopyFrom(model)
    constants = {one.name for one in probe.graph.initializer}
    names = sorted({n.input[0] for n in probe.graph.node if n.op_type == "MatMul" and n.input[1] in constants})
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, Array] = {}
    for tokens in calibration:
        ids = np.array([tokens], dtype=np.int64)
        values = session.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        for name, value in zip(names, values, strict=True):
            channels = np.abs(value).reshape(-1, value.shape[-1]).max(0)
            largest[name] = np.maximum(largest.get(name, 0), channels)
    return largest


def _node(operator: str, inputs: list[str], output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs, [output], **attributes)
