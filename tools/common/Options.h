// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Command lines: -n 64, -n64, --seed 1, --seed=1, --, and a help text that is
// made of the same declarations.
#ifndef SINTER_TOOLS_COMMON_OPTIONS_H
#define SINTER_TOOLS_COMMON_OPTIONS_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::tools {

// Each throws UsageError that names the option.
uint64_t parseUnsigned(const std::string &option, std::string_view text,
                       uint64_t max);
float parseFloat(const std::string &option, std::string_view text, float min,
                 float max);
/// "1,2,3"
std::vector<uint32_t> parseUnsignedList(const std::string &option,
                                        std::string_view text, uint32_t max);

/// Options are declared with the place that takes the value, then parse()
/// reads the command line.
class OptionParser {
public:
  using Setter =
      std::function<void(const std::string &option, std::string_view value)>;

  /// usage: what follows the program's name in the first line of the help.
  OptionParser(std::string program, std::string usage, std::string summary);

  /// A heading in the help text.
  void section(std::string title);
  /// Spelled "-n, --tokens" or "--json".
  void flag(const std::string &names, bool &place, std::string help);
  void custom(const std::string &names, std::string metavar, std::string help,
              Setter setter);
  /// --verify or --verify=LEVEL; alone it means `implied`.
  void implied(const std::string &names, std::string metavar,
               std::string implied, std::string help, Setter setter);
  void text(const std::string &names, std::string metavar,
            std::optional<std::string> &place, std::string help);
  void texts(const std::string &names, std::string metavar,
             std::vector<std::string> &place, std::string help);
  void number(const std::string &names, std::string metavar, uint32_t &place,
              std::string help);
  void number(const std::string &names, std::string metavar,
              std::optional<uint32_t> &place, std::string help);
  void real(const std::string &names, std::string metavar,
            std::optional<float> &place, float min, float max,
            std::string help);
  void positional(std::string name, std::string &place, std::string help);

  /// False: help or version was asked for and printed. Throws UsageError.
  bool parse(int argc, char **argv);
  std::string help() const;

private:
  struct Option {
    std::vector<std::string> names;
    std::string metavar; // empty: takes no value
    std::string help;
    std::optional<std::string> impliedValue;
    Setter set;
  };
  struct Row { // of the help text: a heading or an option
    std::string heading;
    size_t option;
  };
  struct Positional {
    std::string name;
    std::string help;
    std::string *place;
  };

  Option &add(const std::string &names, std::string metavar, std::string help,
              Setter setter);
  const Option *find(std::string_view name) const;
  std::string unknown(const std::string &name) const;
  void parseLong(const std::string &argument, int argc, char **argv, int &at);
  void parseShort(const std::string &argument, int argc, char **argv, int &at);
  static std::string next(const std::string &option, int argc, char **argv,
                          int &at);

  std::string program, usage, summary;
  std::vector<Option> options;
  std::vector<Row> rows;
  std::vector<Positional> positionals;
};

} // namespace sinter::tools

#endif
