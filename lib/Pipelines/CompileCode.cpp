//===- CompileCode.cpp - the regions of a model to machine code
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/CompileCode.h"

#include "dialects/Tile/TileOps.h"
#include "lib/Pipelines/Registration.h"
#include "lib/Target/Plan/Sha256.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace sinter;

static llvm::Error error(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static llvm::Expected<ObjectFile>
compileText(StringRef text, const CpuLevel &level, TimingScope &timing) {
  TimingScope parsing = timing.nest("parse");
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string said;
  context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    said += (said.empty() ? "" : "; ") + diagnostic.str();
  });
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context));
  if (!module)
    return error("regions cannot be read back: " + said);
  parsing.stop();
  auto object = compileRegions(*module, level, timing);
  if (!object)
    return error(level.name + ": " + llvm::toString(object.takeError()) +
                 (said.empty() ? "" : ": " + said));
  return object;
}

static std::string objectKey(StringRef text, const CpuLevel &level) {
  Sha256 key;
  key.update(text);
  key.update(level.name);
  key.update(compilerId());
  return key.final();
}

CodeCompiler::CodeCompiler(ModuleOp device, ArrayRef<const CpuLevel *> levels,
                           Cache &cache, llvm::ThreadPoolInterface &pool,
                           TimingScope &timing)
    : levels(levels), cache(cache), timing(timing), group(pool) {
  collectRegions(device);
  for (const CpuLevel *level : levels)
    for (const Region &region : regions)
      tasks.push_back({&region, level, {}, {}});
  // The length of the text stands for the time that a region takes.
  std::vector<std::pair<size_t, size_t>> order; // length, task
  for (auto [index, task] : llvm::enumerate(tasks))
    order.emplace_back(task.region->text.size(), index);
  llvm::sort(order, std::greater());
  for (auto [length, index] : order)
    group.async([this, index = index] { compile(tasks[index]); });
}

void CodeCompiler::collectRegions(ModuleOp device) {
  for (auto function : device.getOps<func::FuncOp>()) {
    if (!function->hasAttr(tile::kRegionAttr))
      continue;
    OwningOpRef<ModuleOp> alone = ModuleOp::create(device.getLoc());
    alone->push_back(function->clone());
    Region &region = regions.emplace_back();
    region.name = function.getName().str();
    llvm::raw_string_ostream os(region.text);
    alone->print(os);
  }
}

void CodeCompiler::compile(Task &task) {
  TimingScope level = timing.nest(task.level->name);
  const Region &region = *task.region;
  std::string key = objectKey(region.text, *task.level);
  if (auto entry = cache.find("object", key)) {
    task.object.assign(entry->bytes().begin(), entry->bytes().end());
    return;
  }
  TimingScope scope = level.nest(StringRef(region.name));
  auto object = compileText(region.text, *task.level, scope);
  if (!object) {
    task.problem = llvm::toString(object.takeError());
    return;
  }
  task.object = std::move(*object);
  cache.store("object", key, StringRef(task.object.data(), task.object.size()));
}

llvm::Expected<CodeObject> CodeCompiler::link(const CpuLevel &level) {
  TimingScope scope = timing.nest(level.name).nest("link");
  std::vector<ObjectFile> objects;
  std::vector<std::string> kernels;
  for (Task &task : tasks)
    if (task.level == &level) {
      objects.push_back(std::move(task.object));
      kernels.push_back(task.region->name);
    }
  auto code = linkCodeObject(objects, kernels, level);
  if (!code)
    return error(level.name + ": " + llvm::toString(code.takeError()));
  return code;
}

llvm::Expected<std::vector<CodeObject>> CodeCompiler::finish() {
  group.wait();
  std::string problems;
  for (const Task &task : tasks)
    if (!task.problem.empty())
      problems += (problems.empty() ? "" : "; ") + task.problem;
  if (!problems.empty())
    return error(problems);
  std::vector<CodeObject> objects;
  for (const CpuLevel *level : levels) {
    auto code = link(*level);
    if (!code)
      return code.takeError();
    objects.push_back(std::move(*code));
  }
  return objects;
}
