/* eval_text.c - functions of texts. Each is absent where its argument has not the form it asks for. */
#include "engine/base/number.h"
#include "engine/base/utf8.h"
#include "engine/ir/eval_op.h"
#include "engine/schema/api.h"

static struct value map_one(struct eval *e, const struct ir_node *node, struct value v, eval_of_text *f)
{
    if (v.kind == VALUE_UNKNOWN) return v;
    return v.kind == VALUE_STRING ? f(e, node, value_text(v)) : value_absent();
}

struct value eval_map_text(struct eval *e, const struct ir_node *node, struct value v, eval_of_text *f)
{
    if (v.kind != VALUE_LIST) return map_one(e, node, v, f);
    struct value *items = eval_take(e, v.len * sizeof *items), list = {.kind = VALUE_LIST, .items = items};
    if (!items) return value_withheld();
    for (uint32_t i = 0; i < v.len; i++) {
        items[list.len] = map_one(e, node, v.items[i], f);
        list.len += items[list.len].kind != VALUE_ABSENT;
    }
    return list;
}

/* ---- lower, len ---------------------------------------------------------------------------------------- */

static struct value lower_text(struct eval *e, const struct ir_node *node, struct text t)
{
    (void)node;
    uint32_t i = 0;
    while (i < t.len && text_lower(t.at[i]) == t.at[i]) i++;
    if (i == t.len) return value_string(t);
    char *bytes = eval_take(e, t.len);
    if (!bytes) return value_withheld();
    for (i = 0; i < t.len; i++) bytes[i] = text_lower(t.at[i]);
    return value_string((struct text){bytes, t.len});
}

struct value eval_lower(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), lower_text);
}

/* Elements of a list, characters of a text. */
struct value eval_len(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    switch (v.kind) {
    case VALUE_UNKNOWN: return v;
    case VALUE_LIST:
    case VALUE_SET: return value_int(eval_many_len(v));
    case VALUE_STRING: return value_int(utf8_length(value_text(v)));
    default: return value_absent();
    }
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

/* The n-th piece (from 1) between separators; with `rest`, everything from there to the end. */
static bool piece_of(struct text t, struct text separator, int64_t n, bool rest, struct text *out)
{
    const char *at = t.at, *end = t.at + t.len;
    if (separator.len == 0 || n < 1) return false;
    for (;; n--) {
        const char *stop = memmem(at, (size_t)(end - at), separator.at, separator.len);
        if (n == 1) {
            *out = (struct text){at, (uint32_t)((stop && !rest ? stop : end) - at)};
            return true;
        }
        if (!stop) return false;
        at = stop + separator.len;
    }
}

static struct value part_text(struct eval *e, const struct ir_node *node, struct text t)
{
    struct value separator = eval_operand(e, node, 1), n = eval_operand(e, node, 2);
    struct text piece;
    if (separator.kind != VALUE_STRING || n.kind != VALUE_INT) return value_absent();
    return piece_of(t, value_text(separator), n.i, false, &piece) ? value_string(piece) : value_absent();
}

struct value eval_part(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), part_text);
}

/* ---- ARNs: arn:partition:service:region:account:resource ----------------------------------------------- */

enum arn_piece { ARN_SERVICE = 3, ARN_REGION, ARN_ACCOUNT, ARN_RESOURCE };

static bool arn_piece(struct text arn, enum arn_piece piece, struct text *out)
{
    struct text resource;
    if (!text_starts(arn, TEXT("arn:")) || !piece_of(arn, TEXT(":"), ARN_RESOURCE, true, &resource))
        return false;
    *out = resource;
    return piece == ARN_RESOURCE || piece_of(arn, TEXT(":"), piece, false, out);
}

static struct value arn_part(struct eval *e, const struct ir_node *node, struct text t)
{
    (void)e;
    struct text piece;
    bool found = arn_piece(t, (enum arn_piece)(ARN_SERVICE + node->x), &piece) && piece.len;
    return found ? value_string(piece) : value_absent();
}

struct value eval_arn_part(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), arn_part);
}

static bool is_account(struct text t)
{
    for (uint32_t i = 0; i < t.len; i++)
        if (t.at[i] < '0' || t.at[i] > '9') return false;
    return t.len == 12;
}

