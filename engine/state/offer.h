/* offer.h - the part of a second's walk that places which measure take in it (measure.h).
 *
 * An open place is offered every event that nothing else can want: more is never worse. Where events fit
 * other places as well, every way of sharing them is tried, up to OFFERS_MOST for each run and second.
 */
#ifndef CSR_ENGINE_STATE_OFFER_H
#define CSR_ENGINE_STATE_OFFER_H

#include "engine/state/extend.h"

#define OFFERS_MOST 16384

/* extend_walk for such a place. */
void offer_walk(struct extension *x, uint32_t q, uint16_t progress);
/* Whether place q has been offered events of the class. */
bool offer_holds(const struct extension *x, uint32_t q, uint32_t c);
/* Whether an event of the class can be the last that place q takes. */
bool offer_can_close(const struct extension *x, uint32_t q, uint32_t c);

#endif
