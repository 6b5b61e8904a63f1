// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/TinyProgram.h"

namespace sinter::test {

void BlockBuilder::constant(uint32_t dst, int64_t value) {
  plan::ConstT op;
  op.dst = dst;
  op.value = value;
  add(op);
}
void BlockBuilder::arith(plan::ArithKind kind, uint32_t dst, uint32_t lhs,
                         uint32_t rhs) {
  plan::ArithT op;
  op.kind = kind;
  op.dst = dst;
  op.lhs = lhs;
  op.rhs = rhs;
  add(op);
}
void BlockBuilder::copy(uint32_t dst, uint32_t src) {
  plan::CopyT op;
  op.dst = dst;
  op.src = src;
  add(op);
}
void BlockBuilder::load(uint32_t dst, uint32_t buffer, uint64_t offset) {
  plan::LoadI32T op;
  op.dst = dst;
  op.buffer = buffer;
  op.offset = offset;
  add(op);
}
void BlockBuilder::store(uint32_t src, uint32_t buffer, uint64_t offset) {
  plan::StoreI32T op;
  op.src = src;
  op.buffer = buffer;
  op.offset = offset;
  add(op);
}
void BlockBuilder::dispatch(uint32_t kernel,
                            std::vector<plan::BindingT> bindings,
                            Registers scalars) {
  plan::DispatchT op;
  op.kernel = kernel;
  for (plan::BindingT &binding : bindings)
    op.bindings.push_back(std::make_unique<plan::BindingT>(binding));
  op.scalars = scalars;
  add(std::move(op));
}
void BlockBuilder::branch(uint32_t condition, BlockBuilder then,
                          BlockBuilder otherwise) {
  plan::IfT op;
  op.condition = condition;
  op.then_block = std::move(then.block);
  op.else_block = std::move(otherwise.block);
  add(std::move(op));
}
void BlockBuilder::loop(BlockBuilder before, uint32_t condition,
                        BlockBuilder body) {
  plan::WhileT op;
  op.before = std::move(before.block);
  op.condition = condition;
  op.body = std::move(body.block);
  add(std::move(op));
}
void BlockBuilder::call(uint32_t function, Registers args, Registers results) {
  plan::CallT op;
  op.function = function;
  op.args = args;
  op.results = results;
  add(std::move(op));
}
void BlockBuilder::leave(Registers values) {
  plan::ReturnT op;
  op.values = values;
  add(std::move(op));
}
void BlockBuilder::state(plan::StateOpKind kind, uint32_t dst, uint32_t count) {
  plan::StateOpT op;
  op.kind = kind;
  op.dst = dst;
  op.count = count;
  add(op);
}
void BlockBuilder::service(plan::ServiceKind kind, uint32_t argument,
                           uint32_t dst, uint32_t buffer) {
  plan::ServiceT op;
  op.kind = kind;
  op.args = {argument};
  op.dst = dst;
  op.buffer = buffer;
  add(std::move(op));
}

void BlockBuilder::takeRows(Registers results, uint32_t buffer) {
  plan::ServiceT op;
  op.kind = plan::ServiceKind::TakeRows;
  op.buffer = buffer;
  op.results = results;
  add(std::move(op));
}

plan::BindingT bufferBinding(uint32_t buffer, uint64_t offset) {
  plan::BindingT binding;
  binding.index = buffer;
  binding.offset = offset;
  return binding;
}
plan::BindingT sectionBinding(uint32_t section, uint64_t offset) {
  plan::BindingT binding = bufferBinding(section, offset);
  binding.kind = plan::BindingKind::Section;
  return binding;
}
plan::BindingT planeBinding(uint32_t layer, uint32_t plane) {
  plan::BindingT binding;
  binding.kind = plan::BindingKind::StatePlane;
  binding.layer = layer;
  binding.plane = plane;
  return binding;
}
plan::BindingT pagesBinding() {
  plan::BindingT binding;
  binding.kind = plan::BindingKind::StatePages;
  return binding;
}

std::unique_ptr<plan::FunctionT>
makeFunction(const char *name, std::vector<std::string> params,
             uint32_t results, uint32_t registers, BlockBuilder body) {
  auto function = std::make_unique<plan::FunctionT>();
  function->name = name;
  function->params = std::move(params);
  function->results = results;
  function->registers = registers;
  function->body = std::move(body.block);
  return function;
}

} // namespace sinter::test
