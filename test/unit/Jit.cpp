// Jit.cpp - runs tile ops in the test's own process.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/Jit.h"
#include "lib/Conversion/TileToVector/MathPasses.h"
#include "lib/Conversion/TileToVector/RowLowerings.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <barrier>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

using namespace mlir;

namespace sinter::test {

static constexpr llvm::StringLiteral kBf16 = "x86-64-v4-bf16";
static bool isWide(llvm::StringRef level) {
  return level.starts_with("x86-64-v4");
}

std::vector<std::string> levels(bool bf16) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> result;
  if (features["avx2"] && features["fma"] && features["f16c"])
    result.push_back("x86-64-v3");
  if (features["avx512f"] && features["avx512bw"] && features["avx512dq"] &&
      features["avx512vl"] && features["avx512cd"])
    result.push_back("x86-64-v4");
  if (bf16 && features["avx512bf16"])
    result.push_back(kBf16.str());
  return result;
}

MLIRContext &context() {
  static MLIRContext *instance = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    DialectRegistry registry;
    registry
        .insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                scf::SCFDialect, tile::TileDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    mlir::registerConversionPasses();
    mlir::registerTransformsPasses();
    memref::registerMemRefPasses();
    registerSinterMathPasses();
    auto *made = new MLIRContext(registry);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *instance;
}

/// A broken test module: nothing to go on with.
[[noreturn]] static void stop(const std::string &why) {
  llvm::errs() << "test kernel: " << why << "\n";
  std::abort();
}

/// Replaces the tile ops of @k by the share of a worker, two new arguments.
static void lowerTileOps(ModuleOp module, const std::string &level) {
  auto kernel = module.lookupSymbol<func::FuncOp>("k");
  SmallVector<Operation *> ops;
  kernel.walk([&](Operation *op) {
    if (isa_and_nonnull<tile::TileDialect>(op->getDialect()))
      ops.push_back(op);
  });
  if (ops.empty())
    return;
  Type index = IndexType::get(module.getContext());
  unsigned count = kernel.getNumArguments();
  for (unsigned i = 0; i < 2; ++i)
    if (failed(kernel.insertArgument(count + i, index, {}, kernel.getLoc())))
      stop("no argument");
  Share share{kernel.getArgument(count), kernel.getArgument(count + 1)};
  OpBuilder b(module.getContext());
  for (Operation *op : ops) {
    RowMachine machine{isWide(level) ? 32 : 8, level == kBf16};
    if (!lowerRowOp(op, b, share, machine))
      stop("no lowering of " + op->getName().getStringRef().str());
    op->erase();
  }
}

/// Where the workers of a run meet.
static thread_local std::barrier<> *meeting = nullptr;
static constexpr llvm::StringLiteral kMeet = "sinter_test_meet";
static void meet() {
  if (meeting)
    meeting->arrive_and_wait();
}

/// Replaces what lowerings left of tile: barriers become calls of meet().
static bool lowerBarriers(ModuleOp module) {
  SmallVector<tile::BarrierOp> barriers;
  module.walk([&](tile::BarrierOp op) { barriers.push_back(op); });
  if (barriers.empty())
    return false;
  OpBuilder b(module.getBodyRegion());
  auto callee = func::FuncOp::create(b, module.getLoc(), kMeet,
                                     b.getFunctionType({}, {}));
  callee.setPrivate();
  for (tile::BarrierOp barrier : barriers) {
    b.setInsertionPoint(barrier);
    func::CallOp::create(b, barrier.getLoc(), callee);
    barrier.erase();
  }
  return true;
}

