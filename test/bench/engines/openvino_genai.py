# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""OpenVINO GenAI on the GGUF file itself."""
import time

import worker

NAME = "openvino-genai"


def prepare(workshop, subject):
    workshop.install(NAME, "openvino_genai", ["openvino-genai==2026.4.1.0"])
    return workshop.gguf(subject.checkpoint)


class Engine:
    def __init__(self, path, threads, positions):
        import numpy
        import openvino
        import openvino_genai
        self.numpy, self.tensor, self.genai = numpy, openvino.Tensor, openvino_genai
        self.pipe = openvino_genai.LLMPipeline(path, "CPU", {"INFERENCE_NUM_THREADS": threads})
        self.calls = 0

    def seconds(self, prompt, tokens):
        config = self.genai.GenerationConfig()
        config.max_new_tokens, config.ignore_eos, config.do_sample = tokens, True, False
        # A prompt that begins as an earlier one is served from its prefix cache: no two begin alike.
        self.calls += 1
        ids = self.numpy.array([[self.calls, *worker.token_ids(prompt)[1:]]], self.numpy.int64)
        inputs = self.genai.TokenizedInputs(self.tensor(ids), self.tensor(self.numpy.ones_like(ids)))
        start = time.perf_counter()
        self.pipe.generate(inputs, config)
        return time.perf_counter() - start

    def prefill(self, tokens):
        return self.seconds(tokens, 1)

    def decode(self, tokens, depth):
        """The forward of a one-token prompt is the first of the count."""
        if depth:
            raise SystemExit("not measured after a depth: its prefix cache would have to be told from the work")
        return self.seconds(1, tokens)


if __name__ == "__main__":
    worker.serve(Engine)
