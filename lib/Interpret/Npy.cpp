// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <bit>

using namespace llvm;

template <typename T>
Error sinter::interpret::writeNpy(StringRef path, ArrayRef<int64_t> shape,
                                  ArrayRef<T> data) {
  static_assert(std::endian::native == std::endian::little);
  std::string header = "{'descr': '<f" + std::to_string(sizeof(T)) +
                       "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : shape)
    header += std::to_string(dim) + ", ";
  header += "), }";
  // Magic, version and length take 10 bytes; the data begins at a multiple of
  // 64 after a newline.
  header.resize(alignTo(10 + header.size() + 1, 64) - 11, ' ');
  header += '\n';

  std::error_code error;
  raw_fd_ostream os(path, error);
  if (error)
    return createStringError(error, path + ": " + error.message());
  os << StringRef("\x93NUMPY\x01\x00", 8);
  support::endian::write<uint16_t>(os, header.size(), endianness::little);
  os << header;
  os.write(reinterpret_cast<const char *>(data.data()),
           data.size() * sizeof(T));
  os.close();
  if (os.has_error()) {
    std::string message = os.error().message();
    os.clear_error();
    return createStringError(inconvertibleErrorCode(), path + ": " + message);
  }
  return Error::success();
}

template Error sinter::interpret::writeNpy(StringRef, ArrayRef<int64_t>,
                                           ArrayRef<float>);
template Error sinter::interpret::writeNpy(StringRef, ArrayRef<int64_t>,
                                           ArrayRef<double>);
