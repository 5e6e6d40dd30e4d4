/* The control socket: who gets an answer, who is cut off, which files stay. */
#include "engine/base/json.h"
#include "engine/csr.h"
#include "engine/service/socket.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A server on a thread of its own: "echo …" is answered with the line, "later" not before `go` is rung, "last" ends
 * the connection. */
struct world {
    char folder[32], path[64];
    struct control_socket socket;
    int wake, go, end; /* eventfds */
    pthread_t thread;
    bool is_serving;
};

static void on_request(void *world, struct client *c, struct text line)
{
    (void)world;
    if (text_equal(line, TEXT("later"))) c->wants = 1;
    else client_answer(c, line, text_equal(line, TEXT("last")));
}

static bool is_rung(int bell)
{
    uint64_t n;
    return read(bell, &n, sizeof n) == sizeof n;
}

static void *serve(void *world)
{
    struct world *w = world;
    while (!is_rung(w->end)) {
        control_socket_serve(&w->socket, w->wake, 10, w, on_request);
        for (int i = 0; i < CLIENTS_MOST; i++) {
            struct client *c = &w->socket.clients[i];
            if (c->file >= 0 && c->wants && is_rung(w->go)) client_answer(c, TEXT("at last"), false);
        }
    }
    return NULL;
}

static void ring(int bell)
{
    uint64_t one = 1;
    assert_int_equal(write(bell, &one, sizeof one), sizeof one);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    snprintf(w->folder, sizeof w->folder, "/tmp/csr-control-XXXXXX");
    if (!mkdtemp(w->folder)) return -1;
    snprintf(w->path, sizeof w->path, "%s/sock", w->folder);
    w->wake = eventfd(0, EFD_NONBLOCK);
    w->go = eventfd(0, EFD_NONBLOCK);
    w->end = eventfd(0, EFD_NONBLOCK);
    w->socket.listener = -1;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    if (w->is_serving) {
        ring(w->end);
        pthread_join(w->thread, NULL);
    }
    control_socket_close(&w->socket);
    close(w->wake);
    close(w->go);
    close(w->end);
    unlink(w->path);
    int wrong = rmdir(w->folder);
    free(w);
    return wrong;
}

static void start(struct world *w)
{
    char error[512] = "";
    if (!control_socket_open(&w->socket, w->path, error)) fail_msg("%s", error);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
    w->is_serving = true;
}

static int connect_client(const struct world *w)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->path);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(file, (struct sockaddr *)&at, sizeof at), 0);
    return file;
}

