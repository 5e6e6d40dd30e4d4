/* share.h - fair shares: who holds how much, and who gives when there is no room.
 *
 *     all --- account --- role or user --- session --- what is held
 *
 * Everything that is kept because of an event stands below the session that sent it. When a table is full one
 * thing goes: of accounts the one that holds most, of its roles and users the one that holds most, of its
 * sessions the one that holds most; of what that session holds, what has got least far; of equals the oldest.
 * So whoever invents sessions by the thousand flushes his own role, and there his own half-built matches
 * last.
 *
 * Invariants
 * 1. The members of a share stand in bins by weight and rank; the bins in order, heaviest first, of equal
 * ones the least rank first. What a session holds weighs nothing there: only its rank counts.
 * 2. The weight of a share is the sum of its members', its rank that of its first bin. A share without
 * members does not exist.
 * 3. Who gives is a function of the calls so far: of equals the one that has stood longest in its bin.
 * 4. Nothing is searched. A member moves from bin to bin, over at most SHARE_RANKS bins for each unit by
 * which it grew or shrank; a thing weighs one unit and one more for each SHARE_UNIT bytes. So what a holding
 * costs is bounded by what was written into it.
 */
#ifndef CSR_ENGINE_STATE_SHARE_H
#define CSR_ENGINE_STATE_SHARE_H

#include "engine/match/hit.h"
#include "engine/state/table.h"

#define SHARE_RANKS 8
#define SHARE_UNIT  (16u << 10) /* bytes */

/* What a share consists of: embedded in things that are held, and in the shares below. */
struct share_member {
    struct share *of;      /* NULL: it is held by nobody */
    struct share_bin *bin; /* of that share */
    struct share_member *older, *newer;
    uint64_t weight : 56; /* units */
    uint64_t rank : 8;    /* how far it has got: 0 … SHARE_RANKS - 1 */
};

struct share {
    struct hash128 id; /* of the owner's names down to here; first, for the table */
    struct share_member as;
    struct share_bin *first, *last;
    uint8_t level; /* enum owner_level */
    struct text name;
};

struct shares {
    struct slab *slab;
    struct table table;             /* of shares */
    struct share_bin *first, *last; /* of accounts */
};

void shares_init(struct shares *s, struct slab *slab);
/* owner NULL: nobody is named. */
void share_join(struct shares *s, struct share_member *m, const struct owner *owner, uint64_t weight,
                uint8_t rank);
void share_leave(struct shares *s, struct share_member *m);
void share_change(struct shares *s, struct share_member *m, uint64_t weight, uint8_t rank);
/* What embeds it lies somewhere else now, and was copied as it was. */
void share_moved(struct share_member *m);
/* Who gives next; NULL: nothing is held. */
struct share_member *share_next(const struct shares *s);

/* All that is held. Whoever joins others in this order has them give in the same one. */
void shares_each(const struct shares *s, void (*each)(void *world, struct share_member *m), void *world);

/* As a share of that level is known by. Without names all levels have one hash. */
static inline struct hash128 share_id(struct hash128 owner, enum owner_level level)
{
    return (struct hash128){owner.hi, owner.lo ^ (uint64_t)(2 * level + 1)};
}
/* Its names are the shares'. */
struct owner share_owner(const struct share_member *m);
static inline uint64_t share_weight(uint64_t bytes)
{
    return 1 + bytes / SHARE_UNIT;
}
/* The share of that level which a thing stands below. */
static inline const struct share *share_of(const struct share_member *m, enum owner_level level)
{
    const struct share *s = m->of;
    while (s->level > level) s = s->as.of;
    return s;
}

#endif
