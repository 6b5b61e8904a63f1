// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/GGUF/GgufFile.h"
#include "lib/Import/TensorFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace sinter;
using namespace sinter::gguf;

//===----------------------------------------------------------------------===//
// Parser
//===----------------------------------------------------------------------===//

namespace sinter::gguf {
/// Reads the head of the file.  Methods return false after they have set
/// `message`, so that a loop over a million strings builds no Error objects.
class Parser {
public:
  explicit Parser(File &file)
      : file(file), start(file.contents().data()),
        size(file.contents().size()) {}

  Error run();

private:
  bool fail(const Twine &what) { return failAt(at, what); }
  bool failAt(uint64_t offset, const Twine &what);
  /// Checks that `bytes` more bytes exist.
  bool need(uint64_t bytes, const Twine &what);
  bool readU32(uint32_t &out, const Twine &what);
  bool readU64(uint64_t &out, const Twine &what);
  bool readString(StringRef &out, const Twine &what);
  bool readHeader(uint64_t &tensors, uint64_t &keys);
  bool readPair();
  bool readValue(StringRef key, Value &value);
  bool readElements(StringRef key, Value &value);
  bool readTensor();
  bool readShape(Tensor &tensor);
  bool readAlignment();
  bool placeTensors();
  bool checkOverlap();

  File &file;
  const uint8_t *start;
  uint64_t size, at = 0;
  std::string message;
};
} // namespace sinter::gguf

/// A name for a message: quoted, without control characters, not too long.
static std::string quoted(StringRef name) {
  std::string text = "'";
  raw_string_ostream os(text);
  printEscapedString(name.take_front(80), os);
  return text + (name.size() > 80 ? "...'" : "'");
}

bool Parser::failAt(uint64_t offset, const Twine &what) {
  message = (file.path() + ": offset " + Twine(offset) + ": " + what).str();
  return false;
}

bool Parser::need(uint64_t bytes, const Twine &what) {
  if (bytes <= size - at)
    return true;
  return fail("the file ends inside " + what + " (" + Twine(bytes) +
              " bytes needed, " + Twine(size - at) +
              " left); it is truncated or damaged");
}

bool Parser::readU32(uint32_t &out, const Twine &what) {
  if (!need(4, what))
    return false;
  out = support::endian::read32le(start + at);
  at += 4;
  return true;
}

bool Parser::readU64(uint64_t &out, const Twine &what) {
  if (!need(8, what))
    return false;
  out = support::endian::read64le(start + at);
  at += 8;
  return true;
}

bool Parser::readString(StringRef &out, const Twine &what) {
  uint64_t length;
  if (!readU64(length, what) || !need(length, what))
    return false;
  out = StringRef(reinterpret_cast<const char *>(start + at), length);
  at += length;
  return true;
}

bool Parser::readHeader(uint64_t &tensors, uint64_t &keys) {
  uint32_t magic, version;
  if (!readU32(magic, "the magic number"))
    return false;
  if (magic != 0x46554747)
    return failAt(0, "expected the magic bytes GGUF; this is no GGUF file");
  if (!readU32(version, "the version"))
    return false;
  if (version == 0x02000000 || version == 0x03000000)
    return failAt(4, "the file is big-endian; convert it to little-endian");
  if (version != 2 && version != 3)
    return failAt(4, "GGUF version " + Twine(version) +
                         " is not supported, expected 2 or 3");
  file.fileVersion = version;
  if (!readU64(tensors, "the tensor count") ||
      !readU64(keys, "the metadata count"))
    return false;
  // A tensor takes at least 24 bytes of the head, a key-value pair 13.
  if (tensors > (size - at) / 24)
    return failAt(8, "a count of " + Twine(tensors) +
                         " tensors is impossible in a file of " + Twine(size) +
                         " bytes");
  if (keys > (size - at) / 13)
    return failAt(16, "a count of " + Twine(keys) +
                          " metadata entries is impossible in a file of " +
                          Twine(size) + " bytes");
  return true;
}

