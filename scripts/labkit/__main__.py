# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of the lab."""
import os
import sys

from common import LabError

USAGE = """\
usage: scripts/lab COMMAND ...

Virtual machines that boot a Debian kernel on this machine's own root file system (read-only, changes stay in the guest's
memory), on one virtual link. They see the checkout at /intermezzo and at its path here, and a writable directory at /lab.

  setup [--kernels 6.1,6.12,sid,debug]  install what the lab needs (as root; quick when it is all there); sid, if it is named,
                               is the newest kernel of Debian, unpacked with the compiler that its headers want; debug is
                               built: 6.1 with KASAN, lockdep, kmemleak, fault injection (half an hour, once)
  start NAME [OPTION...]       boot a guest and wait until it takes commands
      --kernel 6.1|6.12|sid|debug  the kernel (6.1)
      --disk IMAGE:SIZE        a disk, made when missing (64M, 2G); may be repeated: /dev/vda, /dev/vdb, ... in this order,
                               also /dev/lab/IMAGE. A disk outlives stop, cut and start. With :log behind the size, every write
                               and flush since start is kept in disks/IMAGE.log below LAB_DIR, in the format of dm-log-writes
      --state                  keep /etc/intermezzo and /var/lib/intermezzo on a disk of the guest's own
      --mem MIB --cpus N       size of the guest (1024, 1)
      --share DIR:GUESTDIR[:rw]  show a directory of this machine in the guest (read-only unless rw)
      --append WORDS           more kernel parameters
      --timeout SECONDS        the longest time that booting may take (120)
  run [OPTION...] NAME [--] COMMAND...  run a command as root in the guest: its input, output and exit code are passed on.
                               125: the guest is down or the time is over. Any number may run at a time.
      -n                       no input        --env NAME=VALUE   set a variable (may be repeated)
      --timeout SECONDS        after this the command is killed (600; 0: never)
  shell NAME                   an interactive shell
  stop NAME...                 power off cleanly: SIGTERM to all, file systems unmounted
  cut NAME...                  power cut: the machine stops between two instructions
  unplug NAME, plug NAME       pull and put back the network cable; the guest sees its carrier go and come
  logs NAME                    serial console of all boots, and the kernel log when the guest is up
  share NAME                   print the directory that the guest sees as /lab
  status [--json]              the guests
  clean                        cut all guests and remove the lab's directory

Environment:
  LAB_DIR     where the lab keeps everything (CHECKOUT/.lab); two directories are two labs that know nothing of each other
  LAB_CACHE   unpacked and built kernels (/var/cache/intermezzo-lab)
  LAB_ACCEL   tcg (emulation; the default), icount (emulation that counts: a nanosecond is an instruction), kvm, or auto
              (kvm if a bounded probe boots with it)
  LAB_CPU     CPU model
"""


def main(argv):
    if not argv or argv[0] in ("help", "-h", "--help"):
        print(USAGE, end="")
        return 0
    command, args = argv[0], argv[1:]
    if command == "run":
        import client
        return client.main(args)
    import commands
    return commands.main(command, args)


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:
        os._exit(141)  # who read our output has gone
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(130)
