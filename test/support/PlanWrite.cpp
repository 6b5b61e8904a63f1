// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plan-write - writes a plan from a module of plan ops, for tests of the plan
// writer and of whatever reads plans. Byte j of weight i is 31 * i + j; a
// kernel is one `ret`.

#include "dialects/Plan/PlanOps.h"
#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/PlanWriter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include <csignal>

using namespace sinter;
namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::Required);
static cl::opt<std::string> output("o", cl::Required);
static cl::opt<unsigned> threads("pack-threads", cl::init(1));
static cl::opt<std::string> failAt("fail-at", cl::desc("Refuse this weight"));
static cl::opt<std::string> killAt("kill-at",
                                   cl::desc("SIGTERM at this weight"));
static cl::opt<std::string> missing("missing-entry",
                                    cl::desc("Leave out this kernel"));
static cl::opt<bool> golden("golden", cl::desc("Add a golden section"));

static std::vector<char> makeCode(mlir::ModuleOp module, PlanCode &code) {
  std::vector<char> bytes;
  for (auto kernel : module.getOps<planir::KernelOp>()) {
    if (kernel.getSymName() != missing)
      code.entries[kernel.getSymName()] = bytes.size();
    bytes.resize(bytes.size() + 16, '\xc3');
  }
  return bytes;
}

static PlanInputs makeInputs(mlir::ModuleOp module) {
  PlanInputs inputs;
  inputs.program = module;
  llvm::StringMap<unsigned> order;
  for (auto weight : module.getOps<planir::WeightOp>()) {
    unsigned index = order.size();
    order[weight.getSymName()] = index;
  }
  inputs.divideWeight =
      [order](planir::WeightOp weight,
              uint64_t size) -> llvm::Expected<std::vector<WeightPanel>> {
    llvm::StringRef name = weight.getSymName();
    auto fill = [name, seed = 31 * order.lookup(name)](
                    uint64_t first,
                    llvm::MutableArrayRef<uint8_t> bytes) -> llvm::Error {
      if (name == failAt)
        return planError("weight '" + name + "' is refused");
      if (name == killAt)
        std::raise(SIGTERM);
      for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = seed + first + i;
      return llvm::Error::success();
    };
    uint64_t half = size / 2;
    auto part = [fill](uint64_t first) {
      return [fill, first](llvm::MutableArrayRef<uint8_t> bytes) {
        return fill(first, bytes);
      };
    };
    return std::vector<WeightPanel>{{0, half, part(0)},
                                    {half, size - half, part(half)}};
  };
  inputs.provenance = {{"source", "tiny.gguf"}, {"compiler", "plan-write"}};
  inputs.quality = {{"kl", "0.001"}};
  if (golden)
    inputs.golden =
        [](llvm::StringRef) -> llvm::Expected<std::unique_ptr<plan::GoldenT>> {
      auto made = std::make_unique<plan::GoldenT>();
      made->texts.push_back(std::make_unique<plan::GoldenTextT>());
      made->texts.back()->text = "a";
      made->texts.back()->ids = {1, 2};
      return made;
    };
  return inputs;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  mlir::DialectRegistry registry;
  registry.insert<planir::PlanDialect>();
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  if (!module)
    return 1;
  PlanCode code;
  code.level = "x86-64-v3";
  code.features = {"avx2", "fma"};
  std::vector<char> bytes = makeCode(*module, code);
  code.imageBytes = llvm::alignTo(bytes.size(), 4096);
  code.segments = {{.address = 0, .executable = true, .bytes = bytes}};
  PlanInputs inputs = makeInputs(*module);
  inputs.code = [&] { return std::vector{code}; };
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  inputs.pool = &pool;
  mlir::TimingScope untimed;
  if (llvm::Error failed = writePlan(inputs, output, untimed)) {
    llvm::errs() << "plan-write: error: " << llvm::toString(std::move(failed))
                 << "\n";
    return 1;
  }
  return 0;
}
