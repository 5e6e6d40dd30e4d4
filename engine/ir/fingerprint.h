/* fingerprint.h - identities of rules and baselines over a reload. */
#ifndef CSR_ENGINE_IR_FINGERPRINT_H
#define CSR_ENGINE_IR_FINGERPRINT_H

#include "engine/ir/ir.h"

/* Fills the fingerprint of every rule and baseline. Lists must be sorted. */
void ir_fingerprint(struct ir *ir);

#endif