bool Parser::readPair() {
  uint64_t offset = at;
  KeyValue pair;
  if (!readString(pair.key, "a metadata key"))
    return false;
  if (pair.key.empty())
    return failAt(offset, "a metadata key is empty");
  if (!file.pairIndex.try_emplace(pair.key, file.pairs.size()).second)
    return failAt(offset, "metadata key " + quoted(pair.key) + " occurs twice");
  if (!readValue(pair.key, pair.value))
    return false;
  file.pairs.push_back(std::move(pair));
  return true;
}

bool Parser::readValue(StringRef key, Value &value) {
  uint64_t offset = at;
  uint32_t type;
  value.count = 1;
  if (!readU32(type, "the type of " + quoted(key)))
    return false;
  if (type == static_cast<uint32_t>(ValueType::Array)) {
    value.array = true;
    if (!readU32(type, "the element type of " + quoted(key)) ||
        !readU64(value.count, "the length of " + quoted(key)))
      return false;
    if (type == static_cast<uint32_t>(ValueType::Array))
      return failAt(offset, "metadata " + quoted(key) +
                                " is an array of arrays, which is not "
                                "supported");
  }
  if (type > static_cast<uint32_t>(ValueType::F64))
    return failAt(offset, "metadata " + quoted(key) + " has unknown type " +
                              Twine(type));
  value.elementType = static_cast<ValueType>(type);
  uint64_t least = scalarBytes(value.elementType);
  if (value.count > (size - at) / least)
    return failAt(offset, "metadata " + quoted(key) + " with " +
                              Twine(value.count) +
                              " elements does not fit into the file");
  return readElements(key, value);
}

bool Parser::readElements(StringRef key, Value &value) {
  if (value.elementType == ValueType::String) {
    value.texts.reserve(value.count);
    for (uint64_t i = 0; i < value.count; ++i) {
      StringRef text;
      if (!readString(text, "a string of " + quoted(key)))
        return false;
      value.texts.push_back(text);
    }
    return true;
  }
  value.data = start + at;
  at += value.count * scalarBytes(value.elementType);
  if (value.elementType != ValueType::Bool)
    return true;
  for (uint64_t i = 0; i < value.count; ++i)
    if (value.data[i] > 1)
      return fail("metadata " + quoted(key) + " is a bool of value " +
                  Twine(unsigned(value.data[i])));
  return true;
}

bool Parser::readTensor() {
  uint64_t offset = at;
  Tensor tensor;
  if (!readString(tensor.name, "a tensor name"))
    return false;
  if (tensor.name.empty())
    return failAt(offset, "a tensor has an empty name");
  if (!file.tensorIndex.try_emplace(tensor.name, file.infos.size()).second)
    return failAt(offset, "tensor " + quoted(tensor.name) + " occurs twice");
  if (!readShape(tensor) ||
      !readU32(tensor.type, "the type of tensor " + quoted(tensor.name)) ||
      !readU64(tensor.offset, "the offset of tensor " + quoted(tensor.name)))
    return false;
  file.infos.push_back(std::move(tensor));
  return true;
}

bool Parser::readShape(Tensor &tensor) {
  uint64_t offset = at;
  uint32_t rank;
  if (!readU32(rank, "the rank of tensor " + quoted(tensor.name)))
    return false;
  if (rank < 1 || rank > 4)
    return failAt(offset, "tensor " + quoted(tensor.name) + " has rank " +
                              Twine(rank) + ", expected 1 to 4");
  uint64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t dim;
    if (!readU64(dim, "the shape of tensor " + quoted(tensor.name)))
      return false;
    // 2^56 elements of at most 8 bytes keep every size inside 64 bits.
    if (dim == 0 || dim > (uint64_t(1) << 56) / elements)
      return failAt(offset, "tensor " + quoted(tensor.name) +
                                " has an impossible dimension " + Twine(dim));
    elements *= dim;
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(dim));
  }
  return true;
}

bool Parser::readAlignment() {
  const Value *value = file.find("general.alignment");
  if (!value)
    return true;
  std::optional<uint64_t> alignment = value->asUnsigned();
  if (value->isArray() || !alignment || *alignment == 0 ||
      *alignment > (1u << 30) || !isPowerOf2_64(*alignment))
    return fail("metadata 'general.alignment' must be a power of two up to "
                "2^30");
  file.dataAlignment = *alignment;
  return true;
}

