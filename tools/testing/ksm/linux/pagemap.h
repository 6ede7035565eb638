/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_PAGEMAP_H
#define _KSM_TEST_LINUX_PAGEMAP_H

#include <linux/mm.h>

int folio_mapcount(const struct folio *folio);
void folio_unlock(struct folio *folio);
void folio_put(struct folio *folio);

#endif /* _KSM_TEST_LINUX_PAGEMAP_H */