static void say(int file, const char *text)
{
    assert_int_equal(send(file, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything up to the end of the connection, or to so many lines. */
static void hear(int file, int lines, char *out, size_t room)
{
    size_t len = 0;
    while (lines && len + 1 < room && recv(file, out + len, 1, 0) == 1) lines -= out[len++] == '\n';
    out[len] = '\0';
}

static void expect_answer(const struct world *w, const char *request, const char *wanted)
{
    char error[512];
    char *answer = csr_control(w->path, request, error);
    if (!answer) fail_msg("%s", error);
    assert_string_equal(answer, wanted);
    free(answer);
}

/* ---- answers ------------------------------------------------------------------------------------------- */

static void each_line_is_answered(void **state)
{
    struct world *w = *state;
    char heard[64];
    start(w);
    expect_answer(w, "hello", "hello");
    int file = connect_client(w);
    say(file, "one\ntw");
    say(file, "o\nthree\n");
    hear(file, 3, heard, sizeof heard);
    assert_string_equal(heard, "one\ntwo\nthree\n");
    close(file);
}

static void a_half_closed_client_is_answered(void **state)
{
    struct world *w = *state;
    char heard[64];
    start(w);
    int file = connect_client(w);
    say(file, "one\n");
    shutdown(file, SHUT_WR);
    hear(file, -1, heard, sizeof heard);
    assert_string_equal(heard, "one\n");
    close(file);
}

static void one_may_wait_and_others_not(void **state)
{
    struct world *w = *state;
    char heard[64];
    start(w);
    int waiting = connect_client(w), silent = connect_client(w);
    say(waiting, "later\nnext\n");
    for (int i = 0; i < 40; i++) expect_answer(w, "hello", "hello");
    ring(w->go);
    ring(w->wake);
    hear(waiting, 2, heard, sizeof heard);
    assert_string_equal(heard, "at last\nnext\n");
    close(waiting);
    close(silent);
}

static void too_much_is_cut_off(void **state)
{
    struct world *w = *state;
    char heard[128], flood[REQUEST_MOST];
    start(w);
    int file = connect_client(w);
    memset(flood, 'x', sizeof flood);
    assert_int_equal(send(file, flood, sizeof flood, MSG_NOSIGNAL), sizeof flood);
    hear(file, -1, heard, sizeof heard);
    assert_string_equal(heard, "{\"ok\":false,\"error\":\"the request is too long\"}\n");
    close(file);
    expect_answer(w, "hello", "hello");
}

static void whoever_goes_away_leaves_no_trace(void **state)
{
    struct world *w = *state;
    start(w);
    for (int i = 0; i < 3 * CLIENTS_MOST; i++) {
        int file = connect_client(w);
        say(file, i % 2 ? "later\n" : "hal");
        close(file);
    }
    expect_answer(w, "hello", "hello");
}

static void the_last_answer_ends_the_connection(void **state)
{
    struct world *w = *state;
    char heard[64];
    start(w);
    int file = connect_client(w);
    say(file, "last\n");
    hear(file, -1, heard, sizeof heard);
    assert_string_equal(heard, "last\n");
    close(file);
}

/* ---- the socket's file --------------------------------------------------------------------------------- */

static void the_file_is_ours_alone(void **state)
{
    struct world *w = *state;
    struct stat s;
    mode_t mask = umask(0);
    start(w);
    umask(mask);
    assert_int_equal(stat(w->path, &s), 0);
    assert_true(S_ISSOCK(s.st_mode));
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void a_running_service_keeps_its_socket(void **state)
{
    struct world *w = *state;
    struct control_socket second;
    char error[512];
    start(w);
    assert_false(control_socket_open(&second, w->path, error));
    assert_non_null(strstr(error, "another csr answers there"));
    expect_answer(w, "hello", "hello");
}

static void a_left_over_socket_is_replaced(void **state)
{
    struct world *w = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->path);
    int old = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(old, (struct sockaddr *)&at, sizeof at), 0);
    close(old); /* as after kill -9 */
    start(w);
    expect_answer(w, "hello", "hello");
}

static void other_files_stay(void **state)
{
    struct world *w = *state;
    struct control_socket cs;
    char error[512];
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fclose(f);
    assert_false(control_socket_open(&cs, w->path, error));
    assert_non_null(strstr(error, "a file that is no socket"));
    assert_int_equal(access(w->path, F_OK), 0);
}

static void nobody_there_is_an_error(void **state)
{
    struct world *w = *state;
    char error[512], longer[256];
    assert_null(csr_control(w->path, "{}", error));
    assert_non_null(strstr(error, "no csr runs there"));
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(csr_control(longer, "{}", error));
    assert_non_null(strstr(error, "at most 107 bytes"));
}

/* ---- requests ------------------------------------------------------------------------------------------ */

static void requests_are_read(void **state)
{
    (void)state;
    static const struct {
        struct text request;
        const char *verb; /* NULL: refused */
    } cases[] = {
        {TEXT("{\"verb\":\"status\"}"), "status"},
        {TEXT(" { \"x\" : [1], \"verb\" : \"a\\u0062\" } "), "ab"},
        {TEXT("{\"verb\":\"1234567\"}"), "1234567"},
        {TEXT("{\"verb\":\"12345678\"}"), NULL},
        {TEXT("{\"verb\":7}"), NULL},
        {TEXT("{\"verb\":\"a\\u0000b\"}"), NULL},
        {TEXT("{\"verb\":\"a\",\"verb\":\"b\"}"), NULL},
        {TEXT("[\"verb\"]"), NULL},
        {TEXT("\"verb\""), NULL},
        {TEXT("{\"verb\":\"a\"} x"), NULL},
        {TEXT("{"), NULL},
        {TEXT(""), NULL},
        {TEXT("\xff\xfe"), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char verb[8], why[160] = "";
        bool read = json_read_text(cases[i].request, "verb", verb, sizeof verb, why);
        assert_int_equal(read, cases[i].verb != NULL);
        if (read) assert_string_equal(verb, cases[i].verb);
        else assert_int_not_equal(why[0], '\0');
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_answered),
        TEST(a_half_closed_client_is_answered),
        TEST(one_may_wait_and_others_not),
        TEST(too_much_is_cut_off),
        TEST(whoever_goes_away_leaves_no_trace),
        TEST(the_last_answer_ends_the_connection),
        TEST(the_file_is_ours_alone),
        TEST(a_running_service_keeps_its_socket),
        TEST(a_left_over_socket_is_replaced),
        TEST(other_files_stay),
        TEST(nobody_there_is_an_error),
        cmocka_unit_test(requests_are_read),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
