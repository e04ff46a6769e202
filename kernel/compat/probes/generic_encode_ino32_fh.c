// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.8: no default for ->encode_fh() */
#include <linux/exportfs.h>

const struct export_operations probe = { .encode_fh = generic_encode_ino32_fh };
