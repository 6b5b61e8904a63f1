//===- Passes.td - passes from llm to llm -----------------*- tablegen -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_PASSES_TD
#define SINTER_LIB_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseAttention : Pass<"llm-fuse-attention", "mlir::ModuleOp"> {
  let summary = "Fuses scores, causal mask, softmax and mix into llm.attention";
  let description = [{
    Reads and writes `llm`.  The importer states attention in its textbook form:

    ```mlir
    %kv1, %keys, %values = llm.kv_append %kv, %k, %v, %layer ...
    %s = llm.scores %q, %keys ...
    %m = llm.causal_mask %s, %positions ...
    %p = llm.softmax %m ...
    %o = llm.mix %p, %values ...
    ```

    This pass replaces the chain by one `llm.attention %q, %kv1` that works on
    the cache, so that neither scores nor the gathered keys ever exist in
    memory (Dao et al. 2022, FlashAttention).  It fires when each value of the
    chain has one reader, and keys and values come from the same append.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect"];
  let statistics = [
    Statistic<"numFused", "attentions-fused", "chains replaced by llm.attention">
  ];
}

def FuseGatedMlp : Pass<"llm-fuse-gated-mlp", "mlir::ModuleOp"> {
  let summary = "Fuses gate, up, silu and product into one gated linear";
  let description = [{
    Reads and writes `llm`.  `llm.mul(llm.silu(linear(x, g)), linear(x, u))`
    becomes one `llm.linear` over both weights with rows interleaved by 16 and
    an `llm.gated` that consumes it, so that the product is computed in the
    epilogue of the strip and the two halves never travel through memory
    (Shazeer 2020, GLU variants).  It fires when gate and up have one reader,
    equal shapes and encodings and no bias.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect"];
  let statistics = [
    Statistic<"numFused", "gated-mlps-fused", "gated units fused">
  ];
}

def MergeLinears : Pass<"llm-merge-linears", "mlir::ModuleOp"> {
  let summary = "Stacks linears of equal encoding that read the same input";
  let description = [{
    Reads and writes `llm`.  Linears over one input with equal encodings are one
    matrix (q, k and v): one stage and one barrier instead of three.  Linears of
    unequal encoding are left alone.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect"];
  let statistics = [
    Statistic<"numMerged", "linears-merged", "linears that became part of a stack">
  ];
}

def OutlineLayers : Pass<"llm-outline-layers", "mlir::ModuleOp"> {
  let summary = "Outlines repeated layers into one function a layer class";
  let description = [{
    Reads and writes `llm`.  The body of `@forward` is cut at its layers (ops
    that carry the same `layer` number, in program order); layers with the same
    structure, shapes and encodings share one private function `@layer_N` that
    takes the hidden state, positions, cache, layer number and weights:

    ```mlir
    %x1, %kv1 = call @layer_0(%x0, %positions, %kv0, %c0, %w0, %w1, ...)
    %x2, %kv2 = call @layer_0(%x1, %positions, %kv1, %c1, %w9, %w10, ...)
    ```

    Each class is compiled once.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect", "mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numLayers", "layers-outlined", "calls of outlined layers">,
    Statistic<"numClasses", "layer-classes", "functions that were created">
  ];
}

def DropLayers : Pass<"llm-drop-layers", "mlir::ModuleOp"> {
  let summary = "Takes layers away: another, smaller model";
  let description = [{
    Reads and writes `llm`, after `llm-outline-layers`.  Calls of the layers named
    are removed, so that what came into a layer goes on to the next; the layers
    that stay are numbered anew, the cache shrinks, and weights that nobody reads
    go away.  The module says what it lost (`llm.dropped_layers`, `llm.lossy`).

    Without layers the pass does nothing.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect", "mlir::arith::ArithDialect"];
  let options = [
    ListOption<"layers", "layers", "int64_t", "the layers that go, from 0">
  ];
  let statistics = [
    Statistic<"numDropped", "layers-dropped", "layers taken away">
  ];
}

def SplitLayers : Pass<"llm-split-layers", "mlir::ModuleOp"> {
  let summary = "Makes the feed-forward block of each layer a function of its own";
  let description = [{
    Reads and writes `llm`, after `llm-outline-layers`.  A layer is cut behind its
    attention, where one hidden state is all that goes on:

    ```mlir
    %h1, %kv1 = call @layer_0(%x0, %positions, %kv0, %c0, %w0, %w1)
    %x1, %kv2 = call @ffn.layer_0(%h1, %positions, %kv1, %c0, %w0, %w1)
    ```

    so that one part can be launched without the other.  No number changes.
  }];
  let dependentDialects = ["sinter::llm::LlmDialect", "mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numSplit", "layers-split", "layers cut in two">
  ];
}

def LinkDraft : Pass<"tile-link-draft", "mlir::ModuleOp"> {
  let summary = "Makes a second model part of the module, as one that drafts";
  let description = [{
    Reads and writes `tile`.  A nested module `@draft` after the tile phase
    becomes part of the module around it, with `draft.` before the name of each
    symbol.  Arena, attention's memory, logits and sampling are shared: the two
    never run at the same time.  The draft's `@forward` reads the ids of its rows
    from the history.  Where it has a `tile.tokens @tokens`, ids are mapped into
    its vocabulary, and logits back into that of its target.

    With `vocabulary` the draft's `@head` computes the logits of its first so many
    tokens alone, and `tile.tokens @draft.known` says which of its target's those
    are: no other one is drafted (FR-Spec, Zhao et al., 2025).

    With `text` neither model leads: both read the ids of their rows from the
    history, whose positions a `tile.text @text` has.
  }];
  let dependentDialects = ["sinter::tile::TileDialect", "mlir::func::FuncDialect"];
  let options = [
    Option<"text", "text", "bool", "false",
           "both models follow a text, instead of one that leads">,
    Option<"vocabulary", "vocabulary", "int64_t", "0",
           "tokens that are drafted, the first ones; 0: all">
  ];
  let statistics = [
    Statistic<"numMoved", "ops-linked", "functions, weights and states moved">
  ];
}

def SelfDraft : Pass<"tile-self-draft", "mlir::ModuleOp"> {
  let summary = "Lets the first layers of a model draft for all of them";
  let description = [{
    Reads and writes `tile`.  `@draft.forward` is `@forward` up to its first
    `layers` layers; `@draft.head` is `@head`.  The layers that draft have keys and
    values of the text already: what they draft comes behind those in the same
    cache, of which `@draft.kv` is a view, until the model computes its rows there
    (LayerSkip, Elhoushi et al., 2024).  Both functions launch the regions of the model with its weights: nothing is
    there twice.  The ids of its rows come from the history, as those of a second
    model do (`tile-link-draft`).

    Whole layers alone can be cut off, as the hidden state lies in the same place
    after each of them. `vocabulary` is that of `tile-link-draft`.
  }];
  let dependentDialects = ["sinter::tile::TileDialect", "mlir::func::FuncDialect"];
  let options = [
    Option<"layers", "layers", "int64_t", "0",
           "layers that draft; 0: a third of them, at least one">,
    Option<"vocabulary", "vocabulary", "int64_t", "0",
           "tokens that are drafted, the first ones; 0: all">
  ];
  let statistics = [
    Statistic<"numLayers", "layers-drafting", "layers that draft">
  ];
}

def CutLayers : Pass<"tile-cut-layers", "mlir::ModuleOp"> {
  let summary = "Lets tokens leave the layers before the last one";
  let description = [{
    Reads and writes `tile`.  `@exit.segment.0` and so on are `@forward` in
    parts, cut after the layers named; they launch the regions of the model with
    its weights: nothing is there twice.  `@exit.probe.N` asks the probe of cut
    N, as `decode.exit` names it.  `@exit.keep` and `@exit.resume` move rows that
    left to where they wait for the layers above, and back.

    A probe that reads the head is as expensive as many layers of a small model:
    where most tokens would have to leave for it to pay, the pass warns.  One with
    `:N` reads the head of the first N tokens: `@exit.head.N` launches a copy of the
    head's region on the beginning of its matrix.  Linear probes are read from the
    safetensors file `probes`, and become part of the code.
    Without exits it does nothing.
  }];
  let dependentDialects = ["sinter::tile::TileDialect", "mlir::func::FuncDialect",
    "mlir::arith::ArithDialect"];
  let options = [
    ListOption<"exits", "exits", "std::string",
               "PROBE@LAYERS=THRESHOLD, as decode-build-generation has them">,
    Option<"waiting", "waiting", "int64_t", "7",
           "rows that may wait for the layers above">,
    Option<"probes", "probes", "std::string", "",
           "a safetensors file with the weights of linear probes">
  ];
  let statistics = [
    Statistic<"numExits", "exits", "exits">
  ];
}

def VerifyImported : Pass<"verify-imported", "mlir::ModuleOp"> {
  let summary = "Checks what importers promise to later phases";
  let description = [{
    The module says its vocabulary and longest context, has the functions
    `@forward` and `@head`, and uses state handles linearly.
  }];
}

def VerifyFused : Pass<"verify-fused", "mlir::ModuleOp"> {
  let summary = "Checks what the fuse phase promises to later phases";
  let description = [{
    After fusion no composed attention is left: `llm.scores`, `llm.causal_mask`,
    `llm.softmax` and `llm.mix` have no lowering to `tile`.
  }];
}

def VerifyOutlined : Pass<"verify-outlined", "mlir::ModuleOp"> {
  let summary = "Checks what the outline phase promises to later phases";
  let description = [{
    `@forward` is an embedding, then calls of layers: no other computation is
    left outside of a function that is compiled once.
  }];
}

def VerifyTiled : Pass<"verify-tiled", "mlir::ModuleOp"> {
  let summary = "Checks what the tile phase promises to later phases";
  let description = [{
    No op of `llm` but the weights is left; regions hold tile ops on placed
    memory alone (no allocation); every other function is a list of launches.
  }];
}

def VerifyDecoded : Pass<"verify-decoded", "mlir::ModuleOp"> {
  let summary = "Checks what the decode phase promises to later phases";
  let description = [{
    The programs `@prefill`, `@score` and `@generate` that the runtime calls are
    there.
  }];
}

def VerifyPlanned : Pass<"verify-planned", "mlir::ModuleOp"> {
  let summary = "Checks what the plan phase promises to the writer";
  let description = [{
    Only ops of `plan` are left, and the module `@device` with what code and
    weights are made from; every kernel that the program dispatches has its
    region there.
  }];
}

def PlanArena : Pass<"tile-plan-arena", "mlir::ModuleOp"> {
  let summary = "Gives every transient buffer of the regions a place in the arena";
  let description = [{
    Reads and writes `tile`.  A `memref.alloc` of a region becomes a view of the
    region's arena argument at a constant offset; buffers between whose lives
    stands a barrier (one that always waits) share memory (first fit by size,
    64-byte aligned).  Regions run one
    after another, so they share the arena from the end of its fixed part on
    (attribute `tile.fixed_bytes` of `tile.buffer @arena`: values that live
    across regions).  The size of the arena is written back to that op.

    Before: `%0 = memref.alloc() : memref<512x576xf32>`
    After:  `%0 = memref.view %arena[%c4096][] : memref<..xi8> to memref<512x576xf32>`
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect", "mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numBuffers", "buffers-placed", "transient buffers placed">,
    Statistic<"arenaBytes", "arena-bytes", "bytes of the arena">
  ];
}

def PlaceBarriers : Pass<"tile-place-barriers", "mlir::func::FuncOp"> {
  let summary = "Puts the barriers between stages that share memory";
  let description = [{
    Reads and writes `tile`.  Every tile op is one stage that all workers run on
    a share of its rows, columns or units.  Two stages need a barrier between
    them if they touch overlapping memory, at least one writes it, and the same
    worker does not own the same part: the same rows, the same columns, or its
    own copy.  Many ops share few rows in another way than many: where only many
    rows need a barrier it is a `tile.barrier many(%rows)`.  The pass puts a
    barrier as late as possible and never puts two where one does.
  }];
  let dependentDialects = ["sinter::tile::TileDialect"];
  let statistics = [
    Statistic<"numBarriers", "barriers-placed", "barriers">,
    Statistic<"numForMany", "barriers-for-many", "barriers for many rows only">
  ];
}

def BuildGeneration : Pass<"decode-build-generation", "mlir::ModuleOp"> {
  let summary = "Adds the programs that generate tokens";
  let description = [{
    Reads a module with the launch lists `@forward`, `@head` and `@sample`, and
    adds the `decode.program`s `@prefill`, `@score` and `@generate`: prompts in
    chunks, one token a round, logits of the last position alone unless asked
    for.

    With `speculate`, `@generate` lets drafters propose tokens and verifies a
    whole draft in one forward; the tokens stay the same. `@generate_plain` is
    the program without. Drafters: see `decode.drafter`, and `self`, which is the
    model that `tile-self-draft` made; `heads` are `@draft.head.1`, `.2`, ... of
    the module. Of several that look at the text, the one
    that promises the most tokens drafts; a model is asked in its order.

    With `branches`, drafters that look at the text make trees together, with at
    most so many leaves beside the first one, and so does a model, unless
    `model-trees` says no; a forward verifies all paths.

    With the policy `switch` nothing is drafted: the model and the second one of
    the module write in turns (`decode.model_switch`, of the `settings` threshold,
    window and least). Both follow a `tile.text` (`tile-link-draft`), and
    `@generate_plain` is the first model alone.

    With `exits`, tokens of `@generate` may leave the layers where
    `tile-cut-layers` has cut them, and `@measure_exits` hands out what exits say.
  }];
  let dependentDialects = ["sinter::decode::DecodeDialect",
    "mlir::scf::SCFDialect", "mlir::arith::ArithDialect"];
  let options = [
    Option<"maxRows", "max-rows", "int64_t", "512",
           "rows (tokens) of one forward">,
    Option<"logitsRows", "logits-rows", "int64_t", "16",
           "rows of logits that are kept at a time">,
    ListOption<"speculate", "speculate", "std::string",
               "what drafts, the first one first">,
    Option<"branches", "branches", "int64_t", "0",
           "leaves of a draft beside the first one; 0: drafts are chains">,
    Option<"modelTrees", "model-trees", "bool", "true",
           "a model drafts trees, too">,
    ListOption<"exits", "exits", "std::string",
               "where tokens may leave the layers: PROBE@LAYERS=THRESHOLD">,
    Option<"waiting", "waiting", "int64_t", "7",
           "rows that left and may wait for the layers above">,
    Option<"exactExits", "exact-exits", "bool", "false",
           "hold tokens of rows that left until all layers agree">,
    Option<"exitStop", "exit-stop", "double", "0",
           "end the text where a probe of the head says less">,
    Option<"exitDecay", "exit-decay", "double", "0",
           "how fast thresholds of exits fall along a text">,
    Option<"verifyRule", "verify-rule", "std::string", "\"exact\"",
           "which drafted tokens stay: exact, reject, typical or judge">,
    Option<"bandit", "bandit", "bool", "false",
           "a bandit chooses which drafter drafts, instead of the first that "
           "finds anything">,
    Option<"policy", "policy", "std::string", "\"goodput\"",
           "how much is drafted: static[:MOST], goodput, ema, or of a model "
           "entropy or disco; or switch: two models write in turns">,
    ListOption<"settings", "settings", "float", "the numbers of the policy">
  ];
}

def PredictCosts : Pass<"decode-predict-costs", "mlir::ModuleOp"> {
  let summary = "Predicts what rows of a forward cost where several come together";
  let description = [{
    Where a program has a `decode.verify` or a `decode.descend`: a `decode.costs` with the time of a
    forward of 1 to 16 rows and of an id that a model drafts, over that of one
    row, from what the ops of their launches read and compute (lib/Analysis) and
    the speeds of a usual machine.
  }];
  let dependentDialects = ["sinter::decode::DecodeDialect"];
  let options = [
    Option<"position", "position", "int64_t", "512",
           "positions before the rows">
  ];
  let statistics = [
    Statistic<"numTables", "tables", "cost tables predicted">
  ];
}

def ChooseTree : Pass<"decode-choose-tree", "mlir::ModuleOp"> {
  let summary = "Bounds the paths of drafted trees by what rows cost";
  let description = [{
    Turns the table of `decode.costs` into the tree whose rounds give the most
    tokens for what they cost (Sequoia, Chen et al., 2024, sections 3.1 and 3.3):
    `acceptance` says how often the likeliest id after an id is right, the second
    likeliest, and so on. Of each `merge` drafter `branches` become the leaves of
    that tree beside the first one; where a chain is best, it becomes a
    `priority` drafter. How long drafts are is left to the policy, which knows
    what the text accepts; so a tree is never cut short where a text is copied.
  }];
  let options = [
    ListOption<"acceptance", "acceptance", "double",
               "how often the likeliest candidate is right, the second, ...">,
    Option<"leaf", "leaf", "double", "0.02",
           "what each leaf beside the first adds to a forward, of one of a row">
  ];
  let statistics = [
    Statistic<"numTrees", "trees", "drafters that make trees">,
    Statistic<"numChains", "chains", "drafters for which a chain is best">
  ];
}

def LayerMenu : Pass<"decode-layer-menu", "mlir::ModuleOp"> {
  let summary = "Lets each sequence leave out some of the layers";
  let description = [{
    Reads a module with the list of launches `@forward` and its programs. Adds
    `decode.depths`, puts the launches of layers that some depth leaves out under
    a `decode.keeps`, and a `decode.choose_depth` before all else in each program
    (Glavas et al., 2024). All depths share weights, code and cache. 100 percent
    launches what the model launched before.

    Layers go in `order`, so that each depth leaves out those of the depth before
    and more; without an order they are spread evenly between the first two and
    the last two, which stay. A depth whose `from` is not 0 is chosen for prompts of
    at least so many ids; others are left to the caller.

    Without shares the pass does nothing.
  }];
  let dependentDialects = ["sinter::decode::DecodeDialect",
    "mlir::scf::SCFDialect", "mlir::arith::ArithDialect"];
  let options = [
    ListOption<"shares", "shares", "int64_t",
               "percent of the layers that stay, rounded to the nearest number, "
               "halves down; falling, below 100">,
    ListOption<"from", "from", "int64_t",
               "of each share: ids of the shortest prompt that gets it; 0: none does">,
    ListOption<"order", "order", "int64_t", "layers, the first to go first">,
    Option<"study", "study", "bool", "false",
           "any of the layers may go, alone or with others: to measure them">,
    Option<"guards", "guards", "bool", "true",
           "whether launches ask; else decode-skip-ffns lets them ask">
  ];
  let statistics = [
    Statistic<"numGuarded", "launches-guarded", "launches that not all sequences run">
  ];
}

def RetrieveDepth : Pass<"decode-retrieve-depth", "mlir::ModuleOp"> {
  let summary = "Lets texts have the depth that suited texts like them";
  let description = [{
    Reads a module that decode-layer-menu gave depths. Adds `decode.retrieval` with
    the keys and laws of `store` as weights, regions that make the key of a text,
    compare it and vote, and puts a `decode.retrieve` before each
    `decode.choose_depth` (RAEE, Huang et al., 2024), but in programs for rows of
    several sessions, which have no one text: those prefer what they did.

    `store` is a file that llm-compile wrote, for just these depths, or `empty`:
    then keys are made, and every text gets the whole model. Without a store the
    pass does nothing.
  }];
  let dependentDialects = ["sinter::decode::DecodeDialect",
    "sinter::llm::LlmDialect", "sinter::tile::TileDialect",
    "mlir::arith::ArithDialect"];
  let options = [
    Option<"store", "store", "std::string", "\"\"", "a file of texts, or empty">,
    Option<"nearest", "nearest", "int64_t", "12",
           "texts that choose together, at most as many as there are">,
    Option<"similar", "similar", "double", "0.5",
           "the cosine that the nearest one must have">,
    Option<"keep", "keep", "double", "1.0",
           "share of the best depth's chance that is enough for a shallower one">
  ];
  let statistics = [
    Statistic<"numEntries", "entries", "texts of the store">
  ];
}

def SkipFfns : Pass<"decode-skip-ffns", "mlir::ModuleOp"> {
  let summary = "Lets tokens leave out feed-forward blocks that change little";
  let description = [{
    Reads a module with the list of launches `@forward`, cut by
    `llm-split-layers`, and its programs. Puts the launches of the feed-forward
    blocks of `layers`, and of the layers before them, into `decode.ffn`, adds
    `decode.ffns` with regions that compare a row before and behind a block, and
    puts forwards of rows that decode into `decode.skipping` (FFN-SkipLLM,
    Jaiswal et al., 2024). Adds the program `@replay`, which hands out the logits
    of ids computed in that way.

    Programs with drafts are refused: their rows are computed together. Without
    layers the pass does nothing.
  }];
  let dependentDialects = ["sinter::decode::DecodeDialect",
    "sinter::tile::TileDialect", "mlir::arith::ArithDialect"];
  let options = [
    ListOption<"layers", "layers", "int64_t", "whose blocks may go">,
    Option<"threshold", "threshold", "double", "1",
           "cosine over which a block lets the next one be left out">,
    Option<"warmUp", "warm-up", "int64_t", "25",
           "positions of a text that compute all blocks">,
    Option<"study", "study", "bool", "false",
           "which blocks go is said by @depths: to measure them">
  ];
  let statistics = [
    Statistic<"numWrapped", "blocks", "blocks that may be left out">
  ];
}

#endif // SINTER_LIB_TRANSFORMS_PASSES_TD
