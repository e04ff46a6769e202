// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log as a file: making and checking it, reading, writing, trimming.
 */
#include "presto.h"
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fileattr.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include "lower.h"
#include "kml.h"

/* Its i_rwsem ranks below mmap_lock and other inodes' i_rwsem: see kml.h. */
static struct lock_class_key kml_inode_key;

/* A write, or an allocation, that a kernel thread does for the caller. */
struct kml_delegate {
	struct work_struct work;
	struct kml *kml;
	u64 offset;
	const void *buf;
	size_t len;
	int err;
};

static int kml_delegate(struct kml_delegate *d, work_func_t what)
{
	INIT_WORK_ONSTACK(&d->work, what);
	queue_work(system_dfl_wq, &d->work);
	flush_work(&d->work);
	destroy_work_on_stack(&d->work);
	return d->err;
}

/* Reads exactly @len bytes through the page cache. */
int kml_read(struct kml *kml, u64 offset, void *buf, size_t len)
{
	loff_t pos = offset;
	ssize_t n;

	while (len) {
		n = kernel_read(kml->file, buf, len, &pos);
		if (n < 0)
			return n;
		if (!n)
			return -EIO;
		buf += n;
		len -= n;
	}
	return 0;
}

/* Returns the number of bytes written; fewer than asked for: *err says why. */
static size_t kml_write_here(struct kml *kml, u64 offset, const void *buf, size_t len, int *err)
{
	struct inode *inode = file_inode(kml->file);
	size_t done = 0;
	unsigned int flags = memalloc_nofs_save();

	*err = 0;
	inode_lock(inode);
	while (done < len) {
		struct kvec vec = { .iov_base = (void *)buf + done, .iov_len = len - done };
		struct kiocb iocb = { .ki_filp = kml->file, .ki_pos = offset + done };
		struct iov_iter iter;
		ssize_t n;

		iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
		n = generic_perform_write(&iocb, &iter);
		if (n <= 0) {
			*err = n ? n : -EIO;
			break;
		}
		done += n;
	}
	inode_unlock(inode);
	memalloc_nofs_restore(flags);
	return done;
}

static void kml_write_work(struct work_struct *work)
{
	struct kml_delegate *d = container_of(work, struct kml_delegate, work);

	kml_write_here(d->kml, d->offset, d->buf, d->len, &d->err);
}

static noinline int kml_write_there(struct kml *kml, u64 offset, const void *buf, size_t len)
{
	struct kml_delegate d = { .kml = kml, .offset = offset, .buf = buf, .len = len };

	return kml_delegate(&d, kml_write_work);
}

/*
 * Writes into the log file. Below ->write_iter(), whose checks are the
 * caller's: a process may have a small RLIMIT_FSIZE, and the log is not its
 * file. Neither must a fatal signal keep the outcome of an operation that has
 * happened from being written: then a kernel thread does it. The caller holds
 * freeze protection of the lower file system.
 */
int kml_write(struct kml *kml, u64 offset, const void *buf, size_t len)
{
	size_t done;
	int err;

	done = kml_write_here(kml, offset, buf, len, &err);
	if (likely(done == len))
		return 0;
	return fatal_signal_pending(current) ?
	       kml_write_there(kml, offset + done, buf + done, len - done) : err;
}

static void kml_allocate_work(struct work_struct *work)
{
	struct kml_delegate *d = container_of(work, struct kml_delegate, work);
	unsigned int flags = memalloc_nofs_save();

	d->err = d->kml->file->f_op->fallocate(d->kml->file, 0, d->offset, d->len);
	memalloc_nofs_restore(flags);
}

/*
 * Gives the log blocks that read as zeros; -EOPNOTSUPP where the lower file
 * system has no extents. A process's limits are checked below, and aren't the
 * log's: a kernel thread does it. The caller holds freeze protection.
 */
int kml_allocate(struct kml *kml, u64 offset, u64 len)
{
	struct kml_delegate d = { .kml = kml, .offset = offset, .len = len };

	return kml->file->f_op->fallocate ? kml_delegate(&d, kml_allocate_work) : -EOPNOTSUPP;
}

