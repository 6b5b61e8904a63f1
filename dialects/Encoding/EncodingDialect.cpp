// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Encoding/EncodingDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter::encoding;

#include "dialects/Encoding/EncodingDialect.cpp.inc"
#include "dialects/Encoding/EncodingEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Encoding/EncodingAttrs.cpp.inc"

namespace {
/// Prints presets once, as aliases: a layer of a model has nine weights.
struct EncodingAsmInterface : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    auto weight = dyn_cast<WeightAttr>(attr);
    if (!weight || weight.presetName().empty())
      return AliasResult::NoAlias;
    os << weight.presetName();
    return AliasResult::FinalAlias;
  }
};
} // namespace

void EncodingDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Encoding/EncodingAttrs.cpp.inc"
      >();
  addInterfaces<EncodingAsmInterface>();
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

static FailureOr<Number> parseNumber(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word))
    return failure();
  if (std::optional<Number> number = symbolizeNumber(word))
    return *number;
  parser.emitError(loc) << "unknown number format '" << word
                        << "'; expected f32, f16, bf16, u4, u5, u6, s6 or s8";
  return failure();
}

static FailureOr<LevelAttr> parseLevel(AsmParser &parser) {
  int64_t rows, cols, zero = 0;
  if (parser.parseLParen() || parser.parseInteger(rows) ||
      parser.parseComma() || parser.parseInteger(cols) || parser.parseRParen())
    return failure();
  FailureOr<Number> scale = parseNumber(parser);
  if (failed(scale))
    return failure();
  Addend addend = Addend::None;
  Number minimum = *scale;
  if (succeeded(parser.parseOptionalKeyword("zero"))) {
    addend = Addend::Zero;
    if (parser.parseInteger(zero))
      return failure();
  } else {
    if (succeeded(parser.parseOptionalKeyword("add")))
      addend = Addend::Add;
    else if (succeeded(parser.parseOptionalKeyword("sub")))
      addend = Addend::Sub;
    if (addend != Addend::None) {
      FailureOr<Number> parsed = parseNumber(parser);
      if (failed(parsed))
        return failure();
      minimum = *parsed;
    }
  }
  return LevelAttr::get(parser.getContext(), rows, cols, *scale, addend, zero,
                        minimum);
}

static void printLevel(AsmPrinter &printer, LevelAttr level) {
  printer << "(" << level.getRows() << ", " << level.getCols() << ") "
          << stringifyNumber(level.getScale());
  if (level.getAddend() == Addend::Zero)
    printer << " zero " << level.getZero();
  else if (level.getAddend() != Addend::None)
    printer << " " << stringifyAddend(level.getAddend()) << " "
            << stringifyNumber(level.getMinimum());
}

Attribute LevelAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<LevelAttr> level = parseLevel(parser);
  if (failed(level) || parser.parseGreater())
    return {};
  return *level;
}

void LevelAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printLevel(printer, *this);
  printer << ">";
}

Attribute WeightAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("dense") || parser.parseComma())
    return {};
  FailureOr<Number> code = parseNumber(parser);
  if (failed(code))
    return {};
  SmallVector<LevelAttr> levels;
  if (succeeded(parser.parseOptionalComma())) {
    auto one = [&]() -> ParseResult {
      FailureOr<LevelAttr> level = parseLevel(parser);
      if (failed(level))
        return failure();
      levels.push_back(*level);
      return success();
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, one))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<WeightAttr>(loc, parser.getContext(), *code,
                                       ArrayRef<LevelAttr>(levels));
}

void WeightAttr::print(AsmPrinter &printer) const {
  printer << "<dense, " << stringifyNumber(getCode());
  if (!getLevels().empty()) {
    printer << ", [";
    llvm::interleaveComma(getLevels(), printer,
                          [&](LevelAttr level) { printLevel(printer, level); });
    printer << "]";
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Invariants
//===----------------------------------------------------------------------===//

static bool isFloatNumber(Number number) {
  return number == Number::F32 || number == Number::F16 ||
         number == Number::BF16;
}

LogicalResult WeightAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Number code, ArrayRef<LevelAttr> levels) {
  if (isFloatNumber(code))
    return levels.empty() ? success()
                          : emitError()
                                << "codes of format " << stringifyNumber(code)
                                << " take no scale levels";
  if (levels.empty())
    return emitError() << "integer codes need at least one scale level";
  int64_t inner = 1;
  for (auto [index, level] : llvm::enumerate(levels)) {
    if (level.getRows() != 1)
      return emitError() << "level " << index << ": groups of "
                         << level.getRows()
                         << " rows are not supported, expected 1";
    if (level.getCols() <= inner || level.getCols() % inner != 0)
      return emitError() << "level " << index << ": group of "
                         << level.getCols()
                         << " columns is not a proper multiple of the inner "
                         << inner;
    inner = level.getCols();
    bool outermost = index + 1 == levels.size();
    if (outermost && !isFloatNumber(level.getScale()))
      return emitError() << "the outermost scale must be a floating point "
                            "number";
    if (level.getAddend() == Addend::Zero && index != 0)
      return emitError() << "only the innermost level may have a zero point";
  }
  for (auto [lower, upper] :
       llvm::zip(levels.drop_back(), levels.drop_front())) {
    bool hasMinima =
        lower.getAddend() == Addend::Sub || lower.getAddend() == Addend::Add;
    if (upper.getAddend() != (hasMinima ? lower.getAddend() : Addend::None))
      return emitError()
             << "minima of a level need a scale in the next level, and "
                "nothing else does";
  }
  return success();
}

LogicalResult
WeightAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                           function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType.isF32())
    return emitError() << "an encoded weight has logical element type f32";
  if (shape.empty() || shape.size() > 2)
    return emitError() << "an encoded weight is a vector or a matrix";
  if (llvm::any_of(shape, ShapedType::isDynamic))
    return emitError() << "an encoded weight has a static shape";
  if (shape.back() % blockElements() != 0)
    return emitError() << "rows of " << shape.back()
                       << " elements do not divide into blocks of "
                       << blockElements();
  return success();
}

