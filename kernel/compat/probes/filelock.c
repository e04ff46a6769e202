// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.3: locks and leases have a header of their own */
#include <linux/fs.h>
#include <linux/filelock.h>

const struct file_operations probe = { .setlease = generic_setlease };
