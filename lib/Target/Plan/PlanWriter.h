// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a plan file; the only writer of the schema.

#ifndef SINTER_LIB_TARGET_PLAN_PLANWRITER_H
#define SINTER_LIB_TARGET_PLAN_PLANWRITER_H

#include "dialects/Plan/PlanOps.h"
#include "mlir/Support/Timing.h"
#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/ThreadPool.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sinter {

class OutputFile;

/// Machine code of one CPU level.
struct PlanCode {
  struct Segment {
    uint64_t address; // relative to the image base; a multiple of 4096
    bool executable;
    llvm::ArrayRef<char> bytes;
  };
  std::string level;                 // "x86-64-v3"
  std::vector<std::string> features; // that the machine must have
  uint64_t imageBytes = 0;           // a multiple of 4096
  std::vector<Segment> segments;
  llvm::StringMap<uint64_t> entries; // kernel -> address
};

/// Part of a weight, so that neither memory nor waiting grows with tensors.
struct WeightPanel {
  uint64_t offset; // in the weight
  uint64_t bytes;
  /// Fills the bytes of the panel, which are zero before.
  std::function<llvm::Error(llvm::MutableArrayRef<uint8_t>)> pack;
};

/// What a plan says of the bytes of a section.
struct SectionDigests {
  std::vector<uint64_t> blocks; // XXH3-64 of each
  std::string sha256;           // in hexadecimal; empty: not known yet
};

/// Where sections of weights that were packed before are kept.
class PackedSections {
public:
  virtual ~PackedSections() = default;
  /// Writes the bytes if the section is here; nothing if it is not.
  virtual llvm::Expected<std::optional<SectionDigests>>
  load(llvm::StringRef section, OutputFile &out, uint64_t offset,
       uint64_t bytes) = 0;
  virtual void keep(llvm::StringRef section, llvm::ArrayRef<uint8_t> bytes,
                    const SectionDigests &digests) = 0;
};

/// Everything that goes into a plan.
struct PlanInputs {
  /// Module of `plan` ops (nested modules are not looked at). Sections of code
  /// are added from `code`.
  mlir::ModuleOp program;

  /// Gives the code objects, the preferred one first. Asked for when weights
  /// are packed, so that code may be compiled meanwhile. The bytes of segments
  /// must live as long as the inputs.
  std::function<llvm::Expected<std::vector<PlanCode>>()> code;

  /// Divides a weight of that many bytes into panels, in any order; several
  /// threads pack them.
  std::function<llvm::Expected<std::vector<WeightPanel>>(planir::WeightOp,
                                                         uint64_t bytes)>
      divideWeight;
  PackedSections *packed = nullptr; // may be null
  /// The threads that pack and digest.
  llvm::ThreadPoolInterface *pool = nullptr;

  std::unique_ptr<plan::TokenizerT> tokenizer;         // may be null
  std::unique_ptr<plan::ChatTemplateT> chatTemplate;   // may be null
  std::unique_ptr<plan::GenerationDefaultsT> defaults; // null: the schema's

  /// Written in the order of their keys. Each weight section adds its own
  /// digest as "sha256:NAME".
  std::vector<std::pair<std::string, std::string>> provenance;
  std::vector<std::pair<std::string, std::string>> quality;

  /// Called with the path of the finished file, which is a plan without golden
  /// section; what it returns is put in. May be empty.
  std::function<llvm::Expected<std::unique_ptr<plan::GoldenT>>(
      llvm::StringRef path)>
      golden;

  /// Likewise, where a drafter wants bigrams: what the finished plan says after
  /// each id. Must not be empty then.
  std::function<llvm::Expected<std::unique_ptr<plan::BigramsT>>(
      llvm::StringRef path)>
      bigrams;

  /// Likewise, where drafts are verified: what forwards of the finished plan
  /// take. Empty: as predicted.
  std::function<llvm::Expected<std::unique_ptr<plan::CostsT>>(
      llvm::StringRef path)>
      costs;

  /// Called with the path of the whole file before it gets its name. May be
  /// empty.
  std::function<void(llvm::StringRef path)> finished;
};

/// Writes the plan to `path`: under a temporary name in the same folder, then
/// renamed. On any failure, and on a signal that ends the process, the
/// temporary file is removed. Equal inputs give equal bytes. The same
/// folder must have room for all weights before one is packed.
llvm::Error writePlan(const PlanInputs &inputs, llvm::StringRef path,
                      mlir::TimingScope &timing);

/// Peak heap bytes that the formula of a plan gives.
uint64_t peakBytes(const plan::MemoryT &memory, uint64_t sessions,
                   uint64_t context, uint64_t workers);

} // namespace sinter

#endif
