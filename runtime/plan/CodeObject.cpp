// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/CodeObject.h"
#include "runtime/base/Vector.h"
#include "runtime/device/cpu/Features.h"
#include "runtime/schema/plan_generated.h"

#include <cstring>

namespace sinter::runtime {

namespace {

/// "a, b" of the features of `object` that this CPU lacks; empty: none.
bool missingFeatures(const plan::CodeObject &object, String &names) {
  if (!object.features())
    return true;
  for (const flatbuffers::String *feature : *object.features())
    if (!cpuHasFeature(feature->string_view()))
      if (!(names.empty() || names.append(", ")) ||
          !names.append(feature->string_view()))
        return false;
  return true;
}

bool listLevels(const plan::Plan &plan, String &names) {
  for (const plan::CodeObject *object : *plan.code())
    if (!(names.empty() || names.append(", ")) ||
        !names.append(object->level()->string_view()))
      return false;
  return true;
}

Status cannotRun(const Origin &origin, const plan::CodeObject &object,
                 const String &missing) {
  return fail(origin.allocator, SINTER_UNSUPPORTED,
              "%s: this CPU cannot run code for %s: it lacks %.*s%s",
              origin.path, object.level()->c_str(), int(missing.size()),
              missing.data(),
              "; compile the model for this machine (llm-compile --target)");
}

} // namespace

Result<uint32_t> chooseCode(const Origin &origin, const plan::Plan &plan,
                            const char *wanted) {
  bool any = !wanted || !*wanted;
  for (uint32_t i = 0; i < plan.code()->size(); ++i) {
    const plan::CodeObject &object = *plan.code()->Get(i);
    if (!any && strcmp(object.level()->c_str(), wanted) != 0)
      continue;
    String missing(origin.allocator);
    SINTER_NEED(missingFeatures(object, missing));
    if (missing.empty())
      return i;
    // The last one asks for the least: its message helps most.
    if (!any || i + 1 == plan.code()->size())
      return cannotRun(origin, object, missing);
  }
  String levels(origin.allocator);
  SINTER_NEED(listLevels(plan, levels));
  return fail(origin.allocator, SINTER_UNSUPPORTED,
              "%s: no code for CPU level \"%s\" (SINTER_CPU or the cpu "
              "option); the plan has %.*s",
              origin.path, wanted, int(levels.size()), levels.data());
}

Result<CodeImage> mapCode(const Origin &origin, const plan::Plan &plan,
                          uint32_t index, int file) {
  const plan::CodeObject &object = *plan.code()->Get(index);
  uint64_t start = plan.sections()->Get(object.section())->offset();
  SINTER_ASSIGN(CodeImage image,
                CodeImage::reserve(origin.allocator, object.image_bytes()));
  for (const plan::Segment *segment : *object.segments())
    SINTER_TRY(image.map(origin.allocator, origin.path, file,
                         segment->address(), start + segment->offset(),
                         segment->bytes(), segment->executable()));
  return image;
}

} // namespace sinter::runtime
