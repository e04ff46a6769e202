# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel offers is found by compiling, never by its version.
presto-probed := $(obj)/compat/.probed.h

quiet_cmd_probe = PROBE   $@
      cmd_probe = mkdir -p $(@D) && sh $(src)/compat/probe.sh $(src)/compat/probes $@ \
		  $(CC) $(LINUXINCLUDE) $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) -DMODULE -DKBUILD_MODNAME='"probe"'

$(presto-probed): $(src)/compat/probe.sh $(wildcard $(src)/compat/probes/*.c)
	$(call cmd,probe)

$(addprefix $(obj)/,$(intermezzo-y)): $(presto-probed)

clean-files += compat/.probed.h
