/* fuzz_fmt.c - any bytes as a rule file; of a text without mistakes the layout, which has the same tree and
 * the same allowances, and stays as it is when it is laid out again.
 */
#include "grammar/fmt.h"
#include "tests/fuzz/reading.h"

#define BUDGET (512u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_layout(struct reading *r, struct arena *a, struct text tree)
{
    struct text laid_out, again;
    struct reading second;
    if (!csr_fmt(&r->p, r->file, &laid_out)) abort();
    read_text(&second, a, laid_out);
    if (!text_equal(written(a, print_tree, csr_parse(&second.p, second.file)), tree)) abort();
    if (csr_parse_allowances(&r->p, r->file).len != csr_parse_allowances(&second.p, second.file).len) abort();
    if (!csr_fmt(&second.p, second.file, &again) || !text_equal(laid_out, again)) abort();
}

static void read_and_lay_out(struct arena *a, struct text bytes)
{
    struct reading r;
    read_text(&r, a, bytes);
    struct text tree = written(a, print_tree, csr_parse(&r.p, r.file));
    if (!diags_errors(r.p.diags)) check_layout(&r, a, tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(BUDGET);
    if (!a) return 0;
    if (!setjmp(*arena_escape(a))) read_and_lay_out(a, (struct text){(const char *)data, (uint32_t)size});
    arena_free(a);
    return 0;
}
