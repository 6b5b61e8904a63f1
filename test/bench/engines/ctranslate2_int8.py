# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CTranslate2 in int8. Its own converters need torch; this one hands the weights over from numpy."""
import json
import pathlib
import struct
import sys
import time

import worker

NAME = "ctranslate2"


def prepare(workshop, subject):
    workshop.install(NAME, "ctranslate2", ["ctranslate2==4.8.5"])
    folder = workshop.folder()
    return workshop.made(workshop.cache / "models" / f"{workshop.model.stem}-ctranslate2",
                         lambda out: workshop.peer("converting for ctranslate2", "engines.ctranslate2_int8", "convert", folder, out), folder)


def read_weights(folder):
    import numpy
    path = pathlib.Path(folder) / "model.safetensors"
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    data = numpy.memmap(path, numpy.uint8, "r", offset=8 + size)
    # Copies, because quantizing scales them in place.
    return {name: numpy.array(data[slice(*entry["data_offsets"])].view(numpy.float32).reshape(entry["shape"]))
            for name, entry in header.items() if name != "__metadata__"}


def convert(folder, out):
    import numpy
    from ctranslate2.specs import common_spec, transformer_spec
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    weights = read_weights(folder)
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        config["num_hidden_layers"], config["num_attention_heads"], activation=common_spec.Activation.SWISH, pre_norm=True,
        ffn_glu=True, rms_norm=True, rotary_dim=0, rotary_interleave=False, rotary_base=config["rope_theta"],
        num_heads_kv=config["num_key_value_heads"], head_dim=config["head_dim"])
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = weights["model.embed_tokens.weight"]
    decoder.projection.weight = weights["model.embed_tokens.weight"].copy()
    decoder.layer_norm.gamma = weights["model.norm.weight"]
    for index, layer in enumerate(decoder.layer):
        own = {name: weights[f"model.layers.{index}.{name}.weight"]
               for name in ("input_layernorm", "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                            "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")}
        layer.self_attention.layer_norm.gamma = own["input_layernorm"]
        layer.ffn.layer_norm.gamma = own["post_attention_layernorm"]
        layer.self_attention.linear[0].weight = numpy.concatenate([own[f"self_attn.{name}_proj"] for name in "qkv"])
        layer.self_attention.linear[1].weight = own["self_attn.o_proj"]
        layer.ffn.linear_0.weight, layer.ffn.linear_0_noact.weight = own["mlp.gate_proj"], own["mlp.up_proj"]
        layer.ffn.linear_1.weight = own["mlp.down_proj"]
    spec.config.layer_norm_epsilon = config["rms_norm_eps"]
    spec.register_vocabulary([f"<{index}>" for index in range(config["vocab_size"])])
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = "<0>"
    spec.validate()
    spec.optimize(quantization="int8")
    pathlib.Path(out).mkdir()
    spec.save(out)


class Engine:
    def __init__(self, path, threads, positions):
        import ctranslate2
        self.generator = ctranslate2.Generator(path, device="cpu", compute_type="int8", inter_threads=1, intra_threads=threads)

    def seconds(self, prompt, tokens):
        ids = [f"<{token}>" for token in worker.token_ids(prompt)]
        start = time.perf_counter()
        result, = self.generator.generate_batch([ids], max_length=tokens, min_length=tokens, include_prompt_in_result=False,
                                                sampling_topk=1)
        elapsed = time.perf_counter() - start
        if len(result.sequences_ids[0]) != tokens:
            sys.exit(f"ctranslate2 generated {len(result.sequences_ids[0])} tokens, not {tokens}")
        return elapsed

    def prefill(self, tokens):
        return self.seconds(tokens, 1)

    def decode(self, tokens, depth):
        if not depth:
            return self.seconds(1, tokens)
        return self.seconds(depth + 1, tokens + 1) - self.seconds(depth + 1, 1)


if __name__ == "__main__":
    if sys.argv[1] == "convert":
        convert(*sys.argv[2:])
    else:
        worker.serve(Engine)
