/* socket.c - see socket.h; csr_control, the other end, is here as well. */
#include "engine/service/socket.h"

#include "engine/csr.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_PATIENCE_S 300 /* a reload compiles and waits for the running batches */

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the socket's file --------------------------------------------------------------------------------- */

static bool failed(char error[512], const char *path, const char *what)
{
    snprintf(error, 512, "%s: %s: %s", path, what, strerror(errno));
    return false;
}

static bool address_of(const char *path, struct sockaddr_un *at, char error[512])
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof at->sun_path) {
        memcpy(at->sun_path, path, strlen(path) + 1);
        return true;
    }
    snprintf(error, 512, "%s: the path of a socket has at most %zu bytes", path, sizeof at->sun_path - 1);
    return false;
}

static bool somebody_answers(const struct sockaddr_un *at)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers =
        probe < 0 || connect(probe, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN;
    if (probe >= 0) close(probe);
    return answers;
}

/* Invariant 3. */
static bool clear_way(const struct sockaddr_un *at, char error[512])
{
    struct stat s;
    if (lstat(at->sun_path, &s)) return errno == ENOENT || failed(error, at->sun_path, "socket");
    if (!S_ISSOCK(s.st_mode)) {
        snprintf(error, 512, "%s: there is a file that is no socket", at->sun_path);
        return false;
    }
    if (somebody_answers(at)) {
        snprintf(error, 512, "%s: another csr answers there", at->sun_path);
        return false;
    }
    return unlink(at->sun_path) == 0 || failed(error, at->sun_path, "left over socket");
}

bool control_socket_open(struct control_socket *cs, const char *path, char error[512])
{
    struct sockaddr_un at;
    *cs = (struct control_socket){.listener = -1};
    for (int i = 0; i < CLIENTS_MOST; i++) cs->clients[i].file = -1;
    if (!address_of(path, &at, error) || !clear_way(&at, error)) return false;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return failed(error, path, "socket");
    /* The mode of an unbound socket becomes that of its file: there is no moment in which others may connect. */
    if (fchmod(listener, 0600) || bind(listener, (struct sockaddr *)&at, sizeof at) ||
        listen(listener, CLIENTS_MOST)) {
        failed(error, path, "socket");
        close(listener);
        return false;
    }
    cs->listener = listener;
    snprintf(cs->path, sizeof cs->path, "%s", path);
    return true;
}

/* ---- clients ------------------------------------------------------------------------------------------- */

static void cut_off(struct client *c)
{
    close(c->file);
    free(c->answer);
    c->file = -1;
    c->answer = NULL;
    c->request_len = c->wants = 0;
    c->answer_len = c->sent = 0;
    c->is_answered_last = c->says_no_more = false;
}

void control_socket_close(struct control_socket *cs)
{
    if (cs->listener < 0) return;
    for (int i = 0; i < CLIENTS_MOST; i++)
        if (cs->clients[i].file >= 0) cut_off(&cs->clients[i]);
    unlink(cs->path);
    close(cs->listener);
    cs->listener = -1;
}

static bool is_welcome(int file)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &size)) return false;
    return peer.uid == 0 || peer.uid == geteuid();
}

static bool is_busy(const struct client *c)
{
    return c->wants || c->answer;
}

/* Invariant 2. NULL: all are busy. */
static struct client *place_for_one(struct control_socket *cs)
{
    struct client *oldest = NULL;
    for (int i = 0; i < CLIENTS_MOST; i++) {
        struct client *c = &cs->clients[i];
        if (c->file < 0) return c;
        if (!is_busy(c) && (!oldest || c->came < oldest->came)) oldest = c;
    }
    if (oldest) cut_off(oldest);
    return oldest;
}

static void welcome(struct control_socket *cs, int file)
{
    struct client *c = is_welcome(file) ? place_for_one(cs) : NULL;
    if (!c) {
        close(file);
        return;
    }
    c->file = file;
    c->came = cs->came++;
    c->deadline = clock_ms() + CLIENT_PATIENCE_MS;
}

