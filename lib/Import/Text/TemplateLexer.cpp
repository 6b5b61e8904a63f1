// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/TemplateLexer.h"

#include <algorithm>
#include <charconv>

using namespace sinter::import;

/// Line ends become \n, and one at the very end is dropped.
static std::string normalize(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      i += i + 1 < source.size() && source[i + 1] == '\n';
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n')
    out.pop_back();
  return out;
}

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}
static bool isSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

/// Bytes of the white space character at the start of `text`, 0 for none.
static size_t spaceBytes(std::string_view text) {
  if (text.empty())
    return 0;
  if (isSpace(text[0]))
    return 1;
  for (std::string_view wide :
       {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
        "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
        "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"})
    if (text.starts_with(wide))
      return wide.size();
  return 0;
}

static bool isAllSpace(std::string_view text) {
  while (size_t n = spaceBytes(text))
    text.remove_prefix(n);
  return text.empty();
}

static std::string_view trimRight(std::string_view text) {
  size_t end = 0;
  for (size_t i = 0; i < text.size();) {
    size_t n = spaceBytes(text.substr(i));
    i += n ? n : 1;
    if (!n)
      end = i;
  }
  return text.substr(0, end);
}

TemplateLexer::TemplateLexer(std::string_view from) : source(normalize(from)) {}

bool TemplateLexer::fail(std::string message) {
  error = std::move(message);
  errorLine = line;
  return false;
}

void TemplateLexer::advance(size_t to) {
  line += std::count(source.begin() + position, source.begin() + to, '\n');
  if (to > position)
    lineStarts = source[to - 1] == '\n';
  position = to;
}

/// A text token for [begin, end), which a tag at `end` follows.
void TemplateLexer::text(std::vector<Token> &tokens, size_t begin, size_t end,
                         bool mayStripLine) {
  std::string_view text = std::string_view(source).substr(begin, end - begin);
  char sign = end + 2 < source.size() ? source[end + 2] : 0;
  if (sign == '-') {
    text = trimRight(text);
  } else if (sign != '+' && mayStripLine) {
    size_t start = text.rfind('\n') + 1; // npos + 1 is 0
    if ((start > 0 || lineStarts) && isAllSpace(text.substr(start)))
      text = text.substr(0, start);
  }
  if (!text.empty())
    tokens.push_back({TokenKind::Text, std::string(text), line});
}

bool TemplateLexer::run(std::vector<Token> &tokens) {
  while (true) {
    size_t begin = position, open = begin;
    while ((open = source.find('{', open)) != std::string::npos &&
           (open + 1 == source.size() ||
            std::string_view("%{#").find(source[open + 1]) ==
                std::string_view::npos))
      ++open;
    if (open == std::string::npos) {
      if (begin < source.size())
        tokens.push_back({TokenKind::Text, source.substr(begin), line});
      advance(source.size());
      tokens.push_back({TokenKind::End, "", line});
      return true;
    }
    char kind = source[open + 1];
    text(tokens, begin, open, kind != '{');
    advance(open);
    size_t sign = open + 2;
    bool hasSign =
        sign < source.size() && (source[sign] == '-' || source[sign] == '+');
    advance(sign + (hasSign && kind != '#'));
    bool good = kind == '#'   ? comment()
                : kind == '{' ? tag(tokens, true)
                              : raw(tokens, open);
    if (!good)
      return false;
  }
}

/// Behind "%}" or "#}": a minus sign before it eats white space, a plus sign
/// nothing, no sign one line break.
void TemplateLexer::afterBlockEnd() {
  char sign = source[position - 3];
  size_t to = position;
  if (sign == '-') {
    while (size_t n = spaceBytes(std::string_view(source).substr(to)))
      to += n;
  } else if (sign != '+' && to < source.size() && source[to] == '\n') {
    ++to;
  }
  advance(to);
}

bool TemplateLexer::comment() {
  size_t end = source.find("#}", position);
  if (end == std::string::npos)
    return fail("a comment {# is not closed");
  advance(end + 2);
  afterBlockEnd();
  return true;
}

