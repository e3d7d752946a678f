// Preloaded into a process, keeps a copy of each file of the folder WATCHED as it was when it was last synced, in the folder SYNCED. These copies
// are what a disk holds after a power failure that takes everything else: no write survives that nobody waited for.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  abort();
}

// One at a time: of two threads that sync one file, the later copy must stay.
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

// Written beside its place and renamed, so that a process killed meanwhile leaves the copy before.
static void copy(int from, const char *name) {
  char buffer[65536], part[PATH_MAX], whole[PATH_MAX];
  snprintf(whole, sizeof whole, "%s/%s", getenv("SYNCED"), name);
  snprintf(part, sizeof part, "%s.part", whole);
  int to = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (to < 0) fail(part);
  off_t offset = 0;
  for (ssize_t size; (size = pread(from, buffer, sizeof buffer, offset)) > 0; offset += size)
    if (write(to, buffer, size) != size) fail(part);
  close(to);
  if (rename(part, whole) != 0) fail(whole);
}

static void keep(int fd) {
  char link[64], path[PATH_MAX];
  struct stat status;
  const char *watched = getenv("WATCHED");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (watched == NULL || length < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  path[length] = '\0';
  size_t folder = strlen(watched);
  if (strncmp(path, watched, folder) != 0 || path[folder] != '/') return;
  pthread_mutex_lock(&copying);
  copy(fd, path + folder + 1);
  pthread_mutex_unlock(&copying);
}

int fsync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = next(fd);
  if (result == 0) keep(fd);
  return result;
}

int fdatasync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = next(fd);
  if (result == 0) keep(fd);
  return result;
}
