// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The head of the file is JSON of a fixed depth: {name: {"dtype": string,
// "shape": [integers], "data_offsets": [begin, end]}, "__metadata__": {string:
// string}}.  It is read without recursion, so that no input can exhaust the
// stack.
#include "lib/Import/Safetensors/SafetensorsFile.h"
#include "lib/Import/TensorFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace sinter;
using namespace sinter::safetensors;

namespace {
struct Element {
  StringLiteral name;
  unsigned bits;
};
constexpr Element kTypes[] = {
    {"F64", 64}, {"F32", 32}, {"F16", 16}, {"BF16", 16}, {"F8_E4M3", 8},
    {"I64", 64}, {"I32", 32}, {"I16", 16}, {"I8", 8},    {"F8_E5M2", 8},
    {"U64", 64}, {"U32", 32}, {"U16", 16}, {"U8", 8},    {"BOOL", 8}};

const Element *findType(StringRef name) {
  const Element *found =
      find_if(kTypes, [&](const Element &type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}
} // namespace

unsigned sinter::safetensors::typeBits(StringRef name) {
  const Element *type = findType(name);
  return type ? type->bits : 0;
}

//===----------------------------------------------------------------------===//
// Parser
//===----------------------------------------------------------------------===//

namespace sinter::safetensors {
/// Reads the head of the file.  Methods return false after they have set
/// `message`.
class Parser {
public:
  explicit Parser(File &file) : file(file), all(file.contents()) {}

  Error run();

private:
  bool fail(const Twine &what) { return failAt(at, what); }
  bool failAt(uint64_t offset, const Twine &what);
  bool readLength();
  /// The next character that is no space; 0 at the end.
  char peek();
  bool take(char wanted, const Twine &where);
  /// Items between `open` and `close`, with commas between them.
  bool items(char open, char close, const Twine &where,
             function_ref<bool()> item);
  bool readString(std::string &out, const Twine &where);
  bool readEscape(std::string &out);
  bool readHex(uint32_t &out);
  bool readNumber(uint64_t &out, const Twine &where);
  bool readEntry();
  bool readMetadata();
  bool readField(Tensor &tensor, unsigned &seen,
                 SmallVector<uint64_t> &offsets);
  bool readNumbers(SmallVector<uint64_t> &out, const Twine &where);
  bool place(Tensor &tensor, uint64_t offset, ArrayRef<uint64_t> offsets);
  bool checkOverlap();

  File &file;
  ArrayRef<uint8_t> all;
  uint64_t at = 0, end = 0; // of the head
  std::string message;
};
} // namespace sinter::safetensors

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

bool Parser::readLength() {
  if (all.size() < 8)
    return failAt(0, "the file of " + Twine(all.size()) +
                         " bytes ends inside the length of its head; it is "
                         "truncated, or no safetensors file");
  uint64_t length = support::endian::read64le(all.data());
  if (length > all.size() - 8)
    return failAt(0, "a head of " + Twine(length) + " bytes in a file of " +
                         Twine(all.size()) +
                         "; it is truncated, or no safetensors file");
  at = 8;
  end = 8 + length;
  return true;
}

char Parser::peek() {
  while (at < end && isSpace(char(all[at])))
    ++at;
  return at < end ? char(all[at]) : 0;
}

bool Parser::take(char wanted, const Twine &where) {
  if (peek() != wanted || at >= end)
    return fail("expected '" + Twine(wanted) + "' in " + where);
  ++at;
  return true;
}

bool Parser::items(char open, char close, const Twine &where,
                   function_ref<bool()> item) {
  if (!take(open, where))
    return false;
  if (peek() == close)
    return take(close, where);
  while (item()) {
    if (peek() == close)
      return take(close, where);
    if (!take(',', where))
      return false;
  }
  return false;
}

bool Parser::readHex(uint32_t &out) {
  out = 0;
  for (int i = 0; i < 4; ++i) {
    unsigned digit = at < end ? hexDigitValue(char(all[at])) : ~0u;
    if (digit > 15)
      return fail("expected four hexadecimal digits after \\u");
    out = out << 4 | digit;
    ++at;
  }
  return true;
}

bool Parser::readEscape(std::string &out) {
  static constexpr StringLiteral from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
  char kind = at < end ? char(all[at]) : 0;
  ++at;
  if (size_t known = from.find(kind); kind && known != StringRef::npos) {
    out += to[known];
    return true;
  }
  uint32_t code, low;
  if (kind != 'u')
    return failAt(at - 1, "an unknown escape in a string");
  if (!readHex(code))
    return false;
  if (code >= 0xd800 && code < 0xdc00) {
    bool pair = at + 1 < end && all[at] == '\\' && all[at + 1] == 'u';
    at += pair ? 2 : 0;
    if (!pair || !readHex(low) || low < 0xdc00 || low > 0xdfff)
      return fail("half of a surrogate pair in a string");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  char utf8[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *next = utf8;
  if (!ConvertCodePointToUTF8(code, next))
    return fail("half of a surrogate pair in a string");
  out.append(utf8, next);
  return true;
}

bool Parser::readString(std::string &out, const Twine &where) {
  if (!take('"', where))
    return false;
  out.clear();
  while (at < end && all[at] != '"') {
    char c = char(all[at++]);
    if (static_cast<unsigned char>(c) < 0x20)
      return failAt(at - 1, "a control character in a string");
    if (c != '\\')
      out += c;
    else if (!readEscape(out))
      return false;
  }
  if (at >= end)
    return fail("the head ends inside a string of " + where);
  ++at;
  return true;
}

bool Parser::readNumber(uint64_t &out, const Twine &where) {
  peek();
  StringRef rest = toStringRef(all.slice(at, end - at));
  StringRef digits = rest.take_while(isDigit);
  if (digits.empty() || digits.getAsInteger(10, out))
    return fail("expected an integer of at most 64 bits in " + where);
  at += digits.size();
  return true;
}

bool Parser::readNumbers(SmallVector<uint64_t> &out, const Twine &where) {
  out.clear();
  return items('[', ']', where,
               [&] { return readNumber(out.emplace_back(), where); });
}

bool Parser::readMetadata() {
  return items('{', '}', "__metadata__", [&] {
    std::string key, value;
    if (!readString(key, "__metadata__") || !take(':', "__metadata__") ||
        !readString(value, "__metadata__"))
      return false;
    file.metadata[key] = value;
    return true;
  });
}

bool Parser::readField(Tensor &tensor, unsigned &seen,
                       SmallVector<uint64_t> &offsets) {
  std::string where = "tensor " + quoted(tensor.name), field, type;
  uint64_t begin = at;
  if (!readString(field, where) || !take(':', where))
    return false;
  SmallVector<uint64_t> numbers;
  unsigned bit = field == "dtype"          ? 1
                 : field == "shape"        ? 2
                 : field == "data_offsets" ? 4
                                           : 0;
  if (bit == 0 || (seen & bit))
    return failAt(begin, where + " has the field " + quoted(field) +
                             (bit ? " twice"
                                  : ", expected dtype, shape and "
                                    "data_offsets"));
  seen |= bit;
  if (bit == 4)
    return readNumbers(offsets, where);
  if (bit == 2) {
    if (!readNumbers(numbers, where))
      return false;
    for (uint64_t size : numbers) {
      if (size > uint64_t(1) << 48)
        return failAt(begin,
                      where + " has an impossible dimension " + Twine(size));
      tensor.shape.push_back(int64_t(size));
    }
    return true;
  }
  if (!readString(type, where))
    return false;
  const Element *known = findType(type);
  if (!known)
    return failAt(begin, where + " has the unknown type " + quoted(type));
  tensor.type = known->name;
  return true;
}

/// Turns offsets into a place in the file, and checks that the tensor fills it.
bool Parser::place(Tensor &tensor, uint64_t offset,
                   ArrayRef<uint64_t> offsets) {
  std::string where = "tensor " + quoted(tensor.name);
  uint64_t room = all.size() - end;
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    return failAt(offset, where + " needs two data_offsets, begin and end");
  if (offsets[1] > room)
    return failAt(offset, where + " ends at byte " + Twine(offsets[1]) +
                              " of the data, which has " + Twine(room) +
                              "; the file is truncated or damaged");
  // Dimensions are below 2^49: a product is checked before it grows further.
  uint64_t elements = 1;
  for (int64_t size : tensor.shape) {
    if (size != 0 && elements > (uint64_t(1) << 56) / uint64_t(size))
      return failAt(offset, where + " has an impossible shape");
    elements *= uint64_t(size);
  }
  tensor.offset = end + offsets[0];
  tensor.bytes = offsets[1] - offsets[0];
  uint64_t needed = elements * (typeBits(tensor.type) / 8);
  if (tensor.bytes != needed)
    return failAt(offset, where + " has " + Twine(tensor.bytes) +
                              " bytes of data, its type and shape need " +
                              Twine(needed));
  return true;
}

bool Parser::readEntry() {
  peek();
  uint64_t offset = at;
  Tensor tensor;
  if (!readString(tensor.name, "the head") || !take(':', "the head"))
    return false;
  if (tensor.name == "__metadata__")
    return readMetadata();
  if (!file.index.try_emplace(tensor.name, file.infos.size()).second)
    return failAt(offset, "tensor " + quoted(tensor.name) + " occurs twice");
  unsigned seen = 0;
  SmallVector<uint64_t> offsets;
  if (!items('{', '}', "tensor " + quoted(tensor.name),
             [&] { return readField(tensor, seen, offsets); }))
    return false;
  if (seen != 7)
    return failAt(offset, "tensor " + quoted(tensor.name) +
                              " lacks a field, expected dtype, shape and "
                              "data_offsets");
  if (!place(tensor, offset, offsets))
    return false;
  file.infos.push_back(std::move(tensor));
  return true;
}

bool Parser::checkOverlap() {
  auto [first, second] = findOverlap(ArrayRef<Tensor>(file.infos));
  return !second ||
         failAt(second->offset, "tensors " + quoted(first->name) + " and " +
                                    quoted(second->name) + " overlap");
}

Error Parser::run() {
  bool ok =
      readLength() && items('{', '}', "the head", [&] { return readEntry(); });
  if (ok && (peek(), at != end))
    ok = fail("expected the end of the head");
  if (ok && checkOverlap())
    return Error::success();
  return createStringError(inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<File>> File::open(StringRef path) {
  auto buffer = mapTensorFile(path, "a safetensors file");
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

std::optional<StringRef> File::find(StringRef key) const {
  auto it = metadata.find(key);
  if (it == metadata.end())
    return std::nullopt;
  return StringRef(it->second);
}

const Tensor *File::tensor(StringRef name) const {
  auto it = index.find(name);
  return it == index.end() ? nullptr : &infos[it->second];
}

ArrayRef<uint8_t> File::bytes(const Tensor &tensor) const {
  return contents().slice(tensor.offset, tensor.bytes);
}
