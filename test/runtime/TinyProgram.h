// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_TEST_RUNTIME_TINYPROGRAM_H
#define SINTER_TEST_RUNTIME_TINYPROGRAM_H

#include "runtime/schema/plan_generated.h"

#include <initializer_list>

namespace sinter::test {

/// Ops of a function, one call each.
class BlockBuilder {
public:
  using Registers = std::initializer_list<uint32_t>;

  template <typename T> T &add(T op) {
    auto holder = std::make_unique<plan::OpT>();
    holder->op.Set(std::move(op));
    block->ops.push_back(std::move(holder));
    return *static_cast<T *>(block->ops.back()->op.value);
  }
  void constant(uint32_t dst, int64_t value);
  void arith(plan::ArithKind kind, uint32_t dst, uint32_t lhs, uint32_t rhs);
  void copy(uint32_t dst, uint32_t src);
  void load(uint32_t dst, uint32_t buffer, uint64_t offset = 0);
  void store(uint32_t src, uint32_t buffer, uint64_t offset = 0);
  void dispatch(uint32_t kernel, std::vector<plan::BindingT> bindings,
                Registers scalars);
  void branch(uint32_t condition, BlockBuilder then, BlockBuilder otherwise);
  void loop(BlockBuilder before, uint32_t condition, BlockBuilder body);
  void call(uint32_t function, Registers args, Registers results);
  void leave(Registers values);
  void state(plan::StateOpKind kind, uint32_t dst, uint32_t count);
  void service(plan::ServiceKind kind, uint32_t argument, uint32_t dst,
               uint32_t buffer = 0);
  void takeRows(Registers results, uint32_t buffer);

  std::unique_ptr<plan::BlockT> block = std::make_unique<plan::BlockT>();
};

plan::BindingT bufferBinding(uint32_t buffer, uint64_t offset = 0);
plan::BindingT sectionBinding(uint32_t section, uint64_t offset = 0);
plan::BindingT planeBinding(uint32_t layer, uint32_t plane);
plan::BindingT pagesBinding();

std::unique_ptr<plan::FunctionT>
makeFunction(const char *name, std::vector<std::string> params,
             uint32_t results, uint32_t registers, BlockBuilder body);

} // namespace sinter::test
#endif
