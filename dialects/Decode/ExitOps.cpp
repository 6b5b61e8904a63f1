// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of exits.

#include "dialects/Decode/BuildGeneration.h"
#include "dialects/Decode/DecodeOps.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace sinter::decode;

bool sinter::decode::readsHead(ProbeKind kind) {
  return kind == ProbeKind::MaxProb || kind == ProbeKind::Margin ||
         kind == ProbeKind::Entropy;
}

bool ExitOp::makesLogits() { return readsHead(getProbe()) && !getTokens(); }

LogicalResult ExitOp::verify() {
  double threshold = getThreshold().convertToDouble();
  if (!(threshold >= 0 && threshold <= 1))
    return emitOpError("has a threshold of ")
           << llvm::formatv("{0}", threshold).str() << ", expected 0 to 1";
  double stop = getStop() ? getStop()->convertToDouble() : 0;
  if (!(stop >= 0 && stop <= threshold))
    return emitOpError("stops below ") << llvm::formatv("{0}", stop).str()
                                       << ", expected 0 to its threshold";
  double decay = getDecay() ? getDecay()->convertToDouble() : 0;
  if (!(decay >= 0 && std::isfinite(decay)))
    return emitOpError("has a decay of ")
           << llvm::formatv("{0}", decay).str() << ", expected at least 0";
  if (getTokens() && !readsHead(getProbe()))
    return emitOpError("with the probe ")
           << stringifyProbeKind(getProbe()) << " reads no head, of "
           << *getTokens() << " tokens or of all";
  bool asks = getProbe() != ProbeKind::Chance;
  if (asks != getFunction().has_value())
    return emitOpError("with the probe ")
           << stringifyProbeKind(getProbe())
           << (asks ? " needs the function that it asks" : " asks no function");
  return success();
}

/// `count` more segments than exits, each owing rows, and a body that draws.
LogicalResult DescendOp::verify() {
  size_t exits = getExits().size(), carried = getInits().size();
  if (getExact())
    for (Attribute name : getExits())
      if (auto exit = SymbolTable::lookupNearestSymbolFrom<ExitOp>(
              *this, cast<FlatSymbolRefAttr>(name));
          exit && exit.getStop())
        return emitOpError("is exact, but '")
               << exit.getSymName() << "' ends the text where it doubts";
  if (exits == 0 || getSegments().size() != exits + 1)
    return emitOpError("has ")
           << exits << " exits between " << getSegments().size()
           << " segments; there is one exit, at least, between any two";
  if (getOwed().size() != exits || getRest().size() != carried + exits)
    return emitOpError("owes rows at ")
           << getOwed().size() << " exits of " << exits
           << ": those that the others owe would never be computed";
  auto drawn = dyn_cast<DrawnOp>(getBody().front().getTerminator());
  if (!drawn)
    return emitOpError("body must end in decode.drawn");
  if (getBody().getNumArguments() != 2 + carried ||
      drawn.getCarried().size() != carried)
    return emitOpError("carries ")
           << carried
           << " values; the body takes row, position and those, and "
              "decode.drawn gives "
           << drawn.getCarried().size();
  for (Type type : getBody().getArgumentTypes())
    if (!type.isInteger(64))
      return emitOpError("carries i64 only, not ") << type;
  auto sample = drawn.getToken().getDefiningOp<SampleOp>();
  if (!sample || sample->getParentOp() != *this ||
      sample.getRow() != getBody().getArgument(0))
    return drawn.emitOpError("gives what decode.sample draws from the row at "
                             "hand, in the same body");
  return success();
}

namespace {

/// What segments and exits of an op name.
class Exits {
public:
  Exits(Operation *op, SymbolTableCollection &tables)
      : op(op), tables(tables) {}

  LogicalResult verify(ArrayAttr segments, ArrayAttr exits,
                       FlatSymbolRefAttr head);
  /// All layers of `state` are in a segment.
  LogicalResult cover(FlatSymbolRefAttr state);

private:
  FunctionOpInterface function(FlatSymbolRefAttr name) {
    auto found = tables.lookupNearestSymbolFrom<FunctionOpInterface>(op, name);
    if (!found)
      op->emitOpError("no function named '") << name.getValue() << "'";
    return found;
  }

  Operation *op;
  SymbolTableCollection &tables;
  int64_t layers = 0; // in segments, from the first one on
};

} // namespace

LogicalResult Exits::verify(ArrayAttr segments, ArrayAttr exits,
                            FlatSymbolRefAttr head) {
  auto made = function(head);
  if (!made || made.getNumArguments() != 2)
    return failure();
  for (auto [index, name] :
       llvm::enumerate(segments.getAsRange<FlatSymbolRefAttr>())) {
    auto segment = function(name);
    if (!segment)
      return failure();
    if (segment.getNumArguments() < 2 || segment.getNumResults() != 0)
      return op->emitOpError("'")
             << name.getValue() << "' does not take rows and their position";
    auto range = segment->getAttrOfType<DenseI64ArrayAttr>(kLayersAttr);
    if (!range || range.size() != 2 || range[0] != layers ||
        range[1] <= range[0])
      return op->emitOpError("the segment '")
             << name.getValue() << "' does not begin at layer " << layers
             << ", where the one before it ends: keys there stay unfilled";
    layers = range[1];
    if (index == exits.size())
      break;
    auto exit = tables.lookupNearestSymbolFrom<ExitOp>(
        op, cast<FlatSymbolRefAttr>(exits[index]));
    if (!exit)
      return op->emitOpError("no decode.exit named '")
             << cast<FlatSymbolRefAttr>(exits[index]).getValue() << "'";
    if (int64_t(exit.getAfter()) != layers)
      return op->emitOpError("the exit '")
             << exit.getSymName() << "' is after " << exit.getAfter()
             << " layers, and '" << name.getValue() << "' ends after "
             << layers;
  }
  return success();
}

