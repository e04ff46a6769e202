// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: files are mapped by ->mmap_prepare() or ->mmap() */
#include <linux/fs.h>

int probe(struct file *file, struct vm_area_struct *vma)
{
	return can_mmap_file(file) ? vfs_mmap(file, vma) : 0;
}
