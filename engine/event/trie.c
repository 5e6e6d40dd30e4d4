/* trie.c - see trie.h.
 *
 * Sorted paths visit the nodes of their trie in depth-first order: each path shares a beginning with the one
 * before it and adds the rest.
 */
#include "engine/event/trie.h"

#include "engine/base/jsontext.h"
#include "engine/event/event.h"

#include <stdlib.h>

struct trie_edge {
    struct text name; /* at NULL: an empty place */
    uint32_t parent, child;
};

struct path {
    const struct ir_slot *slot;
    uint32_t number;
};

static int path_compare(const void *a, const void *b)
{
    const struct ir_slot *x = ((const struct path *)a)->slot, *y = ((const struct path *)b)->slot;
    for (uint32_t i = 0; i < x->len && i < y->len; i++) {
        int order = text_compare(x->names[i], y->names[i]);
        if (order) return order;
    }
    return (x->len > y->len) - (x->len < y->len);
}

static struct path *paths_sorted(struct arena *a, const struct ir *ir)
{
    struct path *paths = ARENA_ARRAY(a, struct path, ir->n_slots + 1);
    for (uint32_t i = 0; i < ir->n_slots; i++) paths[i] = (struct path){&ir->slots[i], i};
    if (ir->n_slots) qsort(paths, ir->n_slots, sizeof *paths, path_compare);
    return paths;
}

/* Where the edge is, or the empty place where it would be. */
static struct trie_edge *edge_at(const struct trie *t, uint32_t parent, struct text name, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> 32 ^ hash ^ parent * 0x9e3779b9u) & t->mask;
    while (t->edges[at].name.at && !(t->edges[at].parent == parent && text_equal(t->edges[at].name, name)))
        at = (at + 1) & t->mask;
    return &t->edges[at];
}

static uint32_t node_add(struct trie *t, uint32_t parent, struct text name)
{
    uint32_t child = t->n_nodes++;
    *edge_at(t, parent, name, json_name_hash(t->key, name)) =
        (struct trie_edge){name.len ? name : TEXT(""), parent, child};
    t->nodes[child] = (struct trie_node){IR_NONE, IR_NONE, child, t->nodes[parent].depth + 1, false};
    return child;
}

/* Adds one path; nodes on it grow their ranges. */
static void path_add(struct trie *t, const struct path *p)
{
    uint32_t node = 0, on_path[EVENT_DEPTH_MOST + 1] = {0};
    if (p->slot->len > EVENT_DEPTH_MOST) return; /* nothing in a record lies deeper */
    for (uint32_t i = 0; i < p->slot->len; i++) {
        struct text name = p->slot->names[i];
        uint32_t child = trie_child(t, node, name, json_name_hash(t->key, name));
        node = child == IR_NONE ? node_add(t, node, name) : child;
        on_path[i + 1] = node;
    }
    for (uint32_t i = 0; i <= p->slot->len; i++) {
        t->nodes[on_path[i]].last = t->n_nodes - 1;
        if (i < p->slot->len) t->nodes[on_path[i]].unwraps |= p->slot->unwrap;
    }
    *(p->slot->unwrap ? &t->nodes[node].unwrap_slot : &t->nodes[node].slot) = p->number;
}

void trie_init(struct trie *t, struct arena *a, const struct ir *ir, const uint64_t key[2])
{
    uint32_t names = 1, size = 8;
    for (uint32_t i = 0; i < ir->n_slots; i++) names += ir->slots[i].len;
    while (size < 4 * (uint64_t)names) size *= 2;
    *t = (struct trie){.key = {key[0], key[1]}, .mask = size - 1, .n_nodes = 1};
    t->nodes = ARENA_ARRAY(a, struct trie_node, names);
    t->edges = ARENA_ARRAY(a, struct trie_edge, size);
    t->nodes[0] = (struct trie_node){.slot = IR_NONE, .unwrap_slot = IR_NONE};
    struct path *paths = paths_sorted(a, ir);
    for (uint32_t i = 0; i < ir->n_slots; i++) path_add(t, &paths[i]);
}

uint32_t trie_child(const struct trie *t, uint32_t node, struct text name, uint64_t hash)
{
    if (t->nodes[node].last == node) return IR_NONE;
    const struct trie_edge *edge = edge_at(t, node, name, hash);
    return edge->name.at ? edge->child : IR_NONE;
}