/*
 * Has the disk refused a page of the log? What was journaled below is safe as
 * long as the journal keeps it, but newer ones (seen in 6.12) ask the block
 * device alone for errors, and those of journaled data are noted at the file:
 * so they are told there, or the journal would forget what isn't in place.
 */
int kml_check_disk(struct kml *kml)
{
	struct block_device *bdev = file_inode(kml->file)->i_sb->s_bdev;
	int err = filemap_check_wb_err(kml->file->f_mapping, kml->data_err);

	if (likely(!err))
		return 0;
	if (bdev)
		mapping_set_error(compat_bdev_mapping(bdev), err);
	kml_break(kml, "writing the log to its place", err);
	return err;
}

/* Writes the log to its place, so that nobody who stops the journal finds errors after us. */
int kml_write_back(struct kml *kml)
{
	return filemap_write_and_wait(kml->file->f_mapping) ?: kml_check_disk(kml);
}

/* All of the log below @offset is durable. */
void kml_mark_synced(struct kml *kml, u64 offset)
{
	spin_lock(&kml->tail_lock);
	if (kml->synced < offset)
		WRITE_ONCE(kml->synced, offset);
	spin_unlock(&kml->tail_lock);
}

/* Log and tree are durable below @offset: what a scan need not look at. */
void kml_mark_covered(struct kml *kml, u64 offset)
{
	spin_lock(&kml->tail_lock);
	if (kml->covered < offset)
		WRITE_ONCE(kml->covered, offset);
	spin_unlock(&kml->tail_lock);
}

/*
 * Makes the records that have been written durable. Where the data is journaled
 * below, all of it is once the last byte is: older pages, which the journal holds
 * already, needn't be written in place for that.
 */
int kml_flush(struct kml *kml)
{
	u64 head = kml_head(kml);
	loff_t from = kml->exact && head ? head - 1 : 0;
	int err = vfs_fsync_range(kml->file, from, LLONG_MAX, 0);

	err = kml_check_disk(kml) ?: err;
	if (!err)
		kml_mark_synced(kml, head);
	return err;
}

/* A child of @parent, made if need be. Never follows what a user may have put there. */
static struct dentry *kml_child(struct vfsmount *mnt, struct dentry *parent, const char *name,
				umode_t mode)
{
	struct inode *dir = d_inode(parent);
	struct dentry *child;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	child = lookup_noperm(&QSTR_LEN(name, strlen(name)), parent);
	if (!IS_ERR(child) && d_is_negative(child)) {
		if (S_ISDIR(mode))
			err = presto_do_mkdir(mnt_idmap(mnt), dir, child, mode & 07777);
		else
			err = presto_do_create(mnt_idmap(mnt), child, mode);
	}
	inode_unlock(dir);
	if (IS_ERR(child))
		return child;
	if (!err && d_is_negative(child))
		err = -ENOENT;
	else if (!err && ((d_inode(child)->i_mode ^ mode) & S_IFMT))
		err = S_ISDIR(mode) ? -ENOTDIR : -EEXIST;
	else if (!err && !uid_eq(d_inode(child)->i_uid, GLOBAL_ROOT_UID))
		err = -EPERM;
	if (!err)
		return child;
	pr_err("%s in the control directory: %s (%d)\n", name,
	       err == -EPERM ? "belongs to a user" : "can't be used", err);
	dput(child);
	return ERR_PTR(err);
}

/* .intermezzo/<fileset>/ with what belongs into it; returns the dentry of kml. */
static struct dentry *kml_make_tree(struct super_block *sb)
{
	static const char * const stores[] = { PRESTO_STAGING_DIR, PRESTO_CONFLICTS_DIR };
	struct presto_sb *ps = PRESTO_SB(sb);
	struct dentry *control, *fileset, *log, *store;
	int i;

	control = kml_child(ps->lower_mnt, ps->lower_root, PRESTO_CONTROL_DIR, S_IFDIR | 0700);
	if (IS_ERR(control))
		return control;
	fileset = kml_child(ps->lower_mnt, control, ps->fileset, S_IFDIR | 0700);
	dput(control);
	if (IS_ERR(fileset))
		return fileset;
	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		store = kml_child(ps->lower_mnt, fileset, stores[i], S_IFDIR | 0700);
		if (IS_ERR(store)) {
			dput(fileset);
			return store;
		}
		dput(store);
	}
	log = kml_child(ps->lower_mnt, fileset, "kml", S_IFREG | 0600);
	dput(fileset);
	return log;
}

