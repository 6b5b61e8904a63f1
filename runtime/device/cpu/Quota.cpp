// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/Quota.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace sinter::runtime {

namespace {

/// Lines of a file without memory of the heap; the rest of a line that is
/// longer than the buffer is left out.
class LineReader {
public:
  explicit LineReader(const char *path)
      : file(open(path, O_RDONLY | O_CLOEXEC)) {}
  LineReader(const LineReader &) = delete;
  LineReader &operator=(const LineReader &) = delete;
  ~LineReader() {
    if (file >= 0)
      close(file);
  }

  bool next(std::string_view &line) {
    size_t length = 0;
    for (bool any = false;; any = true) {
      if (at == filled && !fill()) {
        line = {text, length};
        return any;
      }
      char c = buffer[at++];
      if (c == '\n')
        break;
      if (length < sizeof(text))
        text[length++] = c;
    }
    line = {text, length};
    return true;
  }

private:
  bool fill() {
    ssize_t bytes = file < 0 ? 0 : read(file, buffer, sizeof(buffer));
    at = 0;
    filled = bytes > 0 ? static_cast<size_t>(bytes) : 0;
    return filled > 0;
  }

  int file;
  char buffer[1024], text[PATH_MAX];
  size_t at = 0, filled = 0;
};

/// What stands before the first `mark`, which is taken off `text` with it.
std::string_view cut(std::string_view &text, char mark) {
  size_t end = text.find(mark);
  std::string_view field = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return field;
}

bool isListed(std::string_view names, std::string_view wanted) {
  while (!names.empty())
    if (cut(names, ',') == wanted)
      return true;
  return false;
}

/// A file of numbers as text, at most two; "max" counts as -1.
bool readNumbers(const char *path, long long (&numbers)[2]) {
  LineReader lines(path);
  std::string_view line;
  if (!lines.next(line))
    return false;
  for (long long &number : numbers) {
    char text[24] = {};
    std::string_view field = cut(line, ' ');
    memcpy(text, field.data(), field.size() < 23 ? field.size() : 23);
    number = field == "max" ? -1 : strtoll(text, nullptr, 10);
  }
  return true;
}

/// A hierarchy of groups that has quotas, and where this process is in it.
struct Hierarchy {
  bool unified; // version 2
  char group[PATH_MAX];

  /// CPUs that a folder's own quota pays for; 0: none.
  uint32_t coresOf(std::string_view folder) const;
  bool isMountedBy(std::string_view kind, std::string_view options) const {
    return unified ? kind == "cgroup2"
                   : kind == "cgroup" && isListed(options, "cpu");
  }
};

uint32_t Hierarchy::coresOf(std::string_view folder) const {
  char path[PATH_MAX + 32];
  auto read = [&](const char *name, long long (&numbers)[2]) {
    snprintf(path, sizeof(path), "%.*s/%s", static_cast<int>(folder.size()),
             folder.data(), name);
    return readNumbers(path, numbers);
  };
  long long quota[2], period[2];
  if (unified) {
    if (!read("cpu.max", quota))
      return 0;
    period[0] = quota[1];
  } else if (!read("cpu.cfs_quota_us", quota) ||
             !read("cpu.cfs_period_us", period)) {
    return 0;
  }
  if (quota[0] <= 0 || period[0] <= 0)
    return 0;
  long long cores = (quota[0] - 1) / period[0] + 1;
  return cores < UINT32_MAX ? static_cast<uint32_t>(cores) : 0;
}

/// The least quota from the group up to the mount point. `base` is the part of
/// the hierarchy that is mounted there: a container sees only its own.
uint32_t leastQuota(const char *root, const Hierarchy &where,
                    std::string_view base, std::string_view point) {
  std::string_view inner = where.group;
  if (base == "/")
    base = "";
  inner = inner.substr(0, base.size()) == base ? inner.substr(base.size()) : "";
  char folder[3 * PATH_MAX];
  int length = snprintf(folder, sizeof(folder), "%s%.*s%.*s", root,
                        static_cast<int>(point.size()), point.data(),
                        static_cast<int>(inner.size()), inner.data());
  size_t top = strlen(root) + point.size();
  uint32_t least = 0;
  for (std::string_view at(folder, static_cast<size_t>(length));;) {
    uint32_t cores = where.coresOf(at);
    least = cores && (!least || cores < least) ? cores : least;
    if (at.size() <= top)
      return least;
    at = at.substr(0, at.rfind('/'));
  }
}

uint32_t leastQuota(const char *root, const Hierarchy &where) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
  LineReader mounts(path);
  uint32_t least = 0;
  for (std::string_view line; mounts.next(line);) {
    // number, parent, device, what is mounted, where, options ... - kind,
    // source, options of the file system
    std::string_view fields[5];
    for (std::string_view &field : fields)
      field = cut(line, ' ');
    size_t dash = line.find(" - ");
    if (dash == line.npos)
      continue;
    line.remove_prefix(dash + 3);
    std::string_view kind = cut(line, ' ');
    cut(line, ' ');
    if (!where.isMountedBy(kind, line))
      continue;
    uint32_t cores = leastQuota(root, where, fields[3], fields[4]);
    least = cores && (!least || cores < least) ? cores : least;
  }
  return least;
}

} // namespace

uint32_t quotaCores(const char *root) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
  LineReader groups(path);
  uint32_t least = 0;
  for (std::string_view line; groups.next(line);) {
    cut(line, ':'); // number of the hierarchy
    std::string_view controllers = cut(line, ':');
    if (!controllers.empty() && !isListed(controllers, "cpu"))
      continue;
    Hierarchy where{controllers.empty(), {}};
    snprintf(where.group, sizeof(where.group), "%.*s",
             static_cast<int>(line.size()), line.data());
    uint32_t cores = leastQuota(root, where);
    least = cores && (!least || cores < least) ? cores : least;
  }
  return least;
}

} // namespace sinter::runtime