/* Half of the places at a time: what those who came have sent is looked at before they must give way. */
static void welcome_some(struct control_socket *cs)
{
    for (int i = 0; i < CLIENTS_MOST / 2; i++) {
        int file = accept4(cs->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (file < 0) return;
        welcome(cs, file);
    }
}

void client_answer(struct client *c, struct text line, bool last)
{
    c->answer = malloc(line.len + 1);
    c->wants = 0;
    if (!c->answer) {
        cut_off(c);
        return;
    }
    memcpy(c->answer, line.at, line.len);
    c->answer[line.len] = '\n';
    c->answer_len = line.len + 1;
    c->sent = 0;
    c->is_answered_last = last;
    c->deadline = clock_ms() + CLIENT_PATIENCE_MS;
}

static void send_more(struct client *c)
{
    ssize_t n = send(c->file, c->answer + c->sent, c->answer_len - c->sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        cut_off(c);
        return;
    }
    c->sent += (size_t)n;
    if (c->sent < c->answer_len) return;
    free(c->answer);
    c->answer = NULL;
    c->deadline = clock_ms() + CLIENT_PATIENCE_MS;
    if (c->is_answered_last) cut_off(c);
}

/* The next whole request, if there is one and nothing is under way. */
static void take_request(struct client *c, void *world, void (*request)(void *, struct client *, struct text))
{
    char *end = memchr(c->request, '\n', c->request_len);
    if (!end || is_busy(c)) return;
    uint32_t len = (uint32_t)(end - c->request);
    char line[REQUEST_MOST];
    memcpy(line, c->request, len);
    c->request_len -= len + 1;
    memmove(c->request, end + 1, c->request_len);
    c->deadline = INT64_MAX;
    request(world, c, (struct text){line, len});
}

static void receive_more(struct client *c)
{
    ssize_t n = recv(c->file, c->request + c->request_len, REQUEST_MOST - c->request_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        cut_off(c);
        return;
    }
    c->says_no_more = n == 0;
    c->request_len += (uint32_t)n;
    if (c->request_len < REQUEST_MOST || memchr(c->request, '\n', REQUEST_MOST)) return;
    if (is_busy(c)) cut_off(c);
    else client_answer(c, TEXT("{\"ok\":false,\"error\":\"the request is too long\"}"), true);
}

static bool has_room(const struct client *c)
{
    return c->request_len < REQUEST_MOST && !c->is_answered_last && !c->says_no_more;
}

static void serve_client(struct client *c, short happened, void *world,
                         void (*request)(void *, struct client *, struct text))
{
    if (c->file >= 0 && (happened & (POLLHUP | POLLERR)) && !(happened & POLLIN)) cut_off(c);
    if (c->file >= 0 && c->answer && (happened & POLLOUT)) send_more(c);
    if (c->file >= 0 && (happened & POLLIN) && has_room(c)) receive_more(c);
    if (c->file >= 0) take_request(c, world, request);
    if (c->file >= 0 && !is_busy(c) && c->says_no_more) cut_off(c);
    if (c->file >= 0 && clock_ms() > c->deadline) cut_off(c);
}

static void empty(int wake)
{
    uint64_t count;
    ssize_t n = read(wake, &count, sizeof count); /* nothing in it is fine, too */
    (void)n;
}

void control_socket_serve(struct control_socket *cs, int wake, int wait_ms, void *world,
                          void (*request)(void *world, struct client *c, struct text line))
{
    struct pollfd look[CLIENTS_MOST + 2] = {{cs->listener, POLLIN, 0}, {wake, POLLIN, 0}};
    for (int i = 0; i < CLIENTS_MOST; i++) {
        const struct client *c = &cs->clients[i];
        look[i + 2] =
            (struct pollfd){c->file, (short)((c->answer ? POLLOUT : 0) | (has_room(c) ? POLLIN : 0)), 0};
    }
    if (poll(look, CLIENTS_MOST + 2, wait_ms) < 0) return;
    if (look[1].revents) empty(wake);
    for (int i = 0; i < CLIENTS_MOST; i++)
        if (cs->clients[i].file >= 0) serve_client(&cs->clients[i], look[i + 2].revents, world, request);
    if (look[0].revents) welcome_some(cs);
}

bool control_socket_is_sending(const struct control_socket *cs)
{
    for (int i = 0; i < CLIENTS_MOST; i++)
        if (cs->clients[i].file >= 0 && cs->clients[i].answer) return true;
    return false;
}

/* ---- the other end ------------------------------------------------------------------------------------- */

static int connect_to(const char *path, char error[512])
{
    struct sockaddr_un at;
    struct timeval patience = {CONTROL_PATIENCE_S, 0};
    if (!address_of(path, &at, error)) return -1;
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0 || connect(file, (struct sockaddr *)&at, sizeof at)) {
        failed(error, path, errno == ECONNREFUSED || errno == ENOENT ? "no csr runs there" : "connect");
        if (file >= 0) close(file);
        return -1;
    }
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return file;
}

static bool send_line(int file, const char *text)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        ssize_t n = send(file, text + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) at += (size_t)n;
    }
    return send(file, "\n", 1, MSG_NOSIGNAL) == 1;
}

/* Up to the newline, which is taken off. */
static char *receive_line(int file, char error[512])
{
    size_t len = 0, cap = 4096;
    char *line = malloc(cap), *grown;
    while (line && len < ANSWER_MOST) {
        ssize_t n = recv(file, line + len, cap - len - 1, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            snprintf(error, 512, "no answer: %s",
                     n ? strerror(errno) : "the service has closed the connection");
            free(line);
            return NULL;
        }
        len += (size_t)n;
        line[len] = '\0';
        if (line[len - 1] == '\n') {
            line[len - 1] = '\0';
            return line;
        }
        if (cap - len < 2) {
            if (!(grown = realloc(line, cap *= 2))) break;
            line = grown;
        }
    }
    snprintf(error, 512, line && len >= ANSWER_MOST ? "the answer is too long" : "out of memory");
    free(line);
    return NULL;
}

char *csr_control(const char *path, const char *request_json, char error[512])
{
    char *answer = NULL;
    error[0] = '\0';
    int file = connect_to(path, error);
    if (file < 0) return NULL;
    if (send_line(file, request_json))
        answer = receive_line(file, error);
    else
        failed(error, path, "send");
    close(file);
    return answer;
}
