/* embed.c - turns files into a C table, so that the standard library and the community packs ship in the binary.
 *
 *   csr-embed OUT.c stdlib/aws/cloudtrail.csr rules/aws-core/mining.csr …
 *
 * The table is declared in engine/compile/embedded.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put_file(FILE *out, const char *path, int index)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        fprintf(stderr, "csr-embed: cannot read %s\n", path);
        return -1;
    }
    fprintf(out, "static const char bytes_%d[] = {", index);
    int c;
    long n = 0;
    while ((c = getc(in)) != EOF) fprintf(out, n++ % 24 ? "%d," : "\n    %d,", (int)(signed char)c);
    fprintf(out, "\n    0};\n"); /* a NUL behind the text, not counted */
    fclose(in);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    FILE *out = fopen(argv[1], "wb");
    if (!out) {
        fprintf(stderr, "csr-embed: cannot write %s\n", argv[1]);
        return 3;
    }
    fprintf(out, "/* Made by tools/gen/embed.c; do not edit. */\n#include \"engine/compile/embedded.h\"\n\n");
    for (int i = 2; i < argc; i++)
        if (put_file(out, argv[i], i - 2)) return 3;
    fprintf(out, "\nconst struct embedded csr_embedded[] = {\n");
    for (int i = 2; i < argc; i++)
        fprintf(out, "    {\"%s\", bytes_%d, sizeof bytes_%d - 1},\n", argv[i], i - 2, i - 2);
    fprintf(out, "    {0, 0, 0}};\n");
    return fclose(out) ? 3 : 0;
}
