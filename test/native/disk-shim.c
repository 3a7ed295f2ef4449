/*
 * A disk between the program and its files, by LD_PRELOAD. It sees what changes the files under the folder SOTTO_DISK_ROOT, and
 *
 * - writes it down in the file SOTTO_DISK_LOG, in the order in which it took effect; a write to the file SOTTO_DISK_MARKS, which
 *   the program under test makes to say something, stands between (test/fakes/disk-log.ts reads the log);
 * - fails it where the file SOTTO_DISK_CONTROL, shared memory, says so: `struct control` below (test/fakes/failing-disk.ts).
 *
 * Either may be missing. What is mapped into memory is not seen: of SQLite's files that is the index of the write-ahead log,
 * which is made anew after a crash. A file has a number from the first time it is seen, under whatever name; processes that the
 * program forks share these numbers.
 *
 *     gcc -shared -fPIC -O2 -o disk-shim.so disk-shim.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { max_fds = 4096, max_names = 4096, max_name = 256, max_parts = 1024, folder_id = 0x7fffffff, marks_id = 0x7ffffffe, sector = 512 };

enum op { op_create = 1, op_write, op_truncate, op_sync, op_rename, op_unlink, op_sync_folder, op_mark, op_make_folder, op_link, op_found };

/* What a call does, for the disk: one that needs space fails on a full disk. */
enum need { needs_nothing, needs_space };

struct control {
    uint64_t calls;   /* calls seen */
    uint64_t fail_at; /* the first to fail, counted from 1; 0 = none */
    uint64_t failed;  /* calls that failed */
    uint32_t error;   /* errno of the failure */
    uint32_t full;    /* 1: from there on all that need space fail; 0: that one call */
};

struct record {
    uint32_t op, id;
    uint64_t offset, bytes;
    uint32_t name_bytes, other_bytes;
};

/* What a process has in common with those it forks. */
struct shared {
    pthread_mutex_t lock;
    struct { char name[max_name]; int id; } names[max_names];
    int name_count, last_id;
};

static struct shared alone = {PTHREAD_MUTEX_INITIALIZER, {{{0}, 0}}, 0, 0}, *shared = &alone;
static char root[PATH_MAX], marks[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static struct control *control;
static int fds[max_fds];
static char *fd_folders[max_fds];

/* The function of the C library that one of ours stands before. */
#define REAL(variable, type, name, ...)                                                                                      \
    static type (*variable)(__VA_ARGS__);                                                                                    \
    if (!variable) variable = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int real_open(const char *path, int flags, mode_t mode) {
    REAL(real, int, open64, const char *, int, ...);
    return real(path, flags, mode);
}

static void share(void) {
    struct shared *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) abort();
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&at->lock, &kind);
    shared = at;
}

/* Also from a process that died with it. */
static void take(void) {
    if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) pthread_mutex_consistent(&shared->lock);
}

static void give(void) { pthread_mutex_unlock(&shared->lock); }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("SOTTO_DISK_ROOT"), *log = getenv("SOTTO_DISK_LOG"), *said = getenv("SOTTO_DISK_MARKS"),
               *told = getenv("SOTTO_DISK_CONTROL");
    if (!folder || !realpath(folder, root)) return;
    share();
    root_length = strlen(root);
    if (said) strncpy(marks, said, sizeof marks - 1);
    if (log) log_fd = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (!told) return;
    int fd = real_open(told, O_RDWR | O_CLOEXEC, 0);
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) control = at;
}

/* A path from the root on, also of a program that went into a folder; good until the next but one. */
static const char *absolute(const char *path) {
    static __thread char paths[2][2 * PATH_MAX];
    static __thread int turn;
    if (path[0] == '/') return path;
    char *whole = paths[turn = !turn];
    if (!getcwd(whole, PATH_MAX)) return path;
    if (strncmp(path, "./", 2) == 0) path += 2;
    if (strcmp(path, ".") == 0) return whole;
    size_t length = strlen(whole);
    snprintf(whole + length, PATH_MAX, "/%s", path);
    return whole;
}