/* Sends the file's data through the lower file system's journal: chattr +j. */
static int kml_journal_data(struct vfsmount *mnt, struct dentry *dentry)
{
	struct file_kattr fa = {};
	int err = vfs_fileattr_get(dentry, &fa);

	if (err || (fa.flags & FS_JOURNAL_DATA_FL))
		return err;
	fileattr_fill_flags(&fa, fa.flags | FS_JOURNAL_DATA_FL);
	return vfs_fileattr_set(mnt_idmap(mnt), dentry, &fa);
}

static int kml_write_super(struct kml *kml, const char *fileset)
{
	struct kml_super *super = kzalloc(KML_SUPER_SIZE, GFP_KERNEL);
	int err;

	if (!super)
		return -ENOMEM;
	memcpy(super->magic, KML_MAGIC, sizeof(super->magic));
	super->version = cpu_to_le32(KML_VERSION);
	super->chunk = cpu_to_le32(KML_CHUNK);
	get_random_bytes(super->log_id, sizeof(super->log_id));
	strscpy(super->fileset, fileset, sizeof(super->fileset));
	super->crc = cpu_to_le32(kml_crc32c(0, super, offsetof(struct kml_super, crc)));
	memcpy(kml->log_id, super->log_id, sizeof(kml->log_id));
	err = kml_write(kml, 0, super, KML_SUPER_SIZE);
	kfree(super);
	return err ?: kml_flush(kml);
}

static int kml_refuse(const char *why, int err)
{
	pr_err("the log %s\n", why);
	return err;
}

static int kml_check_super(struct kml *kml, const char *fileset)
{
	struct kml_super super;
	int err = kml_read(kml, 0, &super, sizeof(super));

	if (err)
		return kml_refuse("has no readable super block", err);
	if (memcmp(super.magic, KML_MAGIC, sizeof(super.magic)))
		return kml_refuse("is no InterMezzo log: wrong magic", -EINVAL);
	if (le32_to_cpu(super.crc) != kml_crc32c(0, &super, offsetof(struct kml_super, crc)))
		return kml_refuse("has a damaged super block: wrong checksum", -EBADMSG);
	if (le32_to_cpu(super.version) != KML_VERSION)
		return kml_refuse("has another version of the format", -EPROTONOSUPPORT);
	if (le32_to_cpu(super.chunk) != KML_CHUNK)
		return kml_refuse("has another chunk size", -EPROTONOSUPPORT);
	if (le64_to_cpu(super.feature_incompat) & ~KML_FEATURE_INCOMPAT_KNOWN)
		return kml_refuse("has features that this module doesn't know", -EOPNOTSUPP);
	if (strncmp(super.fileset, fileset, sizeof(super.fileset)))
		return kml_refuse("belongs to another fileset", -EXDEV);
	memcpy(kml->log_id, super.log_id, sizeof(kml->log_id));
	return 0;
}

static int kml_open_file(struct kml *kml, struct dentry *dentry)
{
	struct presto_sb *ps = PRESTO_SB(kml->sb);
	struct path path = { .mnt = ps->lower_mnt, .dentry = dentry };
	int err;

	if (kml->exact) {
		err = kml_journal_data(ps->lower_mnt, dentry);
		if (err)
			return kml_refuse("can't have its data journaled (chattr +j)", err);
	}
	kml->file = dentry_open(&path, O_RDWR | O_LARGEFILE | O_NOATIME, kml->cred);
	if (IS_ERR(kml->file)) {
		err = PTR_ERR(kml->file);
		kml->file = NULL;
		return kml_refuse("can't be opened", err);
	}
	/* appending must not dirty the inode each time */
	kml->file->f_mode |= FMODE_NOCMTIME;
	lockdep_set_class(&file_inode(kml->file)->i_rwsem, &kml_inode_key);
	kml_writeback_begin(kml);
	/* of what went wrong before, the mount before has told */
	errseq_check_and_advance(&kml->file->f_mapping->wb_err, &kml->data_err);
	if (!i_size_read(file_inode(kml->file)))
		return kml_write_super(kml, ps->fileset);
	return kml_check_super(kml, ps->fileset);
}

