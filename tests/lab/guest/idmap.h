/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IDMAP_H
#define IDMAP_H

enum { IDS = 10000 };		/* as many are mapped, from 0 on */

int idmap_namespace(unsigned int first);	/* a user namespace in which ID 0 is @first outside, or -1 */
int idmap_mount(const char *dir, unsigned int first);	/* a mount of it in which the files' ID 0 is @first, or -1 */

#endif
