/* hit.h - what state receives: an event that fits a step of a rule, under one key.
 *
 * A hit is a copy of the few bytes that outlive the event. It is written once by a matcher into the batch, and read
 * by the shard that owns the key.
 */
#ifndef CSR_ENGINE_MATCH_HIT_H
#define CSR_ENGINE_MATCH_HIT_H

#include "engine/base/hash.h"
#include "engine/ir/ir.h"

struct tape;

/* What people are shown of an event. */
struct evidence {
    struct text identity, service, action, region, account, source_ip, error;
    struct text rule,
        match_id; /* of a group of matches: its rule, and what the group is known by. Empty: a record */
    int64_t time; /* nanoseconds */
    bool is_ahead; /* dated more than five minutes ahead of its arrival */
    bool is_late;   /* older than the watermark when it came */
    bool is_failed; /* as its source says it: not every failure has an error */
};

/* Whose doing an event is, each within the one before: the caller's account, his role or user, his session. What is
 * kept because of the event counts against them when there is no room (engine/state/share.h). */
enum owner_level { OWNER_ACCOUNT, OWNER_PRINCIPAL, OWNER_SESSION, OWNERS };
struct owner {
    struct hash128 id[OWNERS]; /* of the names up to this one, under the secret key */
    struct text name[OWNERS];  /* empty: the record names none */
};

/* A question to a baseline: put by a touch now, and once more when the hit settles. */
struct hit_ask {
    uint32_t ask;      /* rule->asks */
    uint32_t answer;   /* number of the touch in its shard's batch */
    uint32_t account_answer; /* and of the touch of the account */
    bool is_absent;    /* a part of key or value is absent: the test is false */
    bool is_unknown;   /* withheld: unknown */
    struct hash128 key, value, account; /* account: zero if there is none */
};

#define HIT_NOT_ASKED UINT32_MAX /* as an answer: the baseline is asked when the hit settles, not before */

#define HIT_FAN_MOST 256 /* keys of one event for one step; elements of a captured list */

/* What a reference holds of an event whose value is absent, or was withheld. No value's hash is one of these. Zero is
 * an event that takes no part; what `!=` compares is that, too, where it is absent. */
#define JOIN_ABSENT  ((struct hash128){UINT64_MAX, 0})
#define JOIN_UNKNOWN ((struct hash128){UINT64_MAX, UINT64_MAX})

struct hit {
    uint64_t seq;
    int64_t second;
    uint32_t rule, step;
    uint32_t group; /* of the step's groups, the one that fits: its gate is judged by state */
    bool by_watermark; /* seq is that of the batch at whose end it came: of groups of matches alone */
    bool is_gone;      /* it came before, and is no more: of groups of matches alone */
    bool is_replaced;  /* and what is there in its place follows at once */
    const struct owner *owner;   /* NULL: nobody is named, or this is a copy: whoever makes one sees to its owner */
    struct hash128 principal;    /* owner->id[OWNER_PRINCIPAL] */
    bool is_unsure; /* it may be a copy of a record whose identity was forgotten */
    bool capped; /* the event had more keys, or a captured list more elements, than HIT_FAN_MOST */
    bool blinded;  /* nobody can tell whether there is such a group (language.md B14): of groups of matches alone */
    /* Of a step that is forbidden (language.md B14, B11): nobody can tell whether the event fits; or which key it has,
     * because it lacks these parts (bits): then it may be of every key that shares the others, and `key` holds those. */
    bool in_doubt;
    uint64_t lacks;
    bool is_alone;         /* lacks: the event fits no other step of the rule */
    struct text withheld;  /* unsure, lacking or JOIN_UNKNOWN: which values are missing, in words */
    struct hash128 key_hash; /* of the rule's identity, tenant and key */
    struct text key;         /* canonical bytes of the key's parts, in order of `by` (value.h) */
    struct hash128 *joins;   /* [n_joins], rule->n_joins; zero where this step takes no part */
    uint32_t n_joins;
    struct hit_ask *asks;    /* [step->n_asks] */
    uint32_t n_asks;
    struct evidence evidence;
    struct value *captures;  /* [step->n_captures]: scalars, lists of scalars, absent or unknown */
    uint32_t n_captures;
};

/* A copy in one piece: `size` bytes at `out`, 8-aligned, all pointers into itself. */
size_t hit_size(const struct hit *h);
struct hit *hit_copy(void *out, const struct hit *h);
size_t owner_size(const struct owner *o);
struct owner *owner_copy(void *out, const struct owner *o);

/* A group of matches as an event for rules over its rule (language.md B21): what the match stage makes hits
 * of. */
struct derived {
    uint64_t cause; /* as of an incident: what brought it about */
    bool by_watermark;
    bool is_gone; /* it was told before, and is no more */
    bool is_replaced; /* and what is there in its place follows at once */
    bool capped, blinded;
    uint32_t rule;
    struct text key;
    int64_t second;
    const struct owner *owner; /* of the key; NULL in a copy */
    struct evidence evidence; /* of the completing event, with rule and match_id */
    struct value *values;     /* [n_values], rule->gives */
    uint32_t n_values;
};
size_t derived_size(const struct derived *d);
struct derived *derived_copy(void *out, const struct derived *d);

/* A feed is a schema with the account and region that rules name it by (ir_require); absent: not named. */
struct hash128 feed_hash(const struct ir *ir, uint32_t schema, struct value account, struct value region);

/* Baselines are asked and taught by touches; per (event, baseline) one of what was shown, and one of the account, whose
 * history stands in for a new key's. They lie where their keys do, and each is answered alone. */
struct touch {
    uint64_t seq;
    int64_t second;
    uint32_t baseline;
    bool learns, asks;
    bool is_account; /* key is the account's; the answer says only whether warm-up is over */
    struct hash128 key, value;
    const struct owner *owner; /* of what it learns; NULL in a question that is put once more */
    struct hash128 principal;  /* who asks */
};

struct answer {
    bool is_known;  /* false: warm-up is not over */
    bool is_new;
    bool is_seen;   /* the value was seen before; age has a meaning */
    int64_t age;    /* seconds since the key first showed the value */
    bool has_history; /* of the key itself; else its account decides whether it is known */
    int64_t since;    /* seconds since the key's last record; 0: the question is too late to tell which that was */
    double rarity;    /* per cent of the key's earlier blocks without the value; negative: there is no such block */
    bool is_capped;   /* something was forgotten before its time that may have been asked for */
};

/* What a question (enum ir_ask_kind) comes to, with an answer that is known: absent where the thing was never seen. */
struct value answer_value(uint8_t kind, const struct answer *a);

/* As bytes and back (tape.h). Owners of hits, groups and touches are left out: whoever keeps one sees to its owner. */
void hit_tape(struct tape *t, struct hit *h);
void derived_tape(struct tape *t, struct derived *d);
void owner_tape(struct tape *t, struct owner *o);
void touch_tape(struct tape *t, struct touch *of);
void answer_tape(struct tape *t, struct answer *a);

#endif
