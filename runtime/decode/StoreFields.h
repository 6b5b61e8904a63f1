// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_STOREFIELDS_H
#define SINTER_RUNTIME_DECODE_STOREFIELDS_H

#include <cstdint>
#include <cstring>

namespace sinter::runtime {

/// Goes through the numbers of a draft store in their order, so that one
/// function of each class says what is kept of it: counts their bytes, writes
/// them, or reads them and checks that they are possible.
class StoreFields {
public:
  static StoreFields counting() { return {Mode::Count, nullptr}; }
  static StoreFields writing(uint8_t *to) { return {Mode::Write, to}; }
  /// Of memory with as many bytes as were counted.
  static StoreFields reading(const uint8_t *from) {
    return {Mode::Read, const_cast<uint8_t *>(from)};
  }

  /// From `least` to `most`.
  template <typename T> void number(T &value, T least, T most) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    if (mode == Mode::Write)
      memcpy(at + passed, &value, sizeof(T));
    T read;
    if (mode == Mode::Read) {
      memcpy(&read, at + passed, sizeof(T));
      if (read >= least && read <= most) // not so of a NaN
        value = read;
      else if (possible)
        possible = false, impossible = passed;
    }
    passed += sizeof(T);
  }
  void flag(bool &value) {
    uint32_t number = value;
    this->number(number, 0u, 1u);
    value = number;
  }

  uint64_t bytes() const { return passed; }
  /// Whether all that was read was.
  bool ok() const { return possible; }
  /// Where the first number was not, in bytes.
  uint64_t badAt() const { return impossible; }

private:
  enum class Mode { Count, Write, Read };
  StoreFields(Mode mode, uint8_t *at) : mode(mode), at(at) {}

  Mode mode;
  uint8_t *at; // read only when reading
  uint64_t passed = 0, impossible = 0;
  bool possible = true;
};

} // namespace sinter::runtime
#endif
