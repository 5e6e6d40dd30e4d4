/* arena.c - blocks from the system, handed out front to back.
 *
 * Blocks come zeroed (calloc: fresh pages cost nothing) and double in size up to BLOCK_MOST, so a small file
 * costs one block and a large one few calls. What is larger than a block gets one of its own, behind the
 * current one, so that the rest of the current block is not wasted.
 */
#include "grammar/base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK_LEAST ((size_t)16 << 10)
#define BLOCK_MOST  ((size_t)1 << 20)

struct block {
    struct block *next;
    size_t size, used; /* of bytes[] */
    _Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks;   /* the first is the one being handed out */
    size_t budget, taken;   /* bytes from the system; budget 0: no limit */
    size_t used;            /* bytes handed out */
    uint64_t fail_at;       /* counts down to the planted failure; 0: none */
    uint64_t fail_piece_at; /* likewise */
    bool has_escape;
    jmp_buf escape;
    struct arena_guest *guests;
};

struct arena *arena_new(size_t budget)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a) a->budget = budget;
    return a;
}

static void free_blocks(struct arena *a)
{
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->blocks = NULL;
}

void arena_free(struct arena *a)
{
    if (!a) return;
    for (struct arena_guest *g = a->guests; g; g = g->next)
        if (g->at) g->release(g->at);
    free_blocks(a);
    free(a);
}

/* Blocks come zeroed, so used ones cannot be handed out again. */
void arena_reset(struct arena *a)
{
    free_blocks(a);
    a->taken = a->used = 0;
}

jmp_buf *arena_escape(struct arena *a)
{
    a->has_escape = true;
    return &a->escape;
}

void arena_end_escape(struct arena *a)
{
    a->has_escape = false;
}

void arena_fail_at(struct arena *a, uint64_t n)
{
    a->fail_at = n;
}

void arena_fail_piece_at(struct arena *a, uint64_t n)
{
    a->fail_piece_at = n;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

/* An owner that set no escape has promised that there is memory. */
_Noreturn void arena_give_up(struct arena *a)
{
    if (a->has_escape) longjmp(a->escape, 1);
    fputs("csr: out of memory\n", stderr);
    abort();
}

static struct block *block_new(struct arena *a, size_t size)
{
    size_t all = sizeof(struct block) + size;
    bool planted = a->fail_at && --a->fail_at == 0;
    if (planted || all < size || (a->budget && (all > a->budget || a->taken > a->budget - all)))
        arena_give_up(a);
    struct block *b = calloc(1, all);
    if (!b) arena_give_up(a);
    b->size = size;
    a->taken += all;
    return b;
}

/* The block that has room for `size` more bytes, made if need be. */
static struct block *block_with_room(struct arena *a, size_t size)
{
    struct block *first = a->blocks;
    if (first && first->size - first->used >= size) return first;
    size_t next_size = !first ? BLOCK_LEAST : first->size < BLOCK_MOST ? first->size * 2 : BLOCK_MOST;
    if (first && size > next_size / 4) {
        struct block *own = block_new(a, size);
        own->next = first->next;
        first->next = own;
        return own;
    }
    struct block *b = block_new(a, size > next_size ? size : next_size);
    b->next = first;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    bool planted = a->fail_piece_at && --a->fail_piece_at == 0;
    if (planted || size > SIZE_MAX / 2) arena_give_up(a);
    size_t rounded = size ? (size + align - 1) / align * align : align;
    struct block *b = block_with_room(a, rounded);
    void *at = b->bytes + b->used;
    b->used += rounded;
    a->used += rounded;
    return at;
}

struct arena_guest *arena_guest(struct arena *a, void (*release)(void *at))
{
    struct arena_guest *g = ARENA_NEW(a, struct arena_guest);
    *g = (struct arena_guest){NULL, release, a->guests};
    a->guests = g;
    return g;
}

void *arena_grow(struct arena *a, const void *old, size_t old_size, size_t new_size)
{
    void *grown = arena_alloc(a, new_size);
    if (old_size) memcpy(grown, old, old_size);
    return grown;
}

struct text arena_text(struct arena *a, const char *at, size_t len)
{
    if (len >= UINT32_MAX) arena_give_up(a);
    char *copy = arena_alloc(a, len + 1);
    if (len) memcpy(copy, at, len);
    return (struct text){copy, (uint32_t)len};
}

struct text arena_vprintf(struct arena *a, const char *format, va_list ap)
{
    struct text t = {NULL, 0};
    if (!format) return t;
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, format, ap);
    if (len >= 0) {
        char *at = arena_alloc(a, (size_t)len + 1);
        vsnprintf(at, (size_t)len + 1, format, again);
        t = (struct text){at, (uint32_t)len};
    }
    va_end(again);
    return t;
}

struct text arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct text t = arena_vprintf(a, format, ap);
    va_end(ap);
    return t;
}