/* Of an ARN, or the account id itself. */
static struct value account_of(struct eval *e, const struct ir_node *node, struct text t)
{
    (void)e, (void)node;
    struct text account = t;
    arn_piece(t, ARN_ACCOUNT, &account);
    return is_account(account) ? value_string(account) : value_absent();
}

struct value eval_account_of(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), account_of);
}

/* Of an ARN what stands behind the last "/" of its resource; without one, behind the first ":" of it, up to
 * the next (function:NAME:VERSION). A plain name is its name. */
static struct value name_of(struct eval *e, const struct ir_node *node, struct text t)
{
    (void)e, (void)node;
    struct text name;
    if (!arn_piece(t, ARN_RESOURCE, &name)) return value_string(t);
    const char *slash = memrchr(name.at, '/', name.len);
    if (slash) name = (struct text){slash + 1, (uint32_t)(name.at + name.len - slash - 1)};
    else piece_of(name, TEXT(":"), 2, false, &name);
    return name.len ? value_string(name) : value_absent();
}

struct value eval_name_of(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), name_of);
}

/* ---- for schemas --------------------------------------------------------------------------------------- */

/* Text of a scalar, in room or where it stands. False: it has none. */
static bool scalar_text(struct value v, char room[64], struct text *out)
{
    switch (v.kind) {
    case VALUE_STRING: *out = value_text(v); return true;
    case VALUE_BOOL: *out = v.i ? TEXT("true") : TEXT("false"); return true;
    case VALUE_INT:
    case VALUE_FLOAT: *out = (struct text){room, number_print(v, room)}; return true;
    case VALUE_NET: *out = (struct text){room, ip_print(v.net, room)}; return true;
    default: return false;
    }
}

static struct value text_of_one(struct eval *e, struct value v)
{
    char room[64];
    struct text t;
    if (v.kind == VALUE_UNKNOWN) return v;
    if (!scalar_text(v, room, &t)) return value_absent();
    if (t.at != room) return value_string(t);
    char *bytes = eval_take(e, t.len);
    if (!bytes) return value_withheld();
    memcpy(bytes, room, t.len);
    return value_string((struct text){bytes, t.len});
}

struct value eval_text_of(struct eval *e, const struct ir_node *node)
{
    return text_of_one(e, eval_operand(e, node, 0));
}

static struct value without(struct eval *e, const struct ir_node *node, struct text t)
{
    struct value ending = eval_operand(e, node, 1);
    if (ending.kind == VALUE_STRING && text_ends(t, value_text(ending))) t.len -= ending.len;
    return value_string(t);
}

struct value eval_without(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), without);
}

static struct value stem(struct eval *e, const struct ir_node *node, struct text t)
{
    (void)e, (void)node;
    return value_string(api_stem(t));
}

struct value eval_stem(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), stem);
}

static struct value renamed(struct eval *e, const struct ir_node *node, struct text t)
{
    for (uint32_t i = 1; i + 1 < node->n; i += 2) {
        struct value from = eval_operand(e, node, i);
        if (from.kind == VALUE_STRING && text_equal(value_text(from), t)) return eval_operand(e, node, i + 1);
    }
    return value_string(t);
}

struct value eval_renamed(struct eval *e, const struct ir_node *node)
{
    return eval_map_text(e, node, eval_operand(e, node, 0), renamed);
}

/* One text of all operands; absent if one of them is. */
struct value eval_join(struct eval *e, const struct ir_node *node)
{
    char room[64];
    struct text t;
    uint64_t len = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        struct value v = eval_operand(e, node, i);
        if (v.kind == VALUE_UNKNOWN) return v;
        if (!scalar_text(v, room, &t)) return value_absent();
        len += t.len;
    }
    char *bytes = eval_take(e, len), *to = bytes;
    if (!bytes || len > UINT32_MAX) return value_withheld();
    for (uint32_t i = 0; i < node->n; i++) {
        if (!scalar_text(eval_operand(e, node, i), room, &t)) return value_absent();
        memcpy(to, t.at, t.len);
        to += t.len;
    }
    return value_string((struct text){bytes, (uint32_t)len});
}
