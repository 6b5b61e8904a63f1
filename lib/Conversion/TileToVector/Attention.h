// Attention.h - the two lowerings of attention.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_ATTENTION_H
#define SINTER_CONVERSION_TILETOVECTOR_ATTENTION_H

#include "lib/Conversion/TileToVector/Places.h"

namespace sinter {

/// For up to AttentionWork::kFewRows rows; may contain barriers.
void emitAttentionBySpans(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                          Share share, RowMachine machine);
/// For any number of rows.
void emitAttentionByBlocks(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                           Share share, RowMachine machine);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_ATTENTION_H
