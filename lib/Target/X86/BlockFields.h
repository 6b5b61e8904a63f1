// BlockFields.h - 32 columns of one row, whatever the format.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TARGET_X86_BLOCKFIELDS_H
#define SINTER_TARGET_X86_BLOCKFIELDS_H

#include "dialects/Encoding/Presets.h"
#include <cstdint>

namespace sinter {

/// Codes and scales of a block of 32 columns, as strips store them.
struct BlockFields {
  uint8_t codes[32];           // unsigned: signed bytes are stored + 128
  uint16_t scale = 0, min = 0; // f16; of 256 columns if there are scale codes
  uint8_t scaleCode[2] = {0, 0};
  uint8_t minCode = 0;
};

/// Columns [32 * block, 32 * block + 32) of a row in the form of a checkpoint;
/// for the quantized presets.
BlockFields readBlock(encoding::Preset preset, const uint8_t *row,
                      int64_t block);

} // namespace sinter
#endif // SINTER_TARGET_X86_BLOCKFIELDS_H
