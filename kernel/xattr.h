/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting extended attributes, as xattrs or as ACLs. */
#ifndef _PRESTO_XATTR_H
#define _PRESTO_XATTR_H

#include "journal.h"

struct presto_xattr {
	const char *name;
	const void *value;	/* NULL: remove it */
	size_t size;
	int flags;		/* XATTR_CREATE, XATTR_REPLACE */
};

int presto_begin_xattr(struct presto_op *op, struct dentry *dentry,
		       const struct presto_xattr *xattr);

#endif
