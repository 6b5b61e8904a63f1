# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""onnxruntime on an f32 graph with a KV cache: the exact twin of the checkpoint, by test/oracles/hf_to_onnx.py."""
import sys
import time

import worker
from workshop import ORACLES

NAME = "onnxruntime"


def prepare(workshop, subject):
    workshop.install(NAME, "onnx, ml_dtypes, onnxruntime", ["onnxruntime==1.31.1", "onnx", "ml_dtypes"])
    folder = workshop.folder()

    def convert(out):
        out.mkdir()
        workshop.command("hf_to_onnx.py", workshop.python, ORACLES / "hf_to_onnx.py", folder, out / "model.onnx", "--style", "23")
        workshop.peer("keeping the logits of the last position alone", "engines.onnxruntime_f32", "last", out / "model.onnx")
    return workshop.made(workshop.cache / "models" / f"{workshop.model.stem}-onnx", convert, folder)


def last_position_alone(path):
    """What a generating program needs, and what ours computes: the head on the last row."""
    import onnx
    from onnx import helper, numpy_helper
    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    norm = [node for node in graph.node if node.op_type == "RMSNormalization"][-1]
    readers = [node for node in graph.node if norm.output[0] in node.input]
    import numpy
    graph.initializer.extend(numpy_helper.from_array(numpy.array([value], numpy.int64), name)
                             for name, value in (("last.start", -1), ("last.end", 2**62), ("last.axis", 1)))
    for node in readers:
        node.input[:] = ["last.row" if name == norm.output[0] else name for name in node.input]
    slice_node = helper.make_node("Slice", [norm.output[0], "last.start", "last.end", "last.axis"], ["last.row"])
    graph.node.insert(list(graph.node).index(norm) + 1, slice_node)
    graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1
    onnx.save(model, path)


class Engine:
    def __init__(self, path, threads, positions):
        import numpy
        import onnxruntime
        self.numpy, self.value = numpy, onnxruntime.OrtValue.ortvalue_from_numpy
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(f"{path}/model.onnx", options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]
        self.past = {}
        self.length = 0

    def forward(self, ids):
        array = lambda data: self.value(self.numpy.array(data, self.numpy.int64))  # noqa: E731
        total = self.length + len(ids)
        feed = {"input_ids": array([ids]), "attention_mask": array([[1] * total]), "position_ids": array([range(self.length, total)])}
        outputs = dict(zip(self.outputs, self.session.run_with_ort_values(self.outputs, {**feed, **self.past})))
        self.past = {name.replace("present", "past_key_values"): outputs[name] for name in outputs if name != "logits"}
        self.length = total

    def clear(self):
        self.length = 0
        self.past = {node.name: self.value(self.numpy.zeros((1, node.shape[1], 0, node.shape[3]), self.numpy.float32))
                     for node in self.session.get_inputs() if node.name.startswith("past")}

    def prefill(self, tokens):
        self.clear()
        start = time.perf_counter()
        self.forward(worker.token_ids(tokens))
        return time.perf_counter() - start

    def decode(self, tokens, depth):
        self.clear()
        if depth:
            self.forward(worker.token_ids(depth))
        start = time.perf_counter()
        for token in worker.token_ids(tokens):
            self.forward([token])
        return time.perf_counter() - start


if __name__ == "__main__":
    if sys.argv[1] == "last":
        last_position_alone(sys.argv[2])
    else:
        worker.serve(Engine)
