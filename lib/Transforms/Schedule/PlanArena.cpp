//===- PlanArena.cpp - transient memory in one arena ----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace sinter {
#define GEN_PASS_DEF_PLANARENA
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

constexpr int64_t kAlignment = 64;

/// A transient buffer: live from its first to its last use in the region. What
/// stands between two barriers is one moment: workers pass through it at
/// different times. (A barrier for many rows only does not always wait.)
struct Transient {
  memref::AllocOp alloc;
  int64_t bytes = 0;
  unsigned first = 0, last = 0;
  int64_t offset = -1;

  bool livesWith(const Transient &other) const {
    return first <= other.last && other.first <= last;
  }
};

int64_t bytesOf(MemRefType type) {
  int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  return llvm::alignTo((bits + 7) / 8, kAlignment);
}

SmallVector<Transient> collect(func::FuncOp region) {
  DenseMap<Operation *, unsigned> order;
  unsigned moment = 0;
  for (Operation &op : region.getBody().front()) {
    auto barrier = dyn_cast<tile::BarrierOp>(op);
    if (barrier && !barrier.getMany())
      ++moment;
    order[&op] = moment;
  }
  SmallVector<Transient> transients;
  for (auto alloc : region.getBody().front().getOps<memref::AllocOp>()) {
    Transient transient;
    transient.alloc = alloc;
    transient.bytes = bytesOf(alloc.getType());
    transient.first = ~0u;
    SmallVector<Operation *> users(alloc->user_begin(), alloc->user_end());
    while (!users.empty()) {
      Operation *user = users.pop_back_val();
      unsigned at = order.lookup(user);
      transient.first = std::min(transient.first, at);
      transient.last = std::max(transient.last, at);
      if (isa<memref::SubViewOp>(user)) // its readers read the buffer
        llvm::append_range(users, user->getUsers());
    }
    if (transient.first == ~0u)
      transient.first = transient.last = order.lookup(alloc);
    transients.push_back(transient);
  }
  return transients;
}

/// Largest first; each at the lowest offset that no living neighbour covers.
int64_t place(MutableArrayRef<Transient> transients, int64_t base) {
  SmallVector<Transient *> bySize;
  for (Transient &transient : transients)
    bySize.push_back(&transient);
  // Equal sizes keep program order: the transients lie in one array.
  llvm::sort(bySize, [](const Transient *a, const Transient *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  int64_t end = base;
  SmallVector<Transient *> placed;
  for (Transient *transient : bySize) {
    int64_t offset = base;
    for (Transient *other : placed) { // sorted by offset
      if (!transient->livesWith(*other))
        continue;
      if (offset + transient->bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    transient->offset = offset;
    end = std::max(end, offset + transient->bytes);
    auto *where = llvm::upper_bound(
        placed, offset,
        [](int64_t at, const Transient *other) { return at < other->offset; });
    placed.insert(where, transient);
  }
  return end;
}

void rewrite(MutableArrayRef<Transient> transients, Value arena) {
  for (Transient &transient : transients) {
    OpBuilder builder(transient.alloc);
    Location loc = transient.alloc.getLoc();
    Value shift =
        arith::ConstantIndexOp::create(builder, loc, transient.offset);
    Value view = memref::ViewOp::create(builder, loc, transient.alloc.getType(),
                                        arena, shift, ValueRange());
    transient.alloc.replaceAllUsesWith(view);
    transient.alloc.erase();
  }
}

class PlanArenaPass : public sinter::impl::PlanArenaBase<PlanArenaPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto arena = module.lookupSymbol<tile::BufferOp>("arena");
    SmallVector<func::FuncOp> regions;
    for (auto func : module.getOps<func::FuncOp>())
      if (func->hasAttr("tile.region") && !func.isDeclaration())
        regions.push_back(func);
    if (regions.empty())
      return;
    if (!arena) {
      module.emitError("the module has regions but no `tile.buffer @arena`");
      return signalPassFailure();
    }
    int64_t fixed = 0;
    if (auto attr = arena->getAttrOfType<IntegerAttr>("tile.fixed_bytes"))
      fixed = llvm::alignTo(attr.getInt(), kAlignment);

    SmallVector<SmallVector<Transient>> all;
    int64_t end = fixed;
    for (func::FuncOp region : regions) {
      all.push_back(collect(region));
      end = std::max(end, place(all.back(), fixed));
      numBuffers += all.back().size();
    }
    end = std::max<int64_t>(end, kAlignment);
    arenaBytes = end;
    OpBuilder builder(module.getContext());
    arena.setBytes(end);
    auto type = MemRefType::get({end}, builder.getI8Type());
    for (auto [region, transients] : llvm::zip_equal(regions, all)) {
      BlockArgument argument = region.getArgument(0);
      argument.setType(type);
      rewrite(transients, argument);
      region.setType(builder.getFunctionType(
          region.getBody().front().getArgumentTypes(), {}));
    }
  }
};

} // namespace