/* The path below the folder that is watched; NULL for any other. */
static const char *below_root(const char *path) {
    if (root_length == 0 || !path) return NULL;
    path = absolute(path);
    if (strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == 0) return "";
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static void write_down(enum op op, int id, uint64_t offset, const char *name, const char *other, const struct iovec *data, int count) {
    if (log_fd < 0) return;
    struct record record = {op, id, offset, 0, name ? strlen(name) : 0, other ? strlen(other) : 0};
    if (count > max_parts - 3) abort();
    struct iovec parts[max_parts];
    int used = 0;
    parts[used++] = (struct iovec){&record, sizeof record};
    parts[used++] = (struct iovec){(void *)(name ? name : ""), record.name_bytes};
    parts[used++] = (struct iovec){(void *)(other ? other : ""), record.other_bytes};
    for (int i = 0; i < count; i++) {
        record.bytes += data[i].iov_len;
        parts[used++] = data[i];
    }
    REAL(real, ssize_t, writev, int, const struct iovec *, int);
    size_t whole = sizeof record + record.name_bytes + record.other_bytes + record.bytes;
    if (real(log_fd, parts, used) != (ssize_t)whole) abort();
}

/* The number under a name, 0 for none; good until the next call. */
static int *named(const char *name) {
    for (int i = 0; i < shared->name_count; i++)
        if (strcmp(shared->names[i].name, name) == 0) return &shared->names[i].id;
    int free_place = 0;
    while (free_place < shared->name_count && shared->names[free_place].id != 0) free_place++;
    if (free_place == max_names || strlen(name) >= max_name) abort();
    if (free_place == shared->name_count) shared->name_count++;
    strcpy(shared->names[free_place].name, name);
    shared->names[free_place].id = 0;
    return &shared->names[free_place].id;
}

/* Counts a call; whether it has to fail, with errno set. */
static int fails(enum need need) {
    if (!control) return 0;
    uint64_t call = ++control->calls;
    if (control->fail_at == 0 || call < control->fail_at) return 0;
    if (control->full ? need != needs_space : call != control->fail_at) return 0;
    control->failed++;
    errno = control->error;
    return 1;
}

static int id_of(int fd) { return fd >= 0 && fd < max_fds ? fds[fd] : 0; }

static int open_here(const char *path, int flags, mode_t mode) {
    const char *name = below_root(path);
    if (!name) {
        int fd = real_open(path, flags, mode);
        if (fd >= 0 && fd < max_fds) fds[fd] = marks[0] && path && strcmp(path, marks) == 0 ? marks_id : 0;
        return fd;
    }
    take();
    struct stat before;
    int missing = stat(path, &before) != 0;
    int fd = -1;
    if ((flags & O_ACCMODE) == O_RDONLY || !fails(missing ? needs_space : needs_nothing)) fd = real_open(path, flags, mode);
    int kept = errno;
    if (fd >= max_fds) abort();
    if (fd >= 0) {
        struct stat now;
        int folder = fstat(fd, &now) == 0 && S_ISDIR(now.st_mode);
        int *id = folder ? NULL : named(name);
        int first = id && *id == 0;
        if (first) *id = ++shared->last_id;
        fds[fd] = folder ? folder_id : *id;
        free(fd_folders[fd]);
        fd_folders[fd] = folder ? strdup(name) : NULL;
        if (missing) write_down(op_create, fds[fd], 0, name, NULL, NULL, 0);
        else if (first) write_down(op_found, fds[fd], 0, name, NULL, NULL, 0);
        if (!missing && (flags & O_TRUNC)) write_down(op_truncate, fds[fd], 0, NULL, NULL, NULL, 0);
    }
    give();
    errno = kept;
    return fd;
}

#define OPEN(name)                                                                                                           \
    int name(const char *path, int flags, ...) {                                                                             \
        va_list more;                                                                                                        \
        va_start(more, flags);                                                                                               \
        mode_t mode = va_arg(more, mode_t);                                                                                  \
        va_end(more);                                                                                                        \
        return open_here(path, flags, mode);                                                                                 \
    }
OPEN(open)
OPEN(open64)

int openat(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    if (folder == AT_FDCWD || path[0] == '/') return open_here(path, flags, mode);
    REAL(real, int, openat, int, const char *, int, ...);
    return real(folder, path, flags, mode);
}

int close(int fd) {
    REAL(real, int, close, int);
    if (fd >= 0 && fd < max_fds) fds[fd] = 0;
    return real(fd);
}

static size_t length_of(const struct iovec *data, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++) length += data[i].iov_len;
    return length;
}

/* A disk that runs full in the middle of a write takes what there is room for: half of it, in whole sectors. */
static int is_cut(const struct iovec *data, int count, struct iovec *half) {
    if (!control || !control->full || control->calls != control->fail_at || count == 0) return 0;
    *half = (struct iovec){data[0].iov_base, data[0].iov_len / 2 / sector * sector};
    return half->iov_len > 0;
}

/* Every kind of write to a file that is watched; without a place it goes on where the file is. */
static ssize_t write_here(int fd, const struct iovec *data, int count, off64_t place) {
    REAL(real, ssize_t, pwritev64, int, const struct iovec *, int, off64_t);
    take();
    off64_t at = place >= 0 ? place : lseek64(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    struct iovec half;
    ssize_t written = -1;
    int refused = fds[fd] != marks_id && fails(needs_space);
    if (refused && is_cut(data, count, &half)) {
        refused = 0;
        data = &half;
        count = 1;
    }
    if (!refused) {
        written = real(fd, data, count, at);
        if (written >= 0 && written != (ssize_t)length_of(data, count)) abort();
        if (written >= 0 && place < 0) lseek64(fd, at + written, SEEK_SET);
        if (written >= 0) write_down(fds[fd] == marks_id ? op_mark : op_write, fds[fd], at, NULL, NULL, data, count);
    }
    int kept = errno;
    give();
    errno = kept;
    return written;
}

static int is_watched(int fd) { return id_of(fd) != 0 && id_of(fd) != folder_id; }

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(real, ssize_t, write, int, const void *, size_t);
    struct iovec data = {(void *)bytes, count};
    return is_watched(fd) ? write_here(fd, &data, 1, -1) : real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *data, int count) {
    REAL(real, ssize_t, writev, int, const struct iovec *, int);
    return is_watched(fd) ? write_here(fd, data, count, -1) : real(fd, data, count);
}

