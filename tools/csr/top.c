/* top.c - see top.h.
 *
 * The terminal shows its other screen and gives keys as they are pressed, without a line's end. Whatever ends
 * the page (q, a signal, a service that is gone) puts back what was there before.
 */
#include "tools/csr/top.h"

#include "engine/csr.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define REFRESH_MS 2000

/* See cmd_run.c: what a signal handler may write. */
static volatile sig_atomic_t has_to_end;

static void on_signal(int number)
{
    (void)number;
    has_to_end = 1;
}

struct top {
    const struct call *call;
    const char *socket;
    enum rules_sort sort;
    json_t *now, *earlier;
    struct termios before;
    bool is_raw;
};

/* A new answer. False, and error: there is none. */
static bool ask(struct top *t, char error[512])
{
    char *text = csr_control(t->socket, "{\"verb\":\"rules\"}", error);
    if (!text) return false;
    json_t *answer = json_loads(text, 0, NULL);
    free(text);
    if (!answer || !json_is_true(json_object_get(answer, "ok"))) {
        snprintf(error, 512, "the service does not tell of rules");
        json_decref(answer);
        return false;
    }
    json_decref(t->earlier);
    t->earlier = t->now;
    t->now = answer;
    return true;
}

static long long number(const json_t *answer, const char *object, const char *name)
{
    const json_t *in = object ? json_object_get(answer, object) : answer;
    return in ? json_integer_value(json_object_get(in, name)) : 0;
}

static void put_page(const struct top *t, FILE *to, unsigned lines, unsigned width)
{
    struct rules_table table = {t->now, t->earlier, t->sort, lines > 4 ? lines - 3 : lines, width};
    double seconds =
        (double)(number(t->now, NULL, "uptime_ms") - number(t->earlier, NULL, "uptime_ms")) / 1e3;
    double records = (double)(number(t->now, "records", "in") - number(t->earlier, "records", "in"));
    double bytes = (double)(number(t->now, NULL, "bytes_read") - number(t->earlier, NULL, "bytes_read"));
    if (seconds <= 0) seconds = 1;
    fprintf(to, "csr  %.0f records/s  %.1f MB/s  %lld records in all  %s\n\n", records / seconds,
            bytes / seconds / 1e6, number(t->now, "records", "in"),
            t->earlier ? "figures of the last seconds" : "figures since the start");
    rules_table_print(&table, to);
}

/* ---- the terminal -------------------------------------------------------------------------------------- */

static void take_screen(struct top *t)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll comes back */
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) sigaction(ends[i], &action, NULL);
    struct sigaction resized = {.sa_handler = SIG_DFL};
    sigaction(SIGWINCH, &resized, NULL);
    if (tcgetattr(STDIN_FILENO, &t->before) == 0) {
        struct termios raw = t->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
        t->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    fputs("\033[?1049h\033[?25l", stdout);
}

static void give_screen_back(struct top *t)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    if (t->is_raw) tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

/* Line by line over what stands there: nothing flickers. */
static void draw(const struct top *t)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    char *page = NULL, *line, *rest;
    size_t len = 0;
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    FILE *to = open_memstream(&page, &len);
    if (!to) return;
    put_page(t, to, size.ws_row ? size.ws_row - 1u : 23u, size.ws_col ? size.ws_col : 80u);
    fclose(to);
    fputs("\033[H", stdout);
    for (rest = page; (line = strsep(&rest, "\n"));) printf("%s\033[K%s", line, rest ? "\r\n" : "");
    printf("\033[Jq: leave   s: sort (now by %s)", rules_sorts[t->sort]);
    fflush(stdout);
    free(page);
}

/* False: it is over. *again: the next answer is due. */
static bool wait_for_key(struct top *t, bool *again)
{
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    char key = 0;
    int n = poll(&in, 1, REFRESH_MS);
    *again = n == 0;
    if (has_to_end) return false;
    if (n <= 0) return true;
    if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q') return false;
    if (key == 's') t->sort = (t->sort + 1) % SORTS;
    return true;
}

static bool watch(struct top *t, char error[512])
{
    bool again = false, is_there = true;
    take_screen(t);
    do {
        if (again) is_there = ask(t, error);
        if (is_there) draw(t);
    } while (is_there && wait_for_key(t, &again));
    give_screen_back(t);
    return is_there;
}

int top_run(const struct call *call, const char *socket, enum rules_sort sort)
{
    struct top t = {.call = call, .socket = socket, .sort = sort};
    char error[512] = "";
    bool done = ask(&t, error);
    if (done && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
        done = watch(&t, error);
    else if (done)
        put_page(&t, stdout, 0, 0);
    json_decref(t.now);
    json_decref(t.earlier);
    return done ? CSR_OK : fail(call, CSR_SYSTEM, "%s", error);
}
