/* arena.h - memory with one lifetime: everything a compile makes, released together.
 *
 * Invariants
 * 1. arena_alloc never returns NULL. When the system has no memory (or the arena's budget is spent) control
 *    leaves by the escape that the owner set; the owner then frees the arena and reports E0001. So no caller
 *    checks, and no half-built tree is ever walked. Only code whose every resource lies in the arena may run
 *    under an escape.
 * 2. Memory comes zeroed and aligned for any type.
 * 3. An arena is used by one thread at a time.
 */
#ifndef CSR_GRAMMAR_BASE_ARENA_H
#define CSR_GRAMMAR_BASE_ARENA_H

#include "grammar/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct arena;

/* NULL when there is no memory. budget: the most bytes it may take from the system, 0 for no limit. */
struct arena *arena_new(size_t budget);
void arena_free(struct arena *a); /* NULL is allowed */

/* if (setjmp(*arena_escape(a))) { out of memory: give up } */
jmp_buf *arena_escape(struct arena *a);

/* The frame that set the escape is left: whoever allocates now has promised that there is memory. */
void arena_end_escape(struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
/* A grown copy; the old bytes stay until the arena goes. old may be NULL. */
void *arena_grow(struct arena *a, const void *old, size_t old_size, size_t new_size);
struct text arena_text(struct arena *a, const char *at, size_t len); /* copies; a NUL follows, uncounted */
struct text arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* No format gives no text. */
struct text arena_vprintf(struct arena *a, const char *format, va_list ap);
size_t arena_used(const struct arena *a);
/* Forgets all that was handed out, guests excepted: there must be none. The escape stays. */
void arena_reset(struct arena *a);

/* Memory that is not the arena's and goes with it. The place for it is made first, so that nothing can be lost in
 * between: what its owner puts into `at` is released when the arena is freed. */
struct arena_guest {
    void *at; /* NULL: none yet */
    void (*release)(void *at);
    struct arena_guest *next;
};
struct arena_guest *arena_guest(struct arena *a, void (*release)(void *at));

/* Leaves by the escape: for the owner's code that has no memory of another kind. */
_Noreturn void arena_give_up(struct arena *a);

#define ARENA_NEW(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (size_t)(count)))

/* Fails the n-th allocation from the system (1 is the next), once; 0 never. For tests of invariant 1. */
void arena_fail_at(struct arena *a, uint64_t n);
/* The same for the n-th piece that somebody asks the arena for. */
void arena_fail_piece_at(struct arena *a, uint64_t n);

/* A growing array inside an arena: struct ARENA_VEC(struct foo) foos; *ARENA_PUSH(a, foos) = …; */
#define ARENA_VEC(type)                                                                                     \
    {                                                                                                       \
        type *at;                                                                                           \
        uint32_t len, cap;                                                                                  \
    }
#define ARENA_PUSH(a, v)                                                                                    \
    ((v).len == (v).cap                                                                                     \
         ? ((v).at = arena_grow((a), (v).at, (v).cap * sizeof *(v).at,                                      \
                                ((v).cap ? (v).cap * 2 : 8) * sizeof *(v).at),                              \
            (v).cap = (v).cap ? (v).cap * 2 : 8)                                                            \
         : 0,                                                                                               \
     &(v).at[(v).len++])

#endif
