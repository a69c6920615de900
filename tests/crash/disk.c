/* A disk that fails at a chosen operation, to be loaded before the C library (LD_PRELOAD).

   In the folder CRASH_ROOT it counts what changes files: open to write, write, fsync, rename, unlink,
   mkdir and rmdir. CRASH_STATE is a file that the processes of a run share: the operations so far, and at
   which one what happens. CRASH_LOG gets a line for each operation, and CRASH_KEPT a link to each file
   that loses its name, so that whoever ran the processes can take back what was not on the disk. Nothing is
   really synchronised, which takes long. With PAUSE each operation waits until that place is moved up to it.
   Logs, benchmarks, the live page and what Sphinx builds in a folder of its own are written down and not
   counted. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { NOTHING, KILL, TERM, FULL, READ_ONLY, BROKEN, CLOCK, PAUSE };
struct state { long count, at, fault, seconds; };

static struct state *state;
static char root[PATH_MAX], kept[PATH_MAX];
static int log_file = -1;

#define REAL(name) static typeof(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

/* Called when a program starts, and by a forked process once it has set its environment. */
__attribute__((constructor)) void crash_begin(void) {
  char *in = getenv("CRASH_ROOT"), *shared = getenv("CRASH_STATE");
  if (!in || !shared) return;
  snprintf(root, sizeof root, "%s/", in);
  snprintf(kept, sizeof kept, "%s", getenv("CRASH_KEPT"));
  int file = syscall(SYS_openat, AT_FDCWD, shared, O_RDWR);
  log_file = syscall(SYS_openat, AT_FDCWD, getenv("CRASH_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  state = mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
}

/* The absolute path, if it lies in the folder; NULL for anything else. */
static char *inside(int folder, const char *path, char *place) {
  if (!state) return NULL;
  if (!path || path[0] != '/') {
    char name[64];
    if (folder == AT_FDCWD) snprintf(name, sizeof name, "/proc/self/cwd");
    else snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
    long n = syscall(SYS_readlinkat, AT_FDCWD, name, place, PATH_MAX - 1);
    if (n < 0) return NULL;
    snprintf(place + n, PATH_MAX - n, path ? "/%s" : "%.0s", path ? path : "");
  } else snprintf(place, PATH_MAX, "%s", path);
  return strncmp(place, root, strlen(root)) ? NULL : place;
}

static int counted(const char *path) {
  return !strstr(path, "/logs/") && !strstr(path, "/benchmarks/") && !strstr(path, "/.site-") && !strstr(path, "live.html");
}

/* Write down an operation, and do at it what is to happen; 0, or the error with which it fails. */
static int operation(char kind, const char *path, const char *other) {
  int saved = errno;
  long number = counted(other ? other : path) ? __atomic_add_fetch(&state->count, 1, __ATOMIC_SEQ_CST) : 0;
  while (number && state->fault == PAUSE && __atomic_load_n(&state->at, __ATOMIC_SEQ_CST) < number) usleep(200);
  long now = __atomic_load_n(&state->count, __ATOMIC_SEQ_CST);
  if (number == state->at && number) {
    if (state->fault == KILL) kill(0, SIGKILL);
    if (state->fault == TERM) kill(0, SIGTERM);
    if (state->fault == BROKEN) return EIO;
  }
  if (state->at && now >= state->at) {
    if (state->fault == FULL && strchr("OWM", kind)) return ENOSPC;
    if (state->fault == READ_ONLY) return EROFS;
  }
  struct stat about = {0};
  int there = !syscall(SYS_newfstatat, AT_FDCWD, path, &about, AT_SYMLINK_NOFOLLOW);
  char line[3 * PATH_MAX], link[2 * PATH_MAX] = "-";
  const char *lost = kind == 'U' ? path : kind == 'R' ? other : NULL;
  struct stat old;
  if (lost && !syscall(SYS_newfstatat, AT_FDCWD, lost, &old, AT_SYMLINK_NOFOLLOW) && S_ISREG(old.st_mode)) {
    static long links;
    snprintf(link, sizeof link, "%s/%d-%ld", kept, getpid(), links++);
    syscall(SYS_linkat, AT_FDCWD, lost, AT_FDCWD, link, 0);
  }
  int length = snprintf(line, sizeof line, "%ld\t%c\t%d\t%lu\t%s\t%s\t%s\n", number, kind, there,
                        (unsigned long)about.st_ino, path, other ? other : "-", link);
  syscall(SYS_write, log_file, line, length);
  errno = saved;
  return 0;
}

#define FAILS(kind, path, other) \
  { int error = operation(kind, path, other); if (error) { errno = error; return -1; } }

static int opened(int folder, const char *path, int flags) {
  char place[PATH_MAX];
  if ((flags & O_ACCMODE) == O_RDONLY || !inside(folder, path, place)) return 0;
  FAILS('O', place, NULL);
  return 0;
}

#define OPEN(name, parameters, folder, ...)                              \
  int name parameters {                                                  \
    REAL(name);                                                          \
    mode_t mode = 0;                                                     \
    va_list more;                                                        \
    va_start(more, flags);                                               \
    if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t);      \
    va_end(more);                                                        \
    if (opened(folder, path, flags)) return -1;                          \
    return real(__VA_ARGS__, flags, mode);                               \
  }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int folder, const char *path, int flags, ...), folder, folder, path)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, folder, path)

