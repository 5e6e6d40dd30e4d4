/* group.h - a group of completions: what an incident is made of (language.md B18).
 *
 * A group opens at the first completion after the last group's end, takes all completions until its own end,
 * and is not extended. It is plain bytes of a size that the rule fixes: the head below, the witness's takes,
 * the optional items, and for each step the events that are shown.
 */
#ifndef CSR_ENGINE_STATE_GROUP_H
#define CSR_ENGINE_STATE_GROUP_H

#include "engine/state/run.h"

#define SHOWN_MOST 16 /* the first eight and the last eight */

/* The events of a step that an incident shows, in order of time and identity. */
struct shown {
    uint32_t count;
    uint8_t len;
    const struct kept *at[SHOWN_MOST];
};

struct group_item {
    bool is_present;
    uint16_t alternative;
    int64_t second; /* the earliest completion of the whole */
    int64_t start;  /* of that choice */
};

struct group {
    int64_t opened, end;
    int64_t start;        /* the witness's first second */
    int64_t newest;       /* last second that anything was gathered in */
    uint64_t exists;      /* bits of steps with a gathered event */
    uint16_t alternative; /* the witness's */
    bool tied, capped;
    const struct kept *blinded; /* the witness's mark (run.h) */
    uint8_t doubt; /* the requirement that leaves it in doubt, counted from 1 (doubt.h); 0: none does */
    bool touched;  /* changed by the newest second that was folded */
    bool dirty;    /* changed since it was last settled */
    uint32_t
        swallowed; /* 1 + number of the rule's exception that took it when it was last settled; 0: none did */
};

size_t group_size_of(const struct rule_plan *p);
struct take *group_takes(struct group *g);
struct group_item *group_item(const struct rule_plan *p, struct group *g, uint32_t item);
struct take *group_item_takes(const struct rule_plan *p, struct group *g, uint32_t item);
struct shown *group_shown(const struct rule_plan *p, struct group *g, uint32_t step);

/* In order of opening. */
struct groups {
    char *at;
    uint32_t len;
    size_t cap;
};
static inline struct group *groups_at(const struct rule_plan *p, const struct groups *gs, uint32_t i)
{
    return (struct group *)(gs->at + i * p->group_size);
}
struct group *groups_open(struct slab *s, const struct rule_plan *p, struct groups *gs, int64_t opened);
void groups_remove(const struct rule_plan *p, struct groups *gs, uint32_t i);
void groups_copy(struct slab *s, const struct rule_plan *p, struct groups *to, const struct groups *from);
void groups_free(struct slab *s, struct groups *gs);
/* The group that this second falls in, or NULL. */
struct group *groups_find(const struct rule_plan *p, const struct groups *gs, int64_t second);

void shown_add(struct shown *s, const struct kept *k);
/* The event by which the group's witness, or an item's, fills a step; NULL: it does not. */
const struct kept *group_witness(const struct rule_plan *p, struct group *g, uint32_t step);
/* Whether nobody can tell that its witness stands: an event may be forbidden, or a group of another rule that
 * it takes is blinded itself. */
bool group_is_blinded(const struct rule_plan *p, struct group *g);
/* The completing event: of the witness's last place that has the opening second. */
const struct kept *group_completing(const struct rule_plan *p, struct group *g);

#endif