//===----------------------------------------------------------------------===//
// Presets
//===----------------------------------------------------------------------===//

WeightAttr WeightAttr::getPreset(MLIRContext *ctx, Preset preset) {
  auto level = [&](int64_t cols, Number scale, Addend addend = Addend::None,
                   int64_t zero = 0, Number minimum = Number::F16) {
    if (addend == Addend::None || addend == Addend::Zero)
      minimum = scale;
    return LevelAttr::get(ctx, 1, cols, scale, addend, zero, minimum);
  };
  auto make = [&](Number code, ArrayRef<LevelAttr> levels) {
    return WeightAttr::get(ctx, code, levels);
  };
  constexpr Number f16 = Number::F16, u6 = Number::U6;
  switch (preset) {
  case Preset::F32:
    return make(Number::F32, {});
  case Preset::F16:
    return make(Number::F16, {});
  case Preset::BF16:
    return make(Number::BF16, {});
  case Preset::Q8_0:
    return make(Number::S8, {level(32, f16)});
  case Preset::Q4_0:
    return make(Number::U4, {level(32, f16, Addend::Zero, 8)});
  case Preset::Q4_1:
    return make(Number::U4, {level(32, f16, Addend::Add)});
  case Preset::Q5_0:
    return make(Number::U5, {level(32, f16, Addend::Zero, 16)});
  case Preset::Q5_1:
    return make(Number::U5, {level(32, f16, Addend::Add)});
  case Preset::Q4_K:
  case Preset::Q5_K:
    return make(
        preset == Preset::Q4_K ? Number::U4 : Number::U5,
        {level(32, u6, Addend::Sub, 0, u6), level(256, f16, Addend::Sub)});
  case Preset::Q6_K:
    return make(Number::S6, {level(16, Number::S8), level(256, f16)});
  }
  llvm_unreachable("covered switch");
}

WeightAttr WeightAttr::getPreset(MLIRContext *ctx, StringRef name) {
  std::optional<Preset> preset = presetByName({name.data(), name.size()});
  return preset ? getPreset(ctx, *preset) : WeightAttr();
}

std::optional<Preset> WeightAttr::getPreset() const {
  for (Preset preset : kPresets)
    if (getPreset(getContext(), preset) == *this)
      return preset;
  return std::nullopt;
}

StringRef WeightAttr::presetName() const {
  std::optional<Preset> preset = getPreset();
  if (!preset)
    return "";
  std::string_view name = encoding::presetName(*preset);
  return {name.data(), name.size()};
}

bool WeightAttr::isFloat() const { return isFloatNumber(getCode()); }

int64_t WeightAttr::blockElements() const {
  return getLevels().empty() ? 1 : getLevels().back().getCols();
}

int64_t WeightAttr::bytes(int64_t rows, int64_t cols) const {
  std::optional<Preset> preset = getPreset();
  assert(preset && "only named formats have a checkpoint form");
  return rows * rowBytes(*preset, cols);
}

void WeightAttr::decodeRow(const uint8_t *bytes, int64_t cols,
                           float *out) const {
  std::optional<Preset> preset = getPreset();
  assert(preset && "only named formats have a checkpoint form");
  encoding::decodeRow(*preset, bytes, cols, out);
}

WeightAttr sinter::encoding::encodingOf(RankedTensorType type) {
  if (auto weight = dyn_cast_or_null<WeightAttr>(type.getEncoding()))
    return weight;
  return WeightAttr::getPreset(type.getContext(), Preset::F32);
}

RankedTensorType sinter::encoding::weightType(MLIRContext *ctx,
                                              ArrayRef<int64_t> shape,
                                              Preset preset) {
  return RankedTensorType::get(shape, Float32Type::get(ctx),
                               WeightAttr::getPreset(ctx, preset));
}

int64_t sinter::encoding::weightRows(RankedTensorType type) {
  return type.getRank() == 2 ? type.getDimSize(0) : 1;
}

int64_t sinter::encoding::weightCols(RankedTensorType type) {
  return type.getShape().back();
}
