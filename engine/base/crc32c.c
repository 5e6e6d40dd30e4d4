/* crc32c.c - Castagnoli's polynomial, reflected: by the processor's instruction where it has one, else four
 * bits at a time. */
#include "engine/base/crc32c.h"

#include <string.h>

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *at,
                                                                 size_t len)
{
    uint64_t wide = crc, eight;
    for (; len >= sizeof eight; at += sizeof eight, len -= sizeof eight) {
        memcpy(&eight, at, sizeof eight);
        wide = __builtin_ia32_crc32di(wide, eight);
    }
    crc = (uint32_t)wide;
    for (; len; at++, len--) crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}
#endif

/* What four bits make of it: remainders of 0 … 15. */
static const uint32_t of_four[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                     0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                     0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

static uint32_t by_table(uint32_t crc, const unsigned char *at, size_t len)
{
    for (; len; at++, len--) {
        crc ^= *at;
        crc = crc >> 4 ^ of_four[crc & 15];
        crc = crc >> 4 ^ of_four[crc & 15];
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(~crc, bytes, len);
#endif
    return ~by_table(~crc, bytes, len);
}
