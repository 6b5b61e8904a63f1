// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of parameters, bindings and scalars, for people who read the plan.

#include "lib/Conversion/DecodeToPlan/Lowering.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

//===-- launch lists ------------------------------------------------------===//

/// What a program hands to a function.
static std::string argumentName(Value value, unsigned index) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto program =
            dyn_cast<decode::ProgramOp>(argument.getOwner()->getParentOp()))
      return cast<StringAttr>(program.getParams()[argument.getArgNumber()])
          .str();
  if (value.getDefiningOp<decode::LengthOp>())
    return "position";
  return "arg" + std::to_string(index);
}

/// Names of the arguments of `op` if it calls `name`.
static SmallVector<std::string> namesAtCall(Operation *op, StringRef name) {
  return TypeSwitch<Operation *, SmallVector<std::string>>(op)
      .Case([&](decode::ForwardOp call) -> SmallVector<std::string> {
        if (call.getFunction() != name)
          return {};
        return {"rows", "position", "runs"};
      })
      .Case([&](decode::HeadOp call) -> SmallVector<std::string> {
        if (call.getFunction() != name)
          return {};
        return {"first", "rows"};
      })
      .Case([&](decode::DescendOp descend) -> SmallVector<std::string> {
        auto symbol = FlatSymbolRefAttr::get(op->getContext(), name);
        if (llvm::is_contained(descend.getSegments(), symbol))
          return {"rows", "position", "runs"};
        if (name == decode::kKeepFunction || name == decode::kResumeFunction)
          return {"first", "rows"};
        return {};
      })
      .Case([&](decode::SampleOp call) {
        SmallVector<std::string> names;
        if (call.getFunction() != name)
          return names;
        if (call.getRow())
          names.push_back("row");
        for (auto [index, value] : llvm::enumerate(call.getArgs()))
          names.push_back(argumentName(value, index));
        return names;
      })
      .Case([&](decode::ProposeBestOp call) {
        SmallVector<std::string> names;
        if (call.getFunction() != name)
          return names;
        names = {"row"};
        for (auto [index, value] : llvm::enumerate(call.getArgs()))
          names.push_back(argumentName(value, index));
        return names;
      })
      .Case([&](decode::DecideOp call) {
        SmallVector<std::string> names;
        if (call.getFunction() != name)
          return names;
        names = {"row", "drafted"};
        for (auto [index, value] : llvm::enumerate(call.getArgs()))
          names.push_back(argumentName(value, index));
        return names;
      })
      .Default(SmallVector<std::string>());
}

SmallVector<std::string> sinter::parameterNames(func::FuncOp function) {
  SmallVector<std::string> names;
  auto module = cast<ModuleOp>(function->getParentOp());
  for (auto program : module.getOps<decode::ProgramOp>())
    program.walk([&](Operation *op) {
      if (names.empty())
        names = namesAtCall(op, function.getSymName());
    });
  names.resize(std::min<size_t>(names.size(), function.getNumArguments()));
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (i == names.size())
      names.push_back("arg" + std::to_string(i));
    if (auto given = function.getArgAttrOfType<StringAttr>(i, "tile.name"))
      names[i] = given.str();
  }
  return names;
}

//===-- regions -----------------------------------------------------------===//

/// `.7.` -> `.*.`: one name for the weights of all layers.
static std::string withoutNumbers(StringRef name) {
  SmallVector<StringRef> parts;
  name.split(parts, '.');
  for (StringRef &part : parts)
    if (!part.empty() && llvm::all_of(part, llvm::isDigit))
      part = "*";
  return llvm::join(parts, ".");
}

static std::string bindingName(Attribute binding) {
  return TypeSwitch<Attribute, std::string>(binding)
      .Case([](tile::ArenaAttr) { return "arena"; })
      .Case([](tile::BufferAttr attr) { return attr.getName().str(); })
      .Case([](tile::WeightAttr attr) {
        return withoutNumbers(attr.getSymbol().getValue());
      })
      .Case([](tile::StateAttr attr) {
        return (attr.getSymbol().getValue() +
                (attr.getPlane() == 0 ? ".keys" : ".values"))
            .str();
      })
      .Case([](tile::PagesAttr attr) {
        return (attr.getSymbol().getValue() + ".pages").str();
      })
      .Default(std::string());
}

static tile::LaunchOp firstLaunch(func::FuncOp region) {
  tile::LaunchOp found;
  region->getParentOp()->walk([&](tile::LaunchOp launch) {
    if (launch.getCallee() != region.getSymName())
      return WalkResult::advance();
    found = launch;
    return WalkResult::interrupt();
  });
  return found;
}

static std::string scalarName(Value value, unsigned index) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  if (!function)
    return "scalar" + std::to_string(index);
  return parameterNames(function)[argument.getArgNumber()];
}

KernelNames sinter::kernelNames(func::FuncOp region) {
  KernelNames names;
  tile::LaunchOp launch = firstLaunch(region);
  for (auto [index, type] : llvm::enumerate(region.getArgumentTypes())) {
    bool isBuffer = isa<MemRefType>(type);
    auto &list = isBuffer ? names.bindings : names.scalars;
    unsigned place = list.size();
    std::string name = (isBuffer ? "buffer" : "scalar") + std::to_string(place);
    if (auto given = region.getArgAttrOfType<StringAttr>(index, "tile.name"))
      name = given.str();
    else if (launch)
      name = isBuffer ? bindingName(launch.getBindings()[place])
                      : scalarName(launch.getScalars()[place], place);
    list.push_back(name);
  }
  return names;
}
