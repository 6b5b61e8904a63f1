// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Llm/Fidelity.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace sinter;

StringRef sinter::fidelityName(Fidelity fidelity) {
  switch (fidelity) {
  case Fidelity::Exact:
    return "exact";
  case Fidelity::Distribution:
    return "distribution";
  case Fidelity::Lossy:
    return "lossy";
  }
  llvm_unreachable("no other fidelity");
}

/// The attribute that has the parts of this fidelity.
static std::string attributeOf(Fidelity fidelity) {
  return ("llm." + fidelityName(fidelity)).str();
}

static DictionaryAttr knobsOf(ModuleOp module, Fidelity fidelity) {
  return module->getAttrOfType<DictionaryAttr>(attributeOf(fidelity));
}

void sinter::declareFidelity(ModuleOp module, Fidelity fidelity, StringRef knob,
                             const Twine &value) {
  if (fidelity == Fidelity::Exact)
    return;
  Builder builder(module.getContext());
  NamedAttrList knobs(knobsOf(module, fidelity));
  knobs.set(knob, builder.getStringAttr(value));
  module->setAttr(attributeOf(fidelity),
                  knobs.getDictionary(module.getContext()));
}

Fidelity sinter::fidelityOf(ModuleOp module) {
  for (Fidelity fidelity : {Fidelity::Lossy, Fidelity::Distribution})
    if (knobsOf(module, fidelity))
      return fidelity;
  return Fidelity::Exact;
}

std::string sinter::fidelityKnobs(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (DictionaryAttr knobs = knobsOf(module, fidelityOf(module)))
    llvm::interleave(
        knobs, os,
        [&](NamedAttribute knob) {
          os << knob.getName().getValue() << " "
             << cast<StringAttr>(knob.getValue()).getValue();
        },
        "; ");
  return text;
}
