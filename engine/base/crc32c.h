/* crc32c.h - the checksum of what is kept on disk: it finds damage, and keeps nobody from making any. */
#ifndef CSR_ENGINE_BASE_CRC32C_H
#define CSR_ENGINE_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes in pieces: begin with 0, and go on with what came of the piece before. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
