/* inflate.c - seconds that libdeflate takes to inflate a file: what tools/bench/bars compares csr with. */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) exit(3);
    *len = (size_t)ftell(f);
    rewind(f);
    unsigned char *bytes = malloc(*len);
    if (!bytes || fread(bytes, 1, *len, f) != *len) exit(3);
    fclose(f);
    return bytes;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    size_t len, room, got;
    struct timespec a, b;
    unsigned char *in = read_file(argv[1], &len);
    const unsigned char *tail = in + len - 4; /* the length before compression */
    room = (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    unsigned char *out = calloc(room ? room : 1, 1);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (!out || !d || libdeflate_gzip_decompress(d, in, len, out, room, &got) != LIBDEFLATE_SUCCESS) return 3;
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.6f\n", (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec));
    return 0;
}