/// States are declared by the level below.
LogicalResult Exits::cover(FlatSymbolRefAttr state) {
  Operation *found = tables.lookupNearestSymbolFrom(op, state);
  if (!found || found->getName().stripDialect() != "state")
    return op->emitOpError("no state named '") << state.getValue() << "'";
  auto all = found->getAttrOfType<IntegerAttr>("layers");
  if (all && all.getInt() != layers)
    return op->emitOpError("leaves keys of a token that left unfilled: its "
                           "segments compute ")
           << layers << " layers, '" << state.getValue() << "' has "
           << all.getInt();
  return success();
}

LogicalResult ExitOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!getFunctionAttr())
    return success();
  auto function = tables.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getFunctionAttr());
  if (!function)
    return emitOpError("no function named '") << *getFunction() << "'";
  if (function.getNumArguments() != 1)
    return emitOpError("asks '") << *getFunction() << "' about a row; it takes "
                                 << function.getNumArguments() << " values";
  return success();
}

LogicalResult DescendOp::verifySymbolUses(SymbolTableCollection &tables) {
  Exits exits(*this, tables);
  if (failed(exits.verify(getSegments(), getExits(), getHeadAttr())))
    return failure();
  return exits.cover(getStateAttr());
}

LogicalResult MeasureOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getExits().empty() || getSegments().size() != getExits().size() + 1)
    return emitOpError("has ")
           << getExits().size() << " exits between " << getSegments().size()
           << " segments; there is one exit, at least, between any two";
  return Exits(*this, tables).verify(getSegments(), getExits(), getHeadAttr());
}

//===-- options -----------------------------------------------------------===//

/// "max_prob", or "max_prob:1024": the rows of a head are packed by 32.
static bool parseProbe(StringRef text, ExitOptions &exit, std::string &error) {
  auto [name, tokens] = text.split(':');
  auto probe = symbolizeProbeKind(name);
  if (!probe) {
    error = ("'" + name +
             "' is no probe; there are max_prob, margin, entropy, similarity, "
             "linear and chance")
                .str();
    return false;
  }
  exit.probe = *probe;
  if (!text.contains(':'))
    return true;
  if (!readsHead(*probe)) {
    error = ("'" + text + "': " + name + " does not ask a head").str();
    return false;
  }
  if (tokens.getAsInteger(10, exit.tokens) || exit.tokens < 32 ||
      exit.tokens % 32 != 0) {
    error = ("'" + text +
             "' does not say a number of tokens that is a multiple "
             "of 32")
                .str();
    return false;
  }
  return true;
}

FailureOr<SmallVector<ExitOptions>>
sinter::decode::parseExits(ArrayRef<std::string> items, int64_t layers,
                           std::string &error) {
  SmallVector<ExitOptions> exits;
  auto wrong = [&](const Twine &what) -> FailureOr<SmallVector<ExitOptions>> {
    error = what.str();
    return failure();
  };
  if (layers < 2)
    return wrong("the model has one layer, after which no token can leave "
                 "early");
  for (StringRef item : items) {
    auto [name, rest] = item.split('@');
    ExitOptions exit{};
    exit.threshold = 1;
    if (!parseProbe(name, exit, error))
      return failure();
    if (!item.contains('@')) {
      int64_t step = std::max<int64_t>(1, layers / 8);
      for (exit.after = (layers + 1) / 2; exit.after < layers;
           exit.after += step)
        exits.push_back(exit);
      continue;
    }
    auto [place, limit] = rest.split('=');
    if (place.getAsInteger(10, exit.after))
      return wrong("'" + item + "' does not say after which layer");
    if (rest.contains('=') && (limit.getAsDouble(exit.threshold) ||
                               !(exit.threshold >= 0 && exit.threshold <= 1)))
      return wrong("'" + item + "' has no threshold from 0 to 1");
    exits.push_back(exit);
  }
  int64_t above = 0;
  for (const ExitOptions &exit : exits) {
    if (exit.after < 1 || exit.after >= layers)
      return wrong("no token can leave after layer " + Twine(exit.after) +
                   ": the model has " + Twine(layers) + ", so after 1 to " +
                   Twine(layers - 1));
    if (exit.after <= above)
      return wrong("the exit after layer " + Twine(exit.after) +
                   " comes behind the one after layer " + Twine(above));
    above = exit.after;
  }
  if (exits.size() > kMostExits)
    return wrong(Twine(exits.size()) + " exits are more than the " +
                 Twine(kMostExits) + " that a plan can have");
  return exits;
}