/// A block tag; `{% raw %}` is looked for first.
bool TemplateLexer::raw(std::vector<Token> &tokens, size_t begin) {
  auto skip = [&](size_t i) {
    while (i < source.size() && isSpace(source[i]))
      ++i;
    return i;
  };
  auto word = [&](size_t i, std::string_view name, size_t &after) {
    i = skip(i);
    if (source.compare(i, name.size(), name) != 0)
      return false;
    after = skip(i + name.size());
    if (source.compare(after, 2, "%}") == 0)
      return true;
    bool sign =
        after < source.size() &&
        (source[after] == '-' || (source[after] == '+' && name == "endraw"));
    return sign && source.compare(++after, 2, "%}") == 0;
  };
  size_t after;
  if (!word(position, "raw", after))
    return tag(tokens, false);
  bool eats = source[after - 1] == '-';
  advance(after + 2);
  if (eats)
    afterBlockEnd();
  size_t content = position;
  for (size_t close = content;
       (close = source.find("{%", close)) != std::string::npos; close += 2) {
    size_t name = close + 2;
    name +=
        name < source.size() && (source[name] == '-' || source[name] == '+');
    if (!word(name, "endraw", after))
      continue;
    text(tokens, content, close, true);
    advance(after + 2);
    afterBlockEnd();
    return true;
  }
  return fail("{% raw %} is not closed");
}

bool TemplateLexer::tag(std::vector<Token> &tokens, bool output) {
  tokens.push_back(
      {output ? TokenKind::OutputBegin : TokenKind::BlockBegin, "", line});
  uint32_t opened = line;
  std::string open; // brackets that are not closed
  while (true) {
    size_t to = position;
    while (size_t n = spaceBytes(std::string_view(source).substr(to)))
      to += n;
    advance(to);
    if (position >= source.size()) {
      line = opened;
      return fail(output ? "{{ is not closed" : "{% is not closed");
    }
    // The end, with its sign, unless a bracket is open.
    std::string_view close = output ? "}}" : "%}";
    size_t sign =
        source[position] == '-' || (source[position] == '+' && !output);
    if (open.empty() && source.compare(position + sign, 2, close) == 0) {
      tokens.push_back(
          {output ? TokenKind::OutputEnd : TokenKind::BlockEnd, "", line});
      advance(position + sign + 2);
      if (!output)
        afterBlockEnd();
      else if (sign)
        for (size_t n;
             (n = spaceBytes(std::string_view(source).substr(position)));)
          advance(position + n);
      return true;
    }
    if (!token(tokens, open))
      return false;
  }
}

bool TemplateLexer::token(std::vector<Token> &tokens, std::string &open) {
  char c = source[position];
  if (c == '\'' || c == '"')
    return string(tokens);
  if (isDigit(c))
    return number(tokens);
  if (isNameStart(c)) {
    size_t end = position;
    while (end < source.size() &&
           (isNameStart(source[end]) || isDigit(source[end])))
      ++end;
    tokens.push_back(
        {TokenKind::Name, source.substr(position, end - position), line});
    advance(end);
    return true;
  }
  for (std::string_view wide : {"**", "//", "==", "!=", ">=", "<="})
    if (at(wide)) {
      tokens.push_back({TokenKind::Operator, std::string(wide), line});
      advance(position + 2);
      return true;
    }
  if (std::string_view("+-/*%~[](){}<>=.:|,").find(c) == std::string_view::npos)
    return fail("unexpected character '" + std::string(1, c) + "'");
  if (size_t kind = std::string_view("([{").find(c);
      kind != std::string_view::npos) {
    open += ")]}"[kind];
  } else if (std::string_view(")]}").find(c) != std::string_view::npos) {
    if (open.empty() || open.back() != c)
      return fail("unexpected '" + std::string(1, c) + "'" +
                  (open.empty()
                       ? ""
                       : ", expected '" + std::string(1, open.back()) + "'"));
    open.pop_back();
  }
  tokens.push_back({TokenKind::Operator, std::string(1, c), line});
  advance(position + 1);
  return true;
}

