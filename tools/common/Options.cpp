// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Options.h"
#include "sinter-c/runtime.h"
#include "tools/common/Failure.h"
#include "tools/common/File.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

using namespace sinter::tools;

template <typename T> static bool readWhole(std::string_view text, T &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

uint64_t sinter::tools::parseUnsigned(const std::string &option,
                                      std::string_view text, uint64_t max) {
  uint64_t value = 0;
  if (!readWhole(text, value) || value > max)
    throw UsageError(option + " wants a whole number from 0 to " +
                     std::to_string(max) + ", not '" + std::string(text) + "'");
  return value;
}

float sinter::tools::parseFloat(const std::string &option,
                                std::string_view text, float min, float max) {
  float value = 0;
  if (!readWhole(text, value) || !std::isfinite(value) || value < min ||
      value > max) {
    std::string range;
    char number[32];
    std::snprintf(number, sizeof(number), "%g", min);
    range = std::string("of at least ") + number;
    if (max < std::numeric_limits<float>::max()) {
      std::snprintf(number, sizeof(number), "%g", max);
      range += std::string(" and at most ") + number;
    }
    throw UsageError(option + " wants a number " + range + ", not '" +
                     std::string(text) + "'");
  }
  return value;
}

std::vector<uint32_t>
sinter::tools::parseUnsignedList(const std::string &option,
                                 std::string_view text, uint32_t max) {
  std::vector<uint32_t> values;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    values.push_back(static_cast<uint32_t>(
        parseUnsigned(option, text.substr(at, end - at), max)));
    at = end + 1;
  }
  return values;
}

OptionParser::OptionParser(std::string program, std::string usage,
                           std::string summary)
    : program(std::move(program)), usage(std::move(usage)),
      summary(std::move(summary)) {}

void OptionParser::section(std::string title) {
  rows.push_back({std::move(title), 0});
}

OptionParser::Option &OptionParser::add(const std::string &names,
                                        std::string metavar, std::string help,
                                        Setter setter) {
  Option option;
  for (size_t at = 0; at < names.size();) {
    size_t end = std::min(names.find(", ", at), names.size());
    option.names.push_back(names.substr(at, end - at));
    at = end + 2;
  }
  option.metavar = std::move(metavar);
  option.help = std::move(help);
  option.set = std::move(setter);
  rows.push_back({"", options.size()});
  options.push_back(std::move(option));
  return options.back();
}

void OptionParser::flag(const std::string &names, bool &place,
                        std::string help) {
  add(names, "", std::move(help),
      [&place](const std::string &, std::string_view) { place = true; });
}

void OptionParser::custom(const std::string &names, std::string metavar,
                          std::string help, Setter setter) {
  add(names, std::move(metavar), std::move(help), std::move(setter));
}

void OptionParser::implied(const std::string &names, std::string metavar,
                           std::string implied, std::string help,
                           Setter setter) {
  add(names, std::move(metavar), std::move(help), std::move(setter))
      .impliedValue = std::move(implied);
}

void OptionParser::text(const std::string &names, std::string metavar,
                        std::optional<std::string> &place, std::string help) {
  add(names, std::move(metavar), std::move(help),
      [&place](const std::string &, std::string_view value) {
        place = std::string(value);
      });
}

void OptionParser::texts(const std::string &names, std::string metavar,
                         std::vector<std::string> &place, std::string help) {
  add(names, std::move(metavar), std::move(help),
      [&place](const std::string &, std::string_view value) {
        place.emplace_back(value);
      });
}

// Counts are held in 31 bits, so that no sum of two wraps.
static constexpr uint32_t maxCount = std::numeric_limits<int32_t>::max();

void OptionParser::number(const std::string &names, std::string metavar,
                          uint32_t &place, std::string help) {
  add(names, std::move(metavar), std::move(help),
      [&place](const std::string &option, std::string_view value) {
        place = static_cast<uint32_t>(parseUnsigned(option, value, maxCount));
      });
}

void OptionParser::number(const std::string &names, std::string metavar,
                          std::optional<uint32_t> &place, std::string help) {
  add(names, std::move(metavar), std::move(help),
      [&place](const std::string &option, std::string_view value) {
        place = static_cast<uint32_t>(parseUnsigned(option, value, maxCount));
      });
}

void OptionParser::real(const std::string &names, std::string metavar,
                        std::optional<float> &place, float min, float max,
                        std::string help) {
  add(names, std::move(metavar), std::move(help),
      [&place, min, max](const std::string &option, std::string_view value) {
        place = parseFloat(option, value, min, max);
      });
}

