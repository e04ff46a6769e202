// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mappings are mappings of the lower file. One that is shared and may become
 * writable keeps the upper file open until the last copy of it is gone, so that
 * ->release(), and with it the CLOSE record, comes after the last store. The
 * wrap around the lower file's vm_ops counts these copies.
 */
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include "presto.h"

struct presto_vm {
	refcount_t refs;			/* one per VMA */
	struct file *file;			/* upper; the reference that the VMA had */
	const struct vm_operations_struct *lower_ops;
	struct vm_operations_struct ops;	/* a copy of lower_ops, some replaced */
};

static struct presto_vm *presto_vm(struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct presto_vm, ops);
}

static void presto_vm_open(struct vm_area_struct *vma)
{
	struct presto_vm *vm = presto_vm(vma);

	refcount_inc(&vm->refs);
	if (vm->lower_ops && vm->lower_ops->open)
		vm->lower_ops->open(vma);
}

static void presto_vm_close(struct vm_area_struct *vma)
{
	struct presto_vm *vm = presto_vm(vma);

	if (vm->lower_ops && vm->lower_ops->close)
		vm->lower_ops->close(vma);
	if (refcount_dec_and_test(&vm->refs)) {
		vma->vm_ops = vm->lower_ops;
		fput(vm->file);
		kfree(vm);
	}
}

/* Stores can't be seen one by one: all that is mapped counts as changed. */
static int presto_mark_mapped(struct file *file, struct vm_area_struct *vma)
{
	loff_t start = (loff_t)vma->vm_pgoff << PAGE_SHIFT;
	int err = presto_mark_mapping(file, start);

	if (!err)
		presto_changed(file_inode(file), start, vma->vm_end - vma->vm_start);
	return err;
}

static int presto_vm_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			      unsigned long newflags)
{
	struct presto_vm *vm = presto_vm(vma);
	int err = 0;

	if (newflags & VM_WRITE && !(vma->vm_flags & VM_WRITE))
		err = presto_mark_mapped(vm->file, vma);
	if (!err && vm->lower_ops && vm->lower_ops->mprotect)
		err = vm->lower_ops->mprotect(vma, start, end, newflags);
	return err;
}

static void presto_vm_wrap(struct presto_vm *vm, struct file *file, struct vm_area_struct *vma)
{
	refcount_set(&vm->refs, 1);
	vm->file = file;
	vm->lower_ops = vma->vm_ops;
	if (vma->vm_ops)
		vm->ops = *vma->vm_ops;
	vm->ops.open = presto_vm_open;
	vm->ops.close = presto_vm_close;
	vm->ops.mprotect = presto_vm_mprotect;
	vma->vm_ops = &vm->ops;
}

static int presto_mmap_shared(struct file *file, struct vm_area_struct *vma)
{
	struct presto_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	int err;

	if (!vm)
		return -ENOMEM;
	err = vma->vm_flags & VM_WRITE ? presto_mark_mapped(file, vma) : 0;
	if (err)
		goto free_vm;
	vma->vm_file = get_file(presto_lower_file(file));
	err = vfs_mmap(vma->vm_file, vma);
	if (err)
		goto put_file;
	/* The reference to the upper file that the VMA had is the wrap's now. */
	presto_vm_wrap(vm, file, vma);
	return 0;

put_file:
	/* The caller puts what vm_file is: the lower file. The upper one is left to us. */
	fput(file);
free_vm:
	kfree(vm);
	return err;
}

int presto_mmap(struct file *file, struct vm_area_struct *vma)
{
	const unsigned long writable = VM_SHARED | VM_MAYWRITE;
	struct file *lower = presto_lower_file(file);
	int err;

	if (!can_mmap_file(lower))
		return -ENODEV;
	if ((vma->vm_flags & writable) == writable) {
		err = presto_mmap_shared(file, vma);
	} else {
		vma_set_file(vma, lower);
		err = vfs_mmap(lower, vma);
	}
	file_accessed(file);
	return err;
}