static void appendUtf8(std::string &out, uint32_t point) {
  auto put = [&](uint32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80)
    return put(point);
  if (point < 0x800)
    return put(0xc0 | point >> 6), put(0x80 | (point & 63));
  if (point < 0x10000)
    return put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 63)),
           put(0x80 | (point & 63));
  put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 63));
  put(0x80 | (point >> 6 & 63)), put(0x80 | (point & 63));
}

/// Undoes one escape of Python's string literals; `i` is behind the backslash
/// and moves behind the escape.  False: it names no character.
static bool undoEscape(const std::string &source, size_t &i, std::string &out) {
  char c = source[i++];
  static constexpr std::string_view names = "abfnrtv\\'\"";
  static constexpr std::string_view chars = "\a\b\f\n\r\t\v\\'\"";
  if (size_t k = names.find(c); k != std::string_view::npos)
    return out += chars[k], true;
  if (c == '\n')
    return true;
  size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  int base = 16;
  if (c >= '0' && c <= '7') {
    --i;
    base = 8;
    while (digits < 3 && i + digits < source.size() &&
           source[i + digits] >= '0' && source[i + digits] <= '7')
      ++digits;
  }
  if (digits == 0) { // unknown escapes stay as they are, but for \N{...}
    (out += '\\') += c;
    return c != 'N';
  }
  uint32_t point = 0;
  if (i + digits > source.size())
    return false;
  auto [end, problem] = std::from_chars(
      source.data() + i, source.data() + i + digits, point, base);
  if (problem != std::errc() || end != source.data() + i + digits ||
      point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
    return false;
  i += digits;
  appendUtf8(out, point);
  return true;
}

bool TemplateLexer::string(std::vector<Token> &tokens) {
  char quote = source[position];
  std::string value;
  uint32_t begin = line;
  size_t i = position + 1;
  while (i < source.size() && source[i] != quote) {
    if (source[i] != '\\') {
      value += source[i++];
      continue;
    }
    ++i;
    if (i < source.size() && !undoEscape(source, i, value))
      return fail("a string has an escape that names no character");
  }
  if (i >= source.size())
    return fail("a string is not closed");
  advance(i + 1);
  tokens.push_back({TokenKind::String, std::move(value), begin});
  return true;
}

bool TemplateLexer::number(std::vector<Token> &tokens) {
  auto digitsEnd = [&](size_t i) {
    while (i < source.size() &&
           (isDigit(source[i]) || (source[i] == '_' && i + 1 < source.size() &&
                                   isDigit(source[i + 1]))))
      ++i;
    return i;
  };
  int base = 10;
  size_t begin = position, end = digitsEnd(begin);
  char mark = begin + 1 < source.size() && source[begin] == '0'
                  ? static_cast<char>(source[begin + 1] | 0x20)
                  : 0;
  if (mark == 'x' || mark == 'o' || mark == 'b') {
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
    end = begin += 2;
    while (end < source.size() && std::isxdigit(source[end]))
      ++end;
  }
  bool isFloat = false;
  if (base == 10 && end + 1 < source.size() && source[end] == '.' &&
      isDigit(source[end + 1])) {
    isFloat = true;
    end = digitsEnd(end + 1);
  }
  if (base == 10 && end < source.size() && (source[end] | 0x20) == 'e') {
    size_t exponent = end + 1;
    if (exponent < source.size() &&
        (source[exponent] == '+' || source[exponent] == '-'))
      ++exponent;
    if (exponent < source.size() && isDigit(source[exponent])) {
      isFloat = true;
      end = digitsEnd(exponent);
    }
  }
  std::string digits = source.substr(begin, end - begin);
  std::erase(digits, '_');
  Token token{isFloat ? TokenKind::Float : TokenKind::Integer, digits, line};
  const char *last = digits.data() + digits.size();
  auto result = isFloat
                    ? std::from_chars(digits.data(), last, token.number)
                    : std::from_chars(digits.data(), last, token.integer, base);
  if (result.ec != std::errc() || result.ptr != last)
    return fail("the number " + digits + " does not fit");
  advance(end);
  tokens.push_back(std::move(token));
  return true;
}