void OptionParser::positional(std::string name, std::string &place,
                              std::string help) {
  positionals.push_back({std::move(name), std::move(help), &place});
}

const OptionParser::Option *OptionParser::find(std::string_view name) const {
  for (const Option &option : options)
    if (std::ranges::find(option.names, name) != option.names.end())
      return &option;
  return nullptr;
}

static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string OptionParser::unknown(const std::string &name) const {
  std::string message = "unknown option '" + name + "'";
  size_t best = 3; // further off is no typing error
  std::string nearest;
  for (const Option &option : options)
    for (const std::string &candidate : option.names)
      if (size_t distance = editDistance(name, candidate);
          candidate.size() > 2 && distance < best) {
        best = distance;
        nearest = candidate;
      }
  return nearest.empty() ? message : message + "; is it '" + nearest + "'?";
}

std::string OptionParser::next(const std::string &option, int argc, char **argv,
                               int &at) {
  if (at + 1 >= argc)
    throw UsageError(option + " wants a value");
  return argv[++at];
}

void OptionParser::parseLong(const std::string &argument, int argc, char **argv,
                             int &at) {
  size_t equals = argument.find('=');
  std::string name = argument.substr(0, equals);
  const Option *option = find(name);
  if (!option)
    throw UsageError(unknown(name));
  if (equals != std::string::npos) {
    if (option->metavar.empty())
      throw UsageError(name + " takes no value");
    return option->set(name, argument.substr(equals + 1));
  }
  if (option->metavar.empty())
    return option->set(name, "");
  option->set(name, option->impliedValue ? *option->impliedValue
                                         : next(name, argc, argv, at));
}

void OptionParser::parseShort(const std::string &argument, int argc,
                              char **argv, int &at) {
  std::string name = argument.substr(0, 2);
  const Option *option = find(name);
  if (!option)
    throw UsageError(unknown(argument));
  if (option->metavar.empty()) {
    if (argument.size() > 2)
      throw UsageError(unknown(argument));
    return option->set(name, "");
  }
  option->set(name, argument.size() > 2 ? argument.substr(2)
                                        : next(name, argc, argv, at));
}

bool OptionParser::parse(int argc, char **argv) {
  std::vector<std::string> plain;
  bool onlyPlain = false;
  for (int at = 1; at < argc; ++at) {
    std::string argument = argv[at];
    if (onlyPlain || argument == "-" || !argument.starts_with('-')) {
      plain.push_back(std::move(argument));
    } else if (argument == "--") {
      onlyPlain = true;
    } else if (argument == "--help" || argument == "-h") {
      writeOut(help(), /*flush=*/true);
      return false;
    } else if (argument == "--version") {
      writeOut(program + " " + sinter_version() + "\n", /*flush=*/true);
      return false;
    } else if (argument.starts_with("--")) {
      parseLong(argument, argc, argv, at);
    } else {
      parseShort(argument, argc, argv, at);
    }
  }
  for (size_t i = 0; i < positionals.size(); ++i) {
    if (i >= plain.size())
      throw UsageError("no " + positionals[i].name + " given");
    *positionals[i].place = plain[i];
  }
  if (plain.size() > positionals.size())
    throw UsageError("too many arguments: '" + plain[positionals.size()] + "'");
  return true;
}

// Appends `text` wrapped to 80 columns, from column `indent` on.
static void wrap(std::string &out, std::string_view text, size_t indent) {
  size_t column = indent;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + end > 80) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += '\n';
}

static void describe(std::string &out, const std::string &left,
                     const std::string &help) {
  constexpr size_t indent = 28;
  out += "  " + left;
  if (left.size() + 3 > indent)
    out += "\n" + std::string(indent, ' ');
  else
    out += std::string(indent - 2 - left.size(), ' ');
  wrap(out, help, indent);
}

std::string OptionParser::help() const {
  std::string out = "Usage: " + program + " " + usage + "\n\n";
  wrap(out, summary, 0);
  out += "\n";
  for (const Positional &positional : positionals)
    describe(out, positional.name, positional.help);
  for (const Row &row : rows) {
    if (!row.heading.empty()) {
      out += "\n" + row.heading + "\n";
      continue;
    }
    const Option &option = options[row.option];
    std::string left;
    for (const std::string &name : option.names)
      left += (left.empty() ? "" : ", ") + name;
    if (option.impliedValue)
      left += "[=" + option.metavar + "]";
    else if (!option.metavar.empty())
      left += " " + option.metavar;
    describe(out, left, option.help);
  }
  out += "\n";
  describe(out, "-h, --help", "print this text");
  describe(out, "--version", "print the version of the runtime");
  return out;
}
