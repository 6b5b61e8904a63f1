//===- LinearProbes.h - trained probes of exits
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_EXIT_LINEARPROBES_H
#define SINTER_LIB_TRANSFORMS_EXIT_LINEARPROBES_H

#include "lib/Import/Safetensors/SafetensorsFile.h"

namespace sinter {

/// How likely all layers say what the head says here, as tile.logistic has it.
struct LinearProbe {
  std::vector<float> weights;
  float bias = 0;
};

/// The probe after `layers` layers of a model whose rows have `width` columns.
/// `__metadata__` of the file says `probes`: linear. Tensors, in F32:
/// `exits.L.weight` of a number for each column and `exits.L.bias` of one.
llvm::Expected<LinearProbe> readLinearProbe(const safetensors::File &file,
                                            int64_t layers, int64_t width);

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_EXIT_LINEARPROBES_H