/// Turns offsets into file offsets and checks them.
bool Parser::placeTensors() {
  file.dataStart = alignTo(at, file.dataAlignment);
  for (Tensor &tensor : file.infos) {
    std::string name = quoted(tensor.name);
    if (file.dataStart > size || tensor.offset > size - file.dataStart)
      return fail("tensor " + name + " begins at byte " + Twine(tensor.offset) +
                  " of the data, which is beyond the end of the file of " +
                  Twine(size) + " bytes; it is truncated or damaged");
    if (tensor.offset % file.dataAlignment != 0)
      return fail("tensor " + name + " begins at byte " + Twine(tensor.offset) +
                  " of the data, which is no multiple of the alignment " +
                  Twine(file.dataAlignment));
    tensor.offset += file.dataStart;
    const TypeInfo *info = typeInfo(tensor.type);
    if (!info)
      continue;
    int64_t elements = 1;
    for (int64_t dim : tensor.shape)
      elements *= dim;
    if (tensor.shape.back() % info->elements != 0)
      return fail("tensor " + name + " has rows of " +
                  Twine(tensor.shape.back()) + " elements, " + info->name +
                  " needs a multiple of " + Twine(info->elements));
    tensor.bytes = elements / info->elements * info->bytes;
    if (tensor.bytes > size - tensor.offset)
      return fail("tensor " + name + " of " + Twine(tensor.bytes) +
                  " bytes at offset " + Twine(tensor.offset) +
                  " ends beyond the end of the file of " + Twine(size) +
                  " bytes; it is truncated or damaged");
  }
  return true;
}

bool Parser::checkOverlap() {
  auto [first, second] = findOverlap(ArrayRef<Tensor>(file.infos));
  return !second ||
         failAt(second->offset, "tensors " + quoted(first->name) + " and " +
                                    quoted(second->name) + " overlap");
}

Error Parser::run() {
  uint64_t tensors = 0, keys = 0;
  bool ok = readHeader(tensors, keys);
  if (ok)
    file.pairs.reserve(keys);
  for (uint64_t i = 0; ok && i < keys; ++i)
    ok = readPair();
  ok = ok && readAlignment();
  for (uint64_t i = 0; ok && i < tensors; ++i)
    ok = readTensor();
  ok = ok && placeTensors() && checkOverlap();
  if (ok)
    return Error::success();
  return createStringError(inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<File>> File::open(StringRef path) {
  auto buffer = mapTensorFile(path, "a GGUF file");
  if (!buffer)
    return buffer.takeError();
  return parse(std::move(*buffer));
}

Expected<std::unique_ptr<File>>
File::parse(std::unique_ptr<MemoryBuffer> buffer) {
  std::unique_ptr<File> file(new File());
  file->buffer = std::move(buffer);
  if (Error error = Parser(*file).run())
    return error;
  return file;
}

ArrayRef<uint8_t> File::contents() const {
  return arrayRefFromStringRef(buffer->getBuffer());
}

const Value *File::find(StringRef key) const {
  auto it = pairIndex.find(key);
  return it == pairIndex.end() ? nullptr : &pairs[it->second].value;
}

std::optional<StringRef> File::findString(StringRef key) const {
  const Value *value = find(key);
  return value && !value->isArray() ? value->asString() : std::nullopt;
}
std::optional<uint64_t> File::findUnsigned(StringRef key) const {
  const Value *value = find(key);
  return value && !value->isArray() ? value->asUnsigned() : std::nullopt;
}
std::optional<double> File::findDouble(StringRef key) const {
  const Value *value = find(key);
  return value && !value->isArray() ? value->asDouble() : std::nullopt;
}
std::optional<bool> File::findBool(StringRef key) const {
  const Value *value = find(key);
  return value && !value->isArray() ? value->asBool() : std::nullopt;
}

const Tensor *File::tensor(StringRef name) const {
  auto it = tensorIndex.find(name);
  return it == tensorIndex.end() ? nullptr : &infos[it->second];
}

ArrayRef<uint8_t> File::bytes(const Tensor &tensor) const {
  return contents().slice(tensor.offset, tensor.bytes);
}
