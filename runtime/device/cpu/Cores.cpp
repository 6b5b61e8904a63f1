// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How many workers a plan gets when nobody says.
#include "runtime/device/cpu/Quota.h"
#include "runtime/device/cpu/WorkerPool.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace sinter::runtime {

namespace {

/// Reads a small file; false when there is none.
bool readLine(const char *path, char *text, size_t room) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  ssize_t bytes = read(file, text, room - 1);
  close(file);
  if (bytes <= 0)
    return false;
  text[bytes] = 0;
  return true;
}

/// The first CPU of the core that `cpu` belongs to, of those allowed.
bool isFirstSibling(int cpu, const cpu_set_t &allowed) {
  char path[96], text[256];
  snprintf(path, sizeof(path),
           "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  if (!readLine(path, text, sizeof(text)))
    return true;
  // "0,32" or "0-1" or both: the lowest allowed one stands for the core.
  for (char *at = text; *at >= '0' && *at <= '9';) {
    long first = strtol(at, &at, 10), last = first;
    if (*at == '-')
      last = strtol(at + 1, &at, 10);
    for (long other = first; other <= last && other < CPU_SETSIZE; ++other)
      if (CPU_ISSET(other, &allowed))
        return other == cpu;
    if (*at == ',')
      ++at;
  }
  return true;
}

} // namespace

uint32_t WorkerPool::availableCores() {
  cpu_set_t allowed;
  uint32_t cores = 0;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &allowed) && isFirstSibling(cpu, allowed))
        ++cores;
  uint32_t quota = quotaCores();
  if (quota && quota < cores)
    cores = quota;
  return cores ? cores : 1;
}

int WorkerPool::cpuOf(uint32_t worker) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return -1;
  uint32_t left = worker % static_cast<uint32_t>(CPU_COUNT(&allowed));
  for (bool first : {true, false})
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &allowed) && isFirstSibling(cpu, allowed) == first &&
          left-- == 0)
        return cpu;
  return -1;
}

} // namespace sinter::runtime