static int written(int file, char kind) {
  char place[PATH_MAX];
  if (file <= 2 || !inside(file, NULL, place)) return 0;
  FAILS(kind, place, NULL);
  return 0;
}

#define WRITE(result, name, parameters, file, ...)                       \
  result name parameters {                                               \
    REAL(name);                                                          \
    if (written(file, 'W')) return -1;                                   \
    return real(__VA_ARGS__);                                            \
  }
WRITE(ssize_t, write, (int file, const void *from, size_t n), file, file, from, n)
WRITE(ssize_t, pwrite, (int file, const void *from, size_t n, off_t at), file, file, from, n, at)
WRITE(ssize_t, pwrite64, (int file, const void *from, size_t n, off64_t at), file, file, from, n, at)
WRITE(ssize_t, writev, (int file, const struct iovec *from, int n), file, file, from, n)
WRITE(ssize_t, sendfile, (int to, int from, off_t *at, size_t n), to, to, from, at, n)
WRITE(ssize_t, sendfile64, (int to, int from, off64_t *at, size_t n), to, to, from, at, n)
WRITE(ssize_t, copy_file_range, (int from, off64_t *a, int to, off64_t *b, size_t n, unsigned f), to, from, a, to, b, n, f)
WRITE(int, ftruncate, (int file, off_t n), file, file, n)
WRITE(int, ftruncate64, (int file, off64_t n), file, file, n)

int fsync(int file) { REAL(fsync); return !state ? real(file) : written(file, 'S'); }
int fdatasync(int file) { REAL(fdatasync); return !state ? real(file) : written(file, 'S'); }

#define MOVE(name, parameters, from_folder, from, to_folder, to, ...)    \
  int name parameters {                                                  \
    REAL(name);                                                          \
    char place[PATH_MAX], other[PATH_MAX];                               \
    if (inside(from_folder, from, place) && inside(to_folder, to, other)) FAILS('R', place, other); \
    return real(__VA_ARGS__);                                            \
  }
MOVE(rename, (const char *from, const char *to), AT_FDCWD, from, AT_FDCWD, to, from, to)
MOVE(renameat, (int a, const char *from, int b, const char *to), a, from, b, to, a, from, b, to)
MOVE(renameat2, (int a, const char *from, int b, const char *to, unsigned f), a, from, b, to, a, from, b, to, f)

#define CHANGE(name, parameters, kind, folder, path, ...)                \
  int name parameters {                                                  \
    REAL(name);                                                          \
    char place[PATH_MAX];                                                \
    if (inside(folder, path, place)) FAILS(kind, place, NULL);           \
    return real(__VA_ARGS__);                                            \
  }
CHANGE(unlink, (const char *path), 'U', AT_FDCWD, path, path)
CHANGE(rmdir, (const char *path), 'D', AT_FDCWD, path, path)
CHANGE(mkdir, (const char *path, mode_t mode), 'M', AT_FDCWD, path, path, mode)
CHANGE(mkdirat, (int folder, const char *path, mode_t mode), 'M', folder, path, folder, path, mode)
CHANGE(unlinkat, (int folder, const char *path, int flags), flags & AT_REMOVEDIR ? 'D' : 'U', folder, path, folder, path, flags)

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int result = real(clock, now);
  if (state && state->fault == CLOCK && clock == CLOCK_REALTIME && state->count >= state->at) now->tv_sec += state->seconds;
  return result;
}
