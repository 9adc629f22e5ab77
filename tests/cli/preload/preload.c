// Stands before the C library's calls (LD_PRELOAD): one of them fails, or waits.
//
//     PRELOAD_CALL   its name
//     PRELOAD_PATH   and a part of the path of its file
//     PRELOAD_NTH    the how-manieth of those, from 1; else each
//     PRELOAD_ERRNO  the error it fails with, without being done
//     PRELOAD_PAUSE  a FIFO that it first reads to the end
//     PRELOAD_NAMED  set: no file is without a name (O_TMPFILE), as on file systems that have none
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long count;

static void pause_at(const char *fifo) {
  char byte;
  int fd = NEXT(open)(fifo, O_RDONLY | O_CLOEXEC);
  while (NEXT(read)(fd, &byte, 1) > 0) continue;
  NEXT(close)(fd);
}

/** Whether the call about this path fails, with errno. */
static int fails(const char *call, const char *path) {
  const char *wanted = getenv("PRELOAD_CALL"), *part = getenv("PRELOAD_PATH"), *nth = getenv("PRELOAD_NTH");
  if (!wanted || strcmp(wanted, call) != 0 || !part || !strstr(path, part)) return 0;
  long number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
  if (nth && number != atol(nth)) return 0;
  const char *fifo = getenv("PRELOAD_PAUSE"), *error = getenv("PRELOAD_ERRNO");
  if (fifo) pause_at(fifo);
  if (error) errno = atoi(error);
  return error != NULL;
}

static int fails_at(const char *call, int fd) {
  char link[64], path[PATH_MAX + 1];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX);
  path[length < 0 ? 0 : length] = 0;
  return fails(call, path);
}

ssize_t read(int fd, void *bytes, size_t length) {
  return fails_at("read", fd) ? -1 : NEXT(read)(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  return fails_at("write", fd) ? -1 : NEXT(write)(fd, bytes, length);
}

int fchown(int fd, uid_t owner, gid_t group) {
  return fails_at("fchown", fd) ? -1 : NEXT(fchown)(fd, owner, group);
}

int fsync(int fd) {
  return fails_at("fsync", fd) ? -1 : NEXT(fsync)(fd);
}

int close(int fd) {
  return fails_at("close", fd) ? -1 : NEXT(close)(fd);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  return fails("linkat", new) ? -1 : NEXT(linkat)(from, old, to, new, flags);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  return fails("renameat2", new) ? -1 : NEXT(renameat2)(from, old, to, new, flags);
}

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = va_arg(list, mode_t);
  va_end(list);
  if ((flags & O_TMPFILE) == O_TMPFILE && getenv("PRELOAD_NAMED")) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return NEXT(open64)(path, flags, mode);
}
