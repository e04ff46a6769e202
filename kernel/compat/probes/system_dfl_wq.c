// SPDX-License-Identifier: GPL-2.0-or-later
/* after 6.12: system_unbound_wq became system_dfl_wq */
#include <linux/workqueue.h>

bool probe(struct work_struct *work)
{
	return queue_work(system_dfl_wq, work);
}
