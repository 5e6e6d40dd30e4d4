/* trie.h - the paths that the rules read, as a trie of member names in one array.
 *
 * Nodes are numbered in depth-first order, so that everything below a node is a range of numbers.
 */
#ifndef CSR_ENGINE_EVENT_TRIE_H
#define CSR_ENGINE_EVENT_TRIE_H

#include "engine/ir/ir.h"
#include "grammar/base/arena.h"

struct trie_node {
    uint32_t slot;        /* the slot that ends here, IR_NONE: none does */
    uint32_t unwrap_slot; /* the slot that ends here and looks through EC2's wrappers */
    uint32_t last;        /* nodes from here + 1 to last are below this one */
    uint32_t depth;       /* names from the root, which has none */
    bool unwraps;         /* a slot below looks through wrappers */
};

struct trie {
    struct trie_node *nodes; /* [0] is the root */
    uint32_t n_nodes;
    struct trie_edge *edges; /* open addressing by hash */
    uint32_t mask;
    uint64_t key[2];         /* of the hash of names (jsontext.h) */
};

void trie_init(struct trie *t, struct arena *a, const struct ir *ir, const uint64_t key[2]);
/* The node behind a member of this name, IR_NONE if no rule reads it. hash: json_name_hash under the trie's
 * key. */
uint32_t trie_child(const struct trie *t, uint32_t node, struct text name, uint64_t hash);

#endif