static void lowerToLlvm(ModuleOp module) {
  PassManager passes(module.getContext());
  if (failed(parsePassPipeline(
          "expand-math,verify-machine,canonicalize,cse,"
          "loop-invariant-code-motion,"
          "convert-vector-to-scf,expand-strided-metadata,lower-affine,"
          "convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,"
          "convert-arith-to-llvm,finalize-memref-to-llvm,"
          "convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},"
          "convert-cf-to-llvm,reconcile-unrealized-casts,canonicalize,cse",
          passes)))
    stop("pipeline");
  if (failed(passes.run(module)))
    stop("lowering failed");
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder pb(&machine);
  pb.registerModuleAnalyses(mam);
  pb.registerCGSCCAnalyses(cgam);
  pb.registerFunctionAnalyses(fam);
  pb.registerLoopAnalyses(lam);
  pb.crossRegisterProxies(lam, fam, cgam, mam);
  pb.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, mam);
}

void Kernel::compile(ModuleOp module, const std::string &level) {
  lowerTileOps(module, level);
  waits = lowerBarriers(module);
  lowerToLlvm(module);
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  auto llvmModule = translateModuleToLLVMIR(module, *llvmContext);
  if (!llvmModule)
    stop("translation failed");
  llvm::orc::JITTargetMachineBuilder target{
      llvm::Triple(llvm::sys::getProcessTriple())};
  target.setCPU(level == kBf16 ? "x86-64-v4" : level);
  if (isWide(level))
    target.addFeatures({"-prefer-256-bit"});
  if (level == kBf16)
    target.addFeatures({"+avx512bf16"});
  auto machine = llvm::cantFail(target.createTargetMachine());
  llvmModule->setDataLayout(machine->createDataLayout());
  llvmModule->setTargetTriple(machine->getTargetTriple());
  for (llvm::Function &f : *llvmModule)
    f.addFnAttr("no-builtins");
  optimize(*llvmModule, *machine);
  jit = llvm::cantFail(llvm::orc::LLJITBuilder()
                           .setJITTargetMachineBuilder(std::move(target))
                           .create());
  llvm::cantFail(jit->getMainJITDylib().define(
      llvm::orc::absoluteSymbols({{jit->mangleAndIntern(kMeet),
                                   {llvm::orc::ExecutorAddr::fromPtr(&meet),
                                    llvm::JITSymbolFlags::Exported}}})));
  llvm::cantFail(
      jit->addIRModule({std::move(llvmModule),
                        llvm::orc::ThreadSafeContext(std::move(llvmContext))}));
  function = llvm::cantFail(jit->lookup("k")).toPtr<void *>();
}

Kernel::Kernel(OwningOpRef<ModuleOp> module, const std::string &level) {
  compile(*module, level);
}

Kernel::Kernel(const std::string &text, const std::string &level) {
  auto module = parseSourceString<ModuleOp>(text, &context());
  if (!module)
    stop("does not parse:\n" + text);
  compile(*module, level);
}

Kernel::~Kernel() = default;

void Kernel::call(std::vector<uint64_t> a) const {
  // Arguments that a function does not take do no harm in the C convention.
  a.resize(16);
  using Fn =
      void (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
               uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
               uint64_t, uint64_t, uint64_t, uint64_t);
  reinterpret_cast<Fn>(function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7],
                                 a[8], a[9], a[10], a[11], a[12], a[13], a[14],
                                 a[15]);
}

void Kernel::run(std::vector<uint64_t> arguments, unsigned workers,
                 bool reversed) const {
  auto share = [&](unsigned worker) {
    std::vector<uint64_t> all = arguments;
    all.push_back(worker);
    all.push_back(workers);
    call(all);
  };
  if (!waits || workers == 1) {
    for (unsigned i = 0; i < workers; ++i)
      share(reversed ? workers - 1 - i : i);
    return;
  }
  std::barrier<> all(workers);
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < workers; ++i)
    threads.emplace_back([&, i] {
      meeting = &all;
      share(i);
    });
}

uint64_t bits(float value) {
  uint32_t result;
  std::memcpy(&result, &value, 4);
  return result;
}

std::vector<float> randomFloats(size_t count, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<float> values(count);
  for (float &value : values) // not a distribution: those differ by library
    value = float(int64_t(engine() >> 40) - (1 << 23)) / float(1 << 23);
  return values;
}

} // namespace sinter::test
