// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/Import.h"

#include "lib/Import/Families/ModelBuilder.h"
#include "sinter/InitAllDialects.h"

using namespace mlir;
using namespace sinter;

static constexpr Family kFamilies[] = {{"llama", buildLlama}};

ArrayRef<Family> sinter::families() { return kFamilies; }

static void reportArchitecture(ModelBuilder &model,
                               std::optional<StringRef> name) {
  std::string known;
  llvm::raw_string_ostream os(known);
  llvm::interleaveComma(
      families(), os, [&](const Family &family) { os << family.architecture; });
  if (name)
    model.problem("architecture '" + *name +
                  "' is not supported (supported: " + known + ")");
  else
    model.problem("metadata 'general.architecture' is missing");
  model.reportUnknownTypes();
}

FailureOr<OwningOpRef<ModuleOp>>
sinter::importGguf(const gguf::File &file, MLIRContext *ctx,
                   const ImportOptions &options) {
  DialectRegistry registry;
  registerModelDialects(registry);
  ctx->appendDialectRegistry(registry);
  ctx->loadDialect<encoding::EncodingDialect, llm::LlmDialect,
                   func::FuncDialect, arith::ArithDialect>();

  ModelBuilder model(file, ctx, options);
  std::optional<StringRef> name = file.findString("general.architecture");
  const Family *family =
      llvm::find_if(families(), [&](const Family &candidate) {
        return name == candidate.architecture;
      });
  if (family == families().end())
    reportArchitecture(model, name);
  else
    family->build(model);
  return model.finish();
}

FailureOr<OwningOpRef<ModuleOp>>
sinter::importGguf(StringRef path, MLIRContext *ctx,
                   const ImportOptions &options) {
  auto file = gguf::File::open(path);
  if (!file)
    return emitError(UnknownLoc::get(ctx)) << toString(file.takeError());
  return importGguf(**file, ctx, options);
}
