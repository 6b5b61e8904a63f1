// Lowerings.cpp - the list of all lowerings.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/TileLowering.h"

using namespace mlir;
using namespace sinter;

void sinter::registerTileLowerings(TileLoweringRegistry &registry) {
  registerContractLowerings(registry);
  registerQuantizeLowerings(registry);
  registerEmbedLowerings(registry);
}
