// Makes a fast disk as slow as an SD card: every flush takes at least SLOW_SYNC_MS. The library is preloaded into the process of a
// contender.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int descriptor) {
  struct timespec since, now;
  clock_gettime(CLOCK_MONOTONIC, &since);
  int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int result = flush(descriptor);
  clock_gettime(CLOCK_MONOTONIC, &now);
  const char *setting = getenv("SLOW_SYNC_MS");
  long wanted = (setting ? atol(setting) : 0) * 1000000L;
  long left = wanted - (now.tv_sec - since.tv_sec) * 1000000000L - (now.tv_nsec - since.tv_nsec);
  if (left > 0) {
    struct timespec pause = {left / 1000000000L, left % 1000000000L};
    nanosleep(&pause, NULL);
  }
  return result;
}

int fsync(int descriptor) { return slowly("fsync", descriptor); }
int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
