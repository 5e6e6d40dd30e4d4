/* ir_print.h - nodes of the IR back to the language's own spelling: for dumps, explain and reasons.
 *
 * Equal nodes give equal text, whatever blanks and brackets the source had. The text of a node over an event or a
 * match is an expression that would compile to the node again; what only the compiler writes (a field's several
 * schemas) is shown by its name.
 */
#ifndef CSR_ENGINE_IR_IR_PRINT_H
#define CSR_ENGINE_IR_IR_PRINT_H

#include "engine/ir/ir.h"

/* Where text goes. */
struct ir_out {
    void (*put)(void *to, const char *at, size_t len);
    void *to;
};

void ir_put(struct ir_out out, struct text t);
void ir_putf(struct ir_out out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In quotes, with what needs it escaped. */
void ir_put_quoted(struct ir_out out, struct text t);
/* "1h30m", the fewest words; "0s" for nothing. */
void ir_put_duration(struct ir_out out, int64_t nanoseconds);
void ir_put_constant(struct ir_out out, struct value v);
/* A number as its type writes it: "10MB", "2.5". */
void ir_put_amount(struct ir_out out, double amount, enum ir_type type);
/* "raw.a.b", with quotes around what is no plain name. */
void ir_put_slot(struct ir_out out, const struct ir_slot *slot);
/* "iam:Create*", "*", or another rule's name. */
void ir_put_api(struct ir_out out, const struct ir *ir, const struct ir_api *api);

/* The expression. rule: whose steps, keys and asks the node speaks of; NULL for schemas and baselines. Very
 * large expressions end in "…". */
void ir_print_node(const struct ir *ir, const struct ir_rule *rule, ir_node_id id, struct ir_out out);
/* A definition of a schema: what is another field of it is shown by that field's name. */
void ir_print_definition(const struct ir *ir, uint32_t schema, ir_node_id id, struct ir_out out);
/* The match clause as written. */
void ir_print_match(const struct ir_rule *rule, const struct ir_match *match, struct ir_out out);

#endif
