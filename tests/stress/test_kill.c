/* test_kill.c - csr run, killed at every call by which it writes: whoever goes on from its checkpoints ends
 * with the very lines of a run that was not interrupted. None is lost and none is there twice, over all
 * scenarios of tests/replay.
 *
 * The functions that write are wrapped by the linker. A child runs the service and is killed at the n-th of
 * them, before it, behind it, or (write) in the middle of it; another child then runs to the end. n grows
 * until a child comes through.
 *
 *   KILL_STEP=1 build/tests/test_kill      every call of every scenario (the default leaves some out)
 *   KILL_ONLY=over …                       this scenario alone
 */
#include "engine/csr.h"
#include "tests/unit/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

/* ---- calls that are the last --------------------------------------------------------------------------- */

enum moment { BEFORE, BEHIND, AMID, MOMENTS };

/* Of the child alone. Linker wraps have no other way to be told. */
static struct {
    unsigned kill_at; /* 0: never */
    enum moment moment;
    unsigned calls; /* so far, of all threads */
} fate;

static bool is_the_last(enum moment moment)
{
    return fate.kill_at && fate.moment == moment &&
           __atomic_load_n(&fate.calls, __ATOMIC_SEQ_CST) == fate.kill_at;
}

/* What cannot be done by half is not done. */
static void count_call(bool has_middle)
{
    __atomic_add_fetch(&fate.calls, 1, __ATOMIC_SEQ_CST);
    if (is_the_last(BEFORE) || (!has_middle && is_the_last(AMID))) raise(SIGKILL);
}

#define DONE(result)                                                                                         \
    do {                                                                                                     \
        if (is_the_last(BEHIND)) raise(SIGKILL);                                                             \
        return (result);                                                                                     \
    } while (0)

ssize_t __real_write(int fd, const void *at, size_t len);
ssize_t __wrap_write(int fd, const void *at, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);

ssize_t __wrap_write(int fd, const void *at, size_t len)
{
    count_call(true);
    if (is_the_last(AMID)) {
        (void)!__real_write(fd, at, len / 2);
        raise(SIGKILL);
    }
    ssize_t n = __real_write(fd, at, len);
    DONE(n);
}
int __wrap_fsync(int fd)
{
    count_call(false);
    int result = __real_fsync(fd);
    DONE(result);
}
int __wrap_fdatasync(int fd)
{
    count_call(false);
    int result = __real_fdatasync(fd);
    DONE(result);
}
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
    count_call(false);
    int result = __real_renameat(from, a, to, b);
    DONE(result);
}
int __wrap_unlinkat(int fd, const char *path, int flags)
{
    count_call(false);
    int result = __real_unlinkat(fd, path, flags);
    DONE(result);
}
int __wrap_ftruncate(int fd, off_t len)
{
    count_call(false);
    int result = __real_ftruncate(fd, len);
    DONE(result);
}

/* ---- one run ------------------------------------------------------------------------------------------- */

struct scenario {
    const char *name;
    struct folder folder;
    unsigned threads;
};

static void ignore(void *world, const char *line)
{
    (void)world;
    if (getenv("KILL_TALK")) fprintf(stderr, "%s\n", line);
}

/* In a child: how it ended. Batches of few records and a checkpoint every few: many places in a short stream.
 */