static struct kml *kml_alloc(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct kml *kml = kzalloc(sizeof(*kml), GFP_KERNEL);

	if (!kml)
		return NULL;
	kml->zeros = kvzalloc(KML_STEP, GFP_KERNEL);
	if (!kml->zeros) {
		kfree(kml);
		return NULL;
	}
	kml->sb = sb;
	kml->device = ps->device;
	kml->cred = get_cred(ps->cred);
	kml->exact = ps->exact;
	kml->ordered = ps->ordered;
	kml->mounts = ps->mounted;
	kml->wb_err = errseq_sample(&ps->lower_mnt->mnt_sb->s_wb_err);
	mutex_init(&kml->lock);
	mutex_init(&kml->trim_lock);
	spin_lock_init(&kml->tail_lock);
	INIT_LIST_HEAD(&kml->dirty);
	INIT_LIST_HEAD(&kml->inflight);
	INIT_DELAYED_WORK(&kml->closer, presto_closer);
	return kml;
}

/* Opens the log of a mount, makes it if there is none. Nothing is recovered yet. */
struct kml *kml_open(struct super_block *sb)
{
	struct presto_sb *ps = PRESTO_SB(sb);
	struct kml *kml = kml_alloc(sb);
	const struct cred *old;
	struct dentry *dentry;
	int err;

	if (!kml)
		return ERR_PTR(-ENOMEM);
	err = mnt_want_write(ps->lower_mnt);
	if (err)
		goto out_free;
	old = override_creds(kml->cred);
	dentry = kml_make_tree(sb);
	err = PTR_ERR_OR_ZERO(dentry);
	if (!err) {
		err = kml_open_file(kml, dentry);
		dput(dentry);
	}
	revert_creds(old);
	mnt_drop_write(ps->lower_mnt);
	if (!err)
		return kml;
out_free:
	kml_free(kml);
	return ERR_PTR(err);
}

void kml_free(struct kml *kml)
{
	if (kml->file) {
		kml_writeback_end(kml);
		fput(kml->file);
	}
	put_cred(kml->cred);
	kvfree(kml->zeros);
	kfree(kml);
}

/*
 * Trimmed chunks are holes. A chunk with a hole in it was being trimmed when
 * the power went: it isn't retained either. The cost is that of the extents
 * that are left, not of the log's history.
 */
u64 kml_find_first(struct kml *kml)
{
	u64 at = KML_SUPER_SIZE, next;
	loff_t data, hole;

	for (;;) {
		data = vfs_llseek(kml->file, at, SEEK_DATA);
		if (data < 0)
			return at;
		if ((u64)data != at)
			at = round_up((u64)data, KML_CHUNK);
		next = round_down(at, KML_CHUNK) + KML_CHUNK;
		hole = vfs_llseek(kml->file, at, SEEK_HOLE);
		if (hole < 0 || (u64)hole >= min_t(u64, next, kml->head))
			return at;
		at = next;
	}
}

/*
 * Gives whole chunks below @below back to the lower file system, oldest first
 * and one at a time, so that a power cut leaves one half trimmed at most. The
 * chunk where recovery would start stays.
 */
int kml_trim(struct kml *kml, u64 below)
{
	u64 limit, first, end;
	int err = 0;

	mutex_lock(&kml->lock);
	limit = min(kml->anchor, below);
	/* recovery takes back what lies beyond, and reads on from there */
	if (!kml->exact)
		limit = min(limit, READ_ONCE(kml->covered));
	limit = round_down(limit, KML_CHUNK);
	mutex_unlock(&kml->lock);

	mutex_lock(&kml->trim_lock);
	while (!err && kml->first < limit) {
		first = kml->first;
		end = round_down(first, KML_CHUNK) + KML_CHUNK;
		/* before the bytes go: a reader checks it after it has read them */
		WRITE_ONCE(kml->first, end);
		smp_wmb();	/* pairs with smp_rmb() in presto_read_records() */
		err = vfs_fallocate(kml->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    first, end - first);
		if (err == -EOPNOTSUPP)
			WRITE_ONCE(kml->first, first);
	}
	mutex_unlock(&kml->trim_lock);
	return err;
}
