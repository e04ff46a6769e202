// SPDX-License-Identifier: GPL-2.0-or-later
/* 6.6: freeze protection of asynchronous writes is the VFS's */
#include <linux/fs.h>

void probe(struct kiocb *iocb)
{
	kiocb_start_write(iocb);
	kiocb_end_write(iocb);
}
