// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the shared library shows and holds, by inspection.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

std::string outputOf(const std::string &command) {
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  char buffer[4096];
  for (size_t n; pipe && (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
    text.append(buffer, n);
  EXPECT_TRUE(pipe && pclose(pipe) == 0) << command;
  return text;
}

std::set<std::string> names(const std::string &text, const char *pattern) {
  std::set<std::string> found;
  std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end;
       ++it)
    found.insert((*it)[1]);
  return found;
}

TEST(Library, ExportsTheListAndNothingElse) {
  std::ifstream file(SINTER_EXPORTS);
  std::string list((std::istreambuf_iterator<char>(file)), {});
  std::set<std::string> expected = names(list, R"(\b(sinter_\w+);)");
  EXPECT_GT(expected.size(), 20u);
  std::string symbols = outputOf("nm -D --defined-only " SINTER_LIBRARY);
  std::set<std::string> actual = names(symbols, R"([TDBVWui] (\w+))");
  EXPECT_EQ(actual, expected);
}

TEST(Library, NeedsFewLibraries) {
  std::string needed =
      outputOf("readelf -d " SINTER_LIBRARY " | grep NEEDED || true");
  for (const std::string &name : names(needed, R"(\[(.*?)\])"))
    EXPECT_TRUE(std::regex_match(
        name,
        std::regex(
            R"((libc|libm|libgcc_s|libstdc\+\+|libpcre2-8|)"
            R"(libutf8proc|libmd|ld-linux.*|libpthread|lib\w+san)\.so.*)")))
        << name;
}

TEST(Library, NoPackedArithmetic) {
  // Tensors are generated code's business.  What stays is the hash of the
  // sections, whose library multiplies integers in vectors.
  std::string code = outputOf("objdump -d --no-show-raw-insn " SINTER_LIBRARY);
  std::regex packed(
      R"(\b(v?(mul|fmadd|fnmadd|dp)\w*p[sdh]|v?pmul\w*|v?pmadd\w*|v?pdp\w*)\b)");
  std::set<std::string> users;
  std::string function, line;
  std::istringstream lines(code);
  while (std::getline(lines, line)) {
    if (line.size() > 2 && line.back() == ':')
      function = line;
    else if (std::regex_search(line, packed))
      users.insert(function.substr(function.find('<')));
  }
  for (const std::string &user : users)
    EXPECT_TRUE(user.find("XXH") != std::string::npos ||
                user.find("digestBytes") != std::string::npos)
        << user;
}

} // namespace