#define PWRITE(name)                                                                                                         \
    ssize_t name(int fd, const void *bytes, size_t count, off64_t at) {                                                      \
        REAL(real, ssize_t, name, int, const void *, size_t, off64_t);                                                       \
        struct iovec data = {(void *)bytes, count};                                                                          \
        return is_watched(fd) ? write_here(fd, &data, 1, at) : real(fd, bytes, count, at);                                   \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name)                                                                                                        \
    ssize_t name(int fd, const struct iovec *data, int count, off64_t at) {                                                  \
        REAL(real, ssize_t, name, int, const struct iovec *, int, off64_t);                                                  \
        return is_watched(fd) ? write_here(fd, data, count, at) : real(fd, data, count, at);                                 \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)

/* A call that either fails or is made and written down. */
#define GUARDED(need, call, ...)                                                                                             \
    take();                                                                                                                  \
    int result = fails(need) ? -1 : (call);                                                                                  \
    int kept = errno;                                                                                                        \
    if (result == 0) write_down(__VA_ARGS__, NULL, 0);                                                                       \
    give();                                                                                                                  \
    errno = kept;                                                                                                            \
    return result

#define TRUNCATE(name)                                                                                                       \
    int name(int fd, off64_t length) {                                                                                       \
        REAL(real, int, name, int, off64_t);                                                                                 \
        if (!is_watched(fd)) return real(fd, length);                                                                        \
        struct stat now;                                                                                                     \
        enum need need = fstat(fd, &now) == 0 && now.st_size < length ? needs_space : needs_nothing;                         \
        GUARDED(need, real(fd, length), op_truncate, fds[fd], length, NULL, NULL);                                           \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name)                                                                                                           \
    int name(int fd) {                                                                                                       \
        REAL(real, int, name, int);                                                                                          \
        if (id_of(fd) == 0) return real(fd);                                                                                 \
        int folder = fds[fd] == folder_id;                                                                                   \
        GUARDED(needs_space, real(fd), folder ? op_sync_folder : op_sync, fds[fd], 0, folder ? fd_folders[fd] : NULL, NULL); \
    }
SYNC(fsync)
SYNC(fdatasync)

/* Leaves the names as they are after a rename: the file keeps its number. */
static int rename_names(const char *from, const char *to) {
    int *old = named(from);
    int id = *old;
    *old = 0;
    *named(to) = id;
    return 0;
}

static int add_name(const char *from, const char *to) {
    int id = *named(from);
    *named(to) = id;
    return 0;
}

static int forget_name(const char *name) {
    *named(name) = 0;
    return 0;
}

int rename(const char *from, const char *to) {
    REAL(real, int, rename, const char *, const char *);
    const char *old = below_root(from), *name = below_root(to);
    if (!old || !name) return real(from, to);
    GUARDED(needs_space, real(from, to) != 0 ? -1 : rename_names(old, name), op_rename, 0, 0, old, name);
}

int link(const char *from, const char *to) {
    REAL(real, int, link, const char *, const char *);
    const char *old = below_root(from), *name = below_root(to);
    if (!old || !name) return real(from, to);
    GUARDED(needs_space, real(from, to) != 0 ? -1 : add_name(old, name), op_link, 0, 0, old, name);
}

#define REMOVE(function)                                                                                                     \
    int function(const char *path) {                                                                                         \
        REAL(real, int, function, const char *);                                                                             \
        const char *name = below_root(path);                                                                                 \
        if (!name) return real(path);                                                                                        \
        GUARDED(needs_nothing, real(path) != 0 ? -1 : forget_name(name), op_unlink, 0, 0, name, NULL);                       \
    }
REMOVE(unlink)
REMOVE(remove)
REMOVE(rmdir)

int mkdir(const char *path, mode_t mode) {
    REAL(real, int, mkdir, const char *, mode_t);
    const char *name = below_root(path);
    if (!name || name[0] == 0) return real(path, mode);
    GUARDED(needs_space, real(path, mode), op_make_folder, 0, 0, name, NULL);
}

#define MMAP(name)                                                                                                           \
    void *name(void *address, size_t length, int protection, int flags, int fd, off64_t at) {                                \
        REAL(real, void *, name, void *, size_t, int, int, int, off64_t);                                                    \
        take();                                                                                                              \
        int refused = fd >= 0 && is_watched(fd) && fails(needs_nothing);                                                     \
        give();                                                                                                              \
        return refused ? MAP_FAILED : real(address, length, protection, flags, fd, at);                                      \
    }
MMAP(mmap)
MMAP(mmap64)
