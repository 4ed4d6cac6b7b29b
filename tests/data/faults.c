/* Stands between the program and the C library: counts the calls that change files, over all threads, and at the one whose
   number is in FAULT kills the process before it, refuses it, or cuts it short. FAULT is WHAT:NUMBER or WHAT:NUMBER+ (that
   one and every later one); WHAT is kill, short, or the number of an error. FAULT_CALLS names the calls that count (all, if
   it is not set); FAULT_SEEN is a file that is made when it happens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long count;
static long at = -1;
static int sticky, what; /* -1: kill, -2: short */
static const char *calls, *seen;

__attribute__((constructor)) static void begin(void) {
    const char *fault = getenv("FAULT"), *number;
    calls = getenv("FAULT_CALLS");
    seen = getenv("FAULT_SEEN");
    if (!fault || !(number = strchr(fault, ':'))) return;
    what = !strncmp(fault, "kill", 4) ? -1 : !strncmp(fault, "short", 5) ? -2 : atoi(fault);
    at = atol(number + 1);
    sticky = strchr(number, '+') != NULL;
}

/* What is to happen to this call: 0 nothing. */
static int due(const char *name) {
    if (at < 0) return 0;
    if (calls) {
        const char *found = strstr(calls, name);
        size_t length = strlen(name);
        while (found && ((found != calls && found[-1] != ',') || (found[length] && found[length] != ','))) found = strstr(found + 1, name);
        if (!found) return 0;
    }
    long now = atomic_fetch_add(&count, 1) + 1;
    if (now != at && !(sticky && now > at)) return 0;
    if (seen) {
        int made = syscall(SYS_openat, AT_FDCWD, seen, O_CREAT | O_WRONLY, 0600);
        if (made >= 0) syscall(SYS_close, made);
    }
    if (what == -1) syscall(SYS_kill, getpid(), SIGKILL), pause();
    return what;
}

static int is_file(int file) {
    struct stat about;
    return !fstat(file, &about) && S_ISREG(about.st_mode);
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define REFUSE(label)                        \
    do {                                     \
        int fault = due(label);              \
        if (fault > 0) return errno = fault, -1; \
    } while (0)

ssize_t write(int file, const void *bytes, size_t length) {
    NEXT(write);
    if (!is_file(file)) return next(file, bytes, length);
    int fault = due("write");
    if (fault > 0) return errno = fault, -1;
    return next(file, bytes, fault == -2 && length > 1 ? length / 2 : length);
}

ssize_t writev(int file, const struct iovec *parts, int number) {
    NEXT(writev);
    if (!is_file(file)) return next(file, parts, number);
    int fault = due("write");
    if (fault > 0) return errno = fault, -1;
    return next(file, parts, fault == -2 && number > 1 ? 1 : number);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    NEXT(pwrite64);
    int fault = due("pwrite");
    if (fault > 0) return errno = fault, -1;
    return next(file, bytes, fault == -2 && length > 1 ? length / 2 : length, offset);
}

static int changes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

#define OPEN(name)                                                                    \
    int name(const char *path, int flags, ...) {                                      \
        NEXT(name);                                                                   \
        va_list more;                                                                 \
        va_start(more, flags);                                                        \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;       \
        va_end(more);                                                                 \
        REFUSE(changes(flags) ? "create" : "open");                                   \
        return next(path, flags, mode);                                               \
    }
OPEN(open)
OPEN(open64)

int openat64(int dir, const char *path, int flags, ...) {
    NEXT(openat64);
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    REFUSE(changes(flags) ? "create" : "open");
    return next(dir, path, flags, mode);
}

#define CALL(label, name, shape, given) \
    int name shape {                    \
        NEXT(name);                     \
        REFUSE(label);                  \
        return next given;              \
    }
CALL("fsync", fsync, (int file), (file))
CALL("fsync", fdatasync, (int file), (file))
CALL("fsync", syncfs, (int file), (file))
CALL("ftruncate", ftruncate64, (int file, off64_t length), (file, length))
CALL("rename", rename, (const char *from, const char *to), (from, to))
CALL("link", linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
CALL("unlink", unlink, (const char *path), (path))
CALL("unlink", unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
CALL("unlink", rmdir, (const char *path), (path))
CALL("mkdir", mkdir, (const char *path, mode_t mode), (path, mode))
CALL("chmod", chmod, (const char *path, mode_t mode), (path, mode))
CALL("chmod", fchmod, (int file, mode_t mode), (file, mode))
CALL("lock", flock, (int file, int how), (file, how))
