/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mount was asked for, and which lower file system serves it. */
#ifndef _PRESTO_OPTIONS_H
#define _PRESTO_OPTIONS_H

#include <linux/fs_context.h>

enum presto_journal_option {
	PRESTO_ASK_ANY,
	PRESTO_ASK_EXACT,
	PRESTO_ASK_SCAN,
};

struct presto_options {
	char *fileset;
	char *cache_type;
	char *prestodev;
	enum presto_journal_option journal;
};

/* options.c */
int presto_parse_param(struct fs_context *fc, struct fs_parameter *param);
int presto_check_options(struct fs_context *fc);
int presto_check_remount(struct fs_context *fc);
void presto_free_options(struct presto_options *options);
int presto_show_options(struct seq_file *m, struct dentry *root);

/* attach.c */
int presto_attach(struct presto_sb *ps, struct fs_context *fc);
void presto_detach(struct presto_sb *ps);

#endif
