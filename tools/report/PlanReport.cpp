// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/report/PlanReport.h"
#include "lib/Analysis/Dispatches.h"
#include "tools/common/Failure.h"

#include "mlir/IR/MLIRContext.h"

#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

/// LLVM reports errors as values, tools throw.
template <typename T>
static T orThrow(llvm::Expected<T> value, const std::string &path) {
  if (!value)
    throw Failure(path + ": " + llvm::toString(value.takeError()));
  return std::move(*value);
}

static PlanOps opsOf(const plan::Plan &tables) {
  for (uint32_t i = 0; tables.provenance() && i < tables.provenance()->size();
       ++i) {
    const plan::Property &property = *tables.provenance()->Get(i);
    if (property.key() && property.value() && property.key()->str() == "ops")
      return PlanOps(property.value()->string_view());
  }
  return PlanOps("");
}

static Machine measureWith(const std::string &path, uint32_t threads) {
  PlanOptions options;
  options.threads = threads;
  options.verify = SINTER_VERIFY_METADATA;
  auto opened = Plan::open(path, options);
  if (!opened)
    throw Failure("this machine cannot be measured (describe one with "
                  "--machine): " +
                  opened.error().message());
  const Plan plan = std::move(*opened);
  return Machine::of(plan, Probe(plan).sample());
}

/// A forward of `rows` rows after `depth` positions, and one token.
static PhaseTimes predict(mlir::ModuleOp program, const PlanOps &ops,
                          const Machine &machine, uint32_t depth, uint32_t rows,
                          const std::string &path) {
  PhaseTimes times;
  StageAdder adder(ops, machine.roofs, times);
  for (const analysis::Dispatch &dispatch : orThrow(
           analysis::dispatchesOf(program, {.position = depth, .rows = rows}),
           path))
    adder.predict({dispatch.kernel.str(),
                   static_cast<int32_t>(dispatch.layer),
                   {dispatch.scalars.begin(), dispatch.scalars.end()}},
                  machine.threads);
  return times;
}

PlanReport::PlanReport(const PlanFile &file, const std::string &path,
                       const ReportOptions &options)
    : depth(options.depth) {
  const plan::Plan &tables = file.tables();
  if (depth >= tables.max_context())
    throw Failure("a depth of " + std::to_string(depth) +
                  " leaves no room: the plan has " +
                  std::to_string(tables.max_context()) + " positions");
  chunk = std::min(tables.max_rows(), tables.max_context() - depth);
  const PlanOps ops = opsOf(tables);
  if (ops.empty())
    throw Failure(path + ": says nothing about its ops; compile the model "
                         "again");
  machine =
      options.machine ? *options.machine : measureWith(path, options.threads);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto program = orThrow(file.program(&context), path);
  token = predict(*program, ops, machine, depth, 1, path);
  prompt = predict(*program, ops, machine, depth, chunk, path);
}

std::string PlanReport::text() const {
  const std::string after =
      depth ? " after " + std::to_string(depth) + " positions" : "";
  return machine.line() + "\n" +
         stageTable("a token" + after, token, 1, machine.roofs) + "\n" +
         layerTable(token, 1) + "\n" +
         stageTable("a prompt of " + std::to_string(chunk) + " tokens" + after +
                        " and the first token",
                    prompt, 1, machine.roofs);
}

std::string PlanReport::json() const {
  const nlohmann::ordered_json object = {{"machine", machine.json()},
                                         {"depth", depth},
                                         {"chunk", chunk},
                                         {"token", toJson(token, 1)},
                                         {"prompt", toJson(prompt, 1)}};
  return object.dump(2) + "\n";
}