static int run_once(const struct scenario *s, unsigned kill_at, enum moment moment)
{
    pid_t child = fork();
    int status;
    if (!child) {
        char error[512];
        fate.kill_at = kill_at, fate.moment = moment;
        struct csr_run_options o = {.site = folder_at(&s->folder, "site.csr"),
                                    .threads = s->threads,
                                    .talk = ignore,
                                    .batch_records = 4,
                                    .checkpoint_records = 8};
        csr_report *report = csr_report_new();
        enum csr_status end = csr_run(&o, report, error);
        if (end == CSR_SYSTEM) fprintf(stderr, "%s: %s\n", s->name, error);
        _exit(end == CSR_SYSTEM ? 100 : 0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void put_site(const struct scenario *s, const char *source_folder)
{
    char rules[2048];
    snprintf(rules, sizeof rules, "%s/rules.csr", source_folder);
    FILE *from = fopen(rules, "r"), *to = fopen(folder_at(&s->folder, "site.csr"), "w");
    assert_true(from && to);
    for (int c; (c = getc(from)) != EOF;) putc(c, to);
    fprintf(to, "\nsource told { kind = \"file\" path = \"%s/events.ndjson\" }\n", source_folder);
    fprintf(to, "sink soc { kind = \"file\" path = \"%s/soc\" }\n", s->folder.path);
    fprintf(to, "policy { incidents = \"%s/out.ndjson\" state = \"%s/state\" }\n", s->folder.path,
            s->folder.path);
    fclose(from);
    fclose(to);
}

static void remove_below(const struct scenario *s, const char *name)
{
    struct folder below;
    snprintf(below.path, sizeof below.path, "%s", folder_at(&s->folder, "%s", name));
    folder_remove(&below);
}

static void begin_anew(const struct scenario *s)
{
    remove_below(s, "state");
    remove(folder_at(&s->folder, "out.ndjson"));
}

/* All lines; owned by the caller. */
static char *read_lines(const struct scenario *s)
{
    FILE *f = fopen(folder_at(&s->folder, "out.ndjson"), "r");
    char *text = calloc(1, 4 << 20);
    size_t n = f ? fread(text, 1, (4 << 20) - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    return text;
}

static unsigned number_from(const char *name, unsigned otherwise)
{
    const char *said = getenv(name);
    return said ? (unsigned)strtoul(said, NULL, 10) : otherwise;
}

/* ---- the tests ----------------------------------------------------------------------------------------- */

/* Killed at one call, and then run to the end. False: no call was that one. */
static bool is_whole_after(const struct scenario *s, unsigned kill_at, enum moment moment,
                           const char *expected)
{
    begin_anew(s);
    int status = run_once(s, kill_at, moment);
    bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!was_killed) assert_int_equal(status, 0);
    if (was_killed) assert_int_equal(run_once(s, 0, BEFORE), 0);
    char *got = read_lines(s);
    if (strcmp(got, expected) != 0 && getenv("KILL_TALK"))
        printf("--- expected\n%s--- got\n%s", expected, got);
    if (strcmp(got, expected) != 0)
        fail_msg("%s: killed %s call %u it ended with other lines", s->name,
                 (const char *[]){"before", "behind", "amid"}[moment], kill_at);
    free(got);
    return was_killed;
}

/* Killed again and again, a little later each time, it gets to its end. */
static void comes_through(const struct scenario *s, const char *expected)
{
    begin_anew(s);
    for (unsigned n = 3;; n += 4) {
        int status = run_once(s, n, (enum moment)(n % MOMENTS));
        if (!WIFSIGNALED(status)) break;
    }
    char *got = read_lines(s);
    assert_string_equal(got, expected);
    free(got);
}

static void try_scenario(const char *name, const char *source_folder, unsigned step)
{
    struct scenario s = {.name = name, .folder = folder_new(), .threads = 1};
    put_site(&s, source_folder);
    begin_anew(&s);
    assert_int_equal(run_once(&s, 0, BEFORE), 0);
    char *expected = read_lines(&s);
    s.threads = 2;
    unsigned n = 1;
    for (; is_whole_after(&s, n, (enum moment)(n / step % MOMENTS), expected); n += step) continue;
    assert_true(n > step); /* it compiled, and it wrote */
    comes_through(&s, expected);
    printf("%s: %u calls, each %u\n", name, n, step);
    free(expected);
    folder_remove(&s.folder);
}

static void a_run_that_is_killed_loses_and_repeats_nothing(void **unused)
{
    const char *source = getenv("CSR_SOURCE"), *only = getenv("KILL_ONLY");
    char path[512], below[1024];
    unsigned tried = 0;
    (void)unused;
    snprintf(path, sizeof path, "%s/tests/replay", source ? source : ".");
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(below, sizeof below, "%s/%s/events.ndjson", path, e->d_name);
        if (access(below, R_OK) || (only && strcmp(only, e->d_name) != 0)) continue;
        char folder[1024];
        if (!realpath(below, folder)) fail();
        *strrchr(folder, '/') = '\0';
        try_scenario(e->d_name, folder, number_from("KILL_STEP", 23));
        tried++;
    }
    closedir(dir);
    assert_true(tried);
}

/* Hundreds of short runs that sync: in memory, unless somebody says where. */
int main(void)
{
    if (!access("/dev/shm", W_OK)) setenv("TMPDIR", "/dev/shm", 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_run_that_is_killed_loses_and_repeats_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
