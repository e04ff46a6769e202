// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mount options. What isn't known, or contradicts itself, is refused with a
 * sentence that names it.
 */
#include <linux/fs_parser.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "presto.h"
#include "device.h"
#include "options.h"

enum presto_param {
	PRESTO_FILESET,
	PRESTO_CACHE_TYPE,
	PRESTO_PRESTODEV,
	PRESTO_JOURNAL,
};

static const struct constant_table presto_journal_modes[] = {
	{ "exact",	PRESTO_ASK_EXACT },
	{ "scan",	PRESTO_ASK_SCAN },
	{}
};

static const struct fs_parameter_spec presto_params[] = {
	fsparam_string("fileset",	PRESTO_FILESET),
	fsparam_string("cache_type",	PRESTO_CACHE_TYPE),
	fsparam_string("prestodev",	PRESTO_PRESTODEV),
	fsparam_enum("journal",		PRESTO_JOURNAL, presto_journal_modes),
	{}
};

/* Takes over the string; the same option with two values is a contradiction. */
static int presto_take_string(struct fs_context *fc, struct fs_parameter *param, char **to)
{
	if (*to && strcmp(*to, param->string))
		return invalfc(fc, "%s=%s contradicts %s=%s", param->key, param->string,
			       param->key, *to);
	kfree(*to);
	*to = param->string;
	param->string = NULL;
	return 0;
}

int presto_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct presto_options *options = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, presto_params, param, &result);

	switch (opt) {
	case PRESTO_FILESET:
		return presto_take_string(fc, param, &options->fileset);
	case PRESTO_CACHE_TYPE:
		return presto_take_string(fc, param, &options->cache_type);
	case PRESTO_PRESTODEV:
		return presto_take_string(fc, param, &options->prestodev);
	case PRESTO_JOURNAL:
		if (options->journal && options->journal != result.uint_32)
			return invalfc(fc, "journal=exact contradicts journal=scan");
		options->journal = result.uint_32;
		return 0;
	default:
		return opt;
	}
}

/* The name is also that of a directory below .intermezzo. */
static bool presto_fileset_ok(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_MAX && !strchr(name, '/') && strcmp(name, ".") &&
	       strcmp(name, "..");
}

static bool presto_cache_type_ok(const char *type)
{
	return !strcmp(type, "ext2") || !strcmp(type, "ext3") || !strcmp(type, "ext4");
}

int presto_check_options(struct fs_context *fc)
{
	struct presto_options *options = fc->fs_private;

	if (!fc->source)
		return invalfc(fc, "no directory or block device to mount");
	if (!options->fileset)
		return invalfc(fc, "fileset= is missing");
	if (!presto_fileset_ok(options->fileset))
		return invalfc(fc, "fileset=%s: 1 to %u bytes without '/' are a name",
			       options->fileset, NAME_MAX);
	if (options->cache_type && !presto_cache_type_ok(options->cache_type))
		return invalfc(fc, "cache_type=%s: ext2, ext3 and ext4 are supported",
			       options->cache_type);
	return 0;
}

static int presto_unchanged(struct fs_context *fc, const char *key, const char *asked,
			    const char *is)
{
	if (!asked || (is && !strcmp(asked, is)))
		return 0;
	return invalfc(fc, "%s=%s: can't be changed by a remount", key, asked);
}

static void presto_device_path(struct presto_sb *ps, char *path, size_t size)
{
	snprintf(path, size, "/dev/%s", presto_device_name(ps->device));
}

/* A remount may repeat options, but not change them. */
int presto_check_remount(struct fs_context *fc)
{
	struct presto_sb *ps = PRESTO_SB(fc->root->d_sb);
	struct presto_options *options = fc->fs_private;
	char device[32];

	if (options->journal == (ps->exact ? PRESTO_ASK_SCAN : PRESTO_ASK_EXACT))
		return invalfc(fc, "journal=: can't be changed by a remount");
	presto_device_path(ps, device, sizeof(device));
	return presto_unchanged(fc, "fileset", options->fileset, ps->fileset) ?:
	       presto_unchanged(fc, "cache_type", options->cache_type, ps->cache_type) ?:
	       presto_unchanged(fc, "prestodev", options->prestodev, device);
}

void presto_free_options(struct presto_options *options)
{
	kfree(options->fileset);
	kfree(options->cache_type);
	kfree(options->prestodev);
	kfree(options);
}

int presto_show_options(struct seq_file *m, struct dentry *root)
{
	struct presto_sb *ps = PRESTO_SB(root->d_sb);
	char device[32];

	presto_device_path(ps, device, sizeof(device));
	seq_show_option(m, "fileset", ps->fileset);
	seq_show_option(m, "cache_type", ps->cache_type);
	seq_show_option(m, "prestodev", device);
	seq_show_option(m, "journal", ps->exact ? "exact" : "scan");
	return 0;
}
