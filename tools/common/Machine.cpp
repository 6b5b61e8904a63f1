// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Machine.h"
#include "tools/common/Failure.h"
#include "tools/common/Options.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

using namespace sinter::tools;

Machine Machine::of(const Plan &plan, const Roofs &roofs) {
  return {static_cast<uint32_t>(plan.number(SINTER_THREADS)), roofs,
          std::string(plan.property("cpu").value_or("")), true};
}

std::string Machine::line() const {
  std::string text = probeLine(threads, {roofs});
  return measured ? text : "given, not measured: " + text;
}

nlohmann::ordered_json Machine::json() const {
  nlohmann::ordered_json object = {{"threads", threads},
                                   {"stream_gb_s", roofs.stream},
                                   {"dot_gop_s", roofs.dot},
                                   {"fma_gflop_s", roofs.fma},
                                   {"measured", measured}};
  if (roofs.barrierNs > 0)
    object["barrier_ns"] = roofs.barrierNs;
  if (roofs.bf16 > 0)
    object["bf16_gflop_s"] = roofs.bf16;
  if (!codeObject.empty())
    object["code_object"] = codeObject;
  return object;
}

Machine sinter::tools::parseMachine(const std::string &option,
                                    std::string_view text) {
  Machine machine;
  std::optional<float> threads, barrier, bf16, stream, dot, fma;
  const std::pair<std::string_view, std::optional<float> *> names[] = {
      {"threads", &threads}, {"bf16", &bf16}, {"barrier", &barrier},
      {"stream", &stream},   {"dot", &dot},   {"fma", &fma}};
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    at = end + 1;
    const size_t colon = std::min(part.find(':'), part.size());
    std::optional<float> *place = nullptr;
    for (const auto &[name, known] : names)
      if (part.substr(0, colon) == name)
        place = known;
    if (!place || colon == part.size())
      throw UsageError(option +
                       " wants stream:N,dot:N,fma:N and, if need be, "
                       "bf16:N, threads:N and barrier:N, not '" +
                       std::string(part) + "'");
    *place = parseFloat(option, part.substr(colon + 1),
                        std::numeric_limits<float>::min(),
                        std::numeric_limits<float>::max());
  }
  if (!stream || !dot || !fma)
    throw UsageError(option + " wants all of stream, dot and fma");
  machine.roofs = {*stream, *dot, *fma, bf16.value_or(0), barrier.value_or(0)};
  machine.threads = static_cast<uint32_t>(std::max(1.0f, threads.value_or(1)));
  return machine;
}
