/* socket.h - the control socket: JSON lines over a Unix socket, mode 0600, for our own user and root.
 *
 * A connection carries one request at a time, each a line, each answered by a line. Whoever is slow, silent, or sends
 * too much is cut off; nobody else notices.
 *
 * Invariants
 * 1. Nothing here blocks: the control thread polls, and what a client does not take is kept for it until its time is
 *    over.
 * 2. Whoever connects gets a place, unless all have a request under way: of those that are idle the one that came first
 *    is closed for it. So connections that are held open shut nobody out.
 * 3. A socket file that nobody answers at is left over from a service that is gone, and is replaced; any other file
 *    stays, and is an error.
 */
#ifndef CSR_ENGINE_SERVICE_SOCKET_H
#define CSR_ENGINE_SERVICE_SOCKET_H

#include "grammar/base/text.h"

#include <stddef.h>

#define CLIENTS_MOST      16
#define REQUEST_MOST      4096          /* bytes of a request with its newline */
#define ANSWER_MOST       (16u << 20)   /* that csr_control takes */
#define CLIENT_PATIENCE_MS 10000        /* for a request to come, or an answer to be taken */

struct client {
    int file;              /* -1: free */
    char request[REQUEST_MOST];
    uint32_t request_len;
    char *answer;          /* what is not sent yet: owned */
    size_t answer_len, sent;
    int64_t deadline;      /* milliseconds of the socket's clock; INT64_MAX: it waits for us */
    uint64_t came;         /* when all places are taken the idle one that came first gives way */
    bool is_answered_last; /* to be closed once the answer is sent */
    bool says_no_more;     /* the other side has closed its half */
    uint32_t wants;        /* the caller's */
    uint64_t ticket;
};

struct control_socket {
    int listener;
    char path[256];
    struct client clients[CLIENTS_MOST];
    uint64_t came; /* connections so far */
};

/* False and error: no socket. Its file is removed by control_socket_close. */
bool control_socket_open(struct control_socket *cs, const char *path, char error[512]);
void control_socket_close(struct control_socket *cs);

/* Waits at most wait_ms for anything to happen, also for `wake` (an eventfd, which is emptied), and serves it. Each
 * whole request is given to `request`, which answers now or later. now: milliseconds of a clock that only moves on. */
void control_socket_serve(struct control_socket *cs, int wake, int wait_ms, void *world,
                          void (*request)(void *world, struct client *c, struct text line));
/* One line; the newline is added. last: the connection ends with it. No memory: the client is cut off. */
void client_answer(struct client *c, struct text line, bool last);
/* Whether an answer is still to be sent to somebody. */
bool control_socket_is_sending(const struct control_socket *cs);

int64_t clock_ms(void);

#endif
